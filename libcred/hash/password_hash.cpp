#include "hash/password_hash.hpp"

#include <sodium.h>

namespace cred::hash {

Verifier salted(const Parameters& parameters) {
  Verifier verifier;
  verifier.parameters = parameters;
  randombytes_buf(verifier.salt.data(), verifier.salt.size());
  return verifier;
}

Expected<Verifier> make_verifier(const Secret& password, const Parameters& parameters,
                                 Arena& arena) {
  Verifier verifier = salted(parameters);
  if (auto done = argon2id(password.bytes(), verifier.salt, parameters, arena, verifier.tag); !done)
    return tl::make_unexpected(done.error());
  return verifier;
}

Expected<bool> matches(const Secret& password, const Verifier& verifier, Arena& arena) {
  std::array<std::byte, tag_bytes> tag{};
  if (auto done = argon2id(password.bytes(), verifier.salt, verifier.parameters, arena, tag); !done)
    return tl::make_unexpected(done.error());
  const bool same = sodium_memcmp(tag.data(), verifier.tag.data(), tag.size()) == 0;
  wipe(tag.data(), tag.size());
  return same;
}

}  // namespace cred::hash
