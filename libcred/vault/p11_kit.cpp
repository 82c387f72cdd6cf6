#include "vault/p11_kit.hpp"

#include <dlfcn.h>

namespace cred::vault {
namespace {

template <class Function>
bool find(void* library, const char* name, Function& function) {
  function = reinterpret_cast<Function>(dlsym(library, name));
  return function != nullptr;
}

}  // namespace

Expected<P11Kit> load_p11_kit(const char* library) {
  void* loaded = dlopen(library, RTLD_NOW | RTLD_LOCAL | RTLD_NODELETE);
  if (loaded == nullptr)
    return fail(Code::unavailable, std::string("a key in a token needs ") + library +
                                       ", which is not installed (package libp11-kit0)");
  P11Kit kit{};
  const bool complete =
      find(loaded, "p11_kit_uri_new", kit.uri_new) &&
      find(loaded, "p11_kit_uri_free", kit.uri_free) &&
      find(loaded, "p11_kit_uri_parse", kit.uri_parse) &&
      find(loaded, "p11_kit_uri_any_unrecognized", kit.uri_any_unrecognized) &&
      find(loaded, "p11_kit_uri_get_attribute", kit.uri_get_attribute) &&
      find(loaded, "p11_kit_uri_get_pin_value", kit.uri_get_pin_value) &&
      find(loaded, "p11_kit_uri_get_pin_source", kit.uri_get_pin_source) &&
      find(loaded, "p11_kit_uri_get_module_name", kit.uri_get_module_name) &&
      find(loaded, "p11_kit_uri_get_module_path", kit.uri_get_module_path) &&
      find(loaded, "p11_kit_uri_get_slot_id", kit.uri_get_slot_id) &&
      find(loaded, "p11_kit_uri_match_module_info", kit.uri_match_module_info) &&
      find(loaded, "p11_kit_uri_match_slot_info", kit.uri_match_slot_info) &&
      find(loaded, "p11_kit_uri_match_token_info", kit.uri_match_token_info) &&
      find(loaded, "p11_kit_modules_load_and_initialize", kit.modules_load_and_initialize) &&
      find(loaded, "p11_kit_modules_finalize_and_release", kit.modules_finalize_and_release) &&
      find(loaded, "p11_kit_module_for_name", kit.module_for_name) &&
      find(loaded, "p11_kit_module_load", kit.module_load) &&
      find(loaded, "p11_kit_module_initialize", kit.module_initialize) &&
      find(loaded, "p11_kit_module_finalize", kit.module_finalize) &&
      find(loaded, "p11_kit_module_release", kit.module_release) &&
      find(loaded, "p11_kit_strerror", kit.strerror);
  if (!complete)
    return fail(Code::unavailable,
                std::string(library) + " is too old: version 0.22.1 or later is needed");
  return kit;
}

}  // namespace cred::vault
