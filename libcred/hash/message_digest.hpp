// Digests and derivations of other systems, computed by OpenSSL. For verifiers that were
// made elsewhere: nothing new is ever stored under them.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/wiped.hpp"

#include <initializer_list>
#include <span>
#include <string_view>

namespace cred::hash {

// One digest of several parts in their order; `algorithm` is OpenSSL's name of it.
// Errors: unavailable.
Expected<Wiped<std::byte>> message_digest(std::string_view algorithm,
                                          std::initializer_list<std::span<const std::byte>> parts);

// RFC 8018 §5.2. Errors: unavailable.
Expected<Wiped<std::byte>> pbkdf2(std::string_view algorithm, const Secret& password,
                                  std::span<const std::byte> salt, std::uint32_t iterations,
                                  std::size_t length);

// RFC 7914. Errors: unavailable (no memory).
Expected<Wiped<std::byte>> scrypt(const Secret& password, std::span<const std::byte> salt,
                                  std::uint32_t log2_n, std::uint32_t r, std::uint32_t p,
                                  std::size_t length);

// MD4 of the password in UTF-16LE (MS-NLMP §3.3.1, NTOWFv1), with OpenSSL's legacy
// provider. Empty: the password is no UTF-8. Errors: unavailable (no such provider).
Expected<Wiped<std::byte>> nt_hash(const Secret& password);

// Apache's variant of MD5-crypt, as its 22 characters. `magic` is "$apr1$"; with "$1$" it is
// crypt(3)'s md5crypt. Errors: unavailable.
Expected<Wiped<std::byte>> apr1(const Secret& password, std::string_view salt,
                                std::string_view magic = "$apr1$");

}  // namespace cred::hash
