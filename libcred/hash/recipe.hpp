// How another system makes a digest of a password: everything that it stores but the
// digest. docs/formats/records.md gives the text form.
#pragma once

#include "base/error.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace cred::hash {

inline constexpr std::size_t max_recipe_bytes = 512;
inline constexpr std::size_t max_foreign_salt_bytes = 128;

enum class Method : std::uint8_t {
  crypt,          // crypt(3); the salt is the setting, up to the digest
  bcrypt_sha256,  // crypt(3)'s bcrypt of SHA-256 in hexadecimal (Django)
  apr1,           // Apache's MD5-based one
  digest,         // one digest of password and salt
  salt_first,     // one digest of salt and password
  pbkdf2,         // numbers: iterations, length
  scrypt,         // numbers: log2 of N, r, p, length
  argon2,         // numbers: version, memory in KiB, passes, lanes, length
  nt,             // MD4 of the password in UTF-16LE
};

struct Recipe {
  static constexpr std::size_t most_numbers = 5;
  Method method = Method::crypt;
  std::string_view word;       // of the scheme, a literal: "pbkdf2-sha256"
  std::string_view algorithm;  // OpenSSL's name of the digest; "argon2i", "argon2id"
  std::array<std::uint32_t, most_numbers> numbers{};
  std::string salt;  // bytes
};

// A recipe of the scheme `word` without its numbers and salt. Errors: usage.
Expected<Recipe> recipe_of(std::string_view word);

std::string print(const Recipe& recipe);
// Only what `print` writes and `bounded` allows. Errors: integrity.
Expected<Recipe> parse_recipe(std::string_view text);

// What may be demanded of this machine, in time and memory. Errors: usage, with the bound.
Expected<void> bounded(const Recipe& recipe);

// KiB that it works in, beside what every hash takes.
std::uint32_t memory_of(const Recipe& recipe);

// How many bytes its digest has.
std::size_t digest_bytes(const Recipe& recipe);

}  // namespace cred::hash
