// The PHC string format for Argon2id:
// $argon2id$v=19$m=65536,t=3,p=4$<salt>$<tag>, base64 without padding.
#pragma once

#include "base/error.hpp"
#include "hash/parameters.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace cred::hash {

inline constexpr std::size_t max_phc_bytes = 192;

// What verifies a password (RFC 9106 §3.1's inputs and tag).
struct Verifier {
  Parameters parameters;
  std::array<std::byte, salt_bytes> salt{};
  std::array<std::byte, tag_bytes> tag{};
  // Empty: the tag is the password's own. Otherwise it is that of a digest that another
  // system made of the password, and this says how (hash/recipe.hpp).
  std::string recipe{};
};

// Of the parameters, salt and tag.
std::string encode_phc(const Verifier& verifier);

// Refuses anything but the canonical form, and costs beyond `demandable`.
// Errors: integrity.
Expected<Verifier> decode_phc(std::string_view text);

}  // namespace cred::hash
