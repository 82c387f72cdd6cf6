// Verifiers that other systems made: crypt(3), htpasswd, LDAP, Django, PHC strings, NT. Each
// is wrapped at once: what is stored is Argon2id over its digest, and how the digest is
// made, so that neither a fast hash nor the digest itself stays in the store.
#pragma once

#include "base/error.hpp"
#include "base/wiped.hpp"
#include "hash/password_hash.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace cred::hash {

inline constexpr std::size_t max_foreign_bytes = 1024;

struct Foreign {
  std::string recipe;  // how the digest is made: hash/recipe.hpp
  Wiped<std::byte> digest;
};

// Reads what another system stored, by its prefix. Errors: usage, with the reason: of a kind
// that is not taken, malformed, or dearer than is allowed. The message never repeats it.
Expected<Foreign> read_foreign(std::string_view text);
// 32 hexadecimal digits, as Samba and Windows show them. Errors: usage.
Expected<Foreign> read_nt_hash(std::string_view hexadecimal);

// Argon2id over the digest, under a fresh salt. Errors: as `argon2id`.
Expected<Verifier> wrap(const Foreign& foreign, const Parameters& parameters, Arena& arena);
// Whether a wrapped verifier was made of this one. Errors: as `argon2id`.
Expected<bool> is_wrapping_of(const Verifier& verifier, const Foreign& foreign, Arena& arena);

// A verifier that needs no wrapping, because this library could have written it: Argon2id
// with `acceptable` costs, or with `usual` ones.
std::optional<Verifier> native(std::string_view text, const Parameters& usual);

// The digest of a password by a checked recipe. Empty: it cannot have been made of this
// password. Errors: unavailable, integrity (no recipe).
Expected<Wiped<std::byte>> derive(const Secret& password, std::string_view recipe);

// "sha512crypt", "pbkdf2-sha256"; of a checked recipe.
std::string_view scheme_of(std::string_view recipe);
// Whether two accounts with one password differ in their recipes.
bool is_salted(std::string_view recipe);
// Whether the scheme looks at a part of such a long password alone.
bool cuts_off(std::string_view recipe, const Secret& password);

}  // namespace cred::hash
