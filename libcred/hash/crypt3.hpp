// crypt(3) strings: which of them are understood, what they cost, and their digests,
// which libxcrypt computes.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/wiped.hpp"

#include <cstdint>
#include <string_view>

namespace cred::hash {

// A scheme of crypt(3).
struct CryptScheme {
  // How its cost is written: rounds, a power of two of them, or memory.
  enum class Cost : std::uint8_t { rounds, power, memory };
  std::string_view prefix;
  std::string_view name;
  Cost cost;
  std::size_t digest_characters;  // at the end of the string
};

// By the prefix; nullptr: it is none that is taken.
const CryptScheme* crypt_scheme(std::string_view text) noexcept;

// Whether `setting`, a string without its digest, is well-formed and costs no more than
// is allowed. Errors: usage.
Expected<void> check_setting(std::string_view setting);

// KiB that yescrypt and scrypt work in; 0 for the others. Of a checked setting.
std::uint32_t memory_of_setting(std::string_view setting);

// The digest's characters. Empty: this password is none for the scheme (too long, say).
// Errors: unavailable (no memory).
Expected<Wiped<std::byte>> crypt3(const Secret& password, std::string_view setting);

}  // namespace cred::hash
