// p11-kit's functions, found when a token is configured: services that link libcred carry
// no PKCS#11 otherwise (docs/decisions/0030-p11-kit-when-it-is-needed.md).
#pragma once

#include "base/error.hpp"

#include <p11-kit/p11-kit.h>
#include <p11-kit/uri.h>

namespace cred::vault {

struct P11Kit {
  decltype(&p11_kit_uri_new) uri_new;
  decltype(&p11_kit_uri_free) uri_free;
  decltype(&p11_kit_uri_parse) uri_parse;
  decltype(&p11_kit_uri_any_unrecognized) uri_any_unrecognized;
  decltype(&p11_kit_uri_get_attribute) uri_get_attribute;
  decltype(&p11_kit_uri_get_pin_value) uri_get_pin_value;
  decltype(&p11_kit_uri_get_pin_source) uri_get_pin_source;
  decltype(&p11_kit_uri_get_module_name) uri_get_module_name;
  decltype(&p11_kit_uri_get_module_path) uri_get_module_path;
  decltype(&p11_kit_uri_get_slot_id) uri_get_slot_id;
  decltype(&p11_kit_uri_match_module_info) uri_match_module_info;
  decltype(&p11_kit_uri_match_slot_info) uri_match_slot_info;
  decltype(&p11_kit_uri_match_token_info) uri_match_token_info;
  decltype(&p11_kit_modules_load_and_initialize) modules_load_and_initialize;
  decltype(&p11_kit_modules_finalize_and_release) modules_finalize_and_release;
  decltype(&p11_kit_module_for_name) module_for_name;
  decltype(&p11_kit_module_load) module_load;
  decltype(&p11_kit_module_initialize) module_initialize;
  decltype(&p11_kit_module_finalize) module_finalize;
  decltype(&p11_kit_module_release) module_release;
  decltype(&p11_kit_strerror) strerror;
};

// Loads the library, which stays in the process then: a token's module may have left
// threads and exit handlers. Errors: unavailable.
Expected<P11Kit> load_p11_kit(const char* library = "libp11-kit.so.0");

}  // namespace cred::vault
