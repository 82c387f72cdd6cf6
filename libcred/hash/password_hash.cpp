#include "hash/password_hash.hpp"

#include "hash/foreign.hpp"
#include "hash/recipe.hpp"

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
  Wiped<std::byte> digest;
  bool possible = true;
  std::span<const std::byte> hashed = password.bytes();
  if (!verifier.recipe.empty()) {
    auto derived = derive(password, verifier.recipe);
    if (!derived) return tl::make_unexpected(derived.error());
    digest = std::move(*derived);
    possible = !digest.empty();
    if (possible) hashed = digest;
  }
  if (auto done = argon2id(hashed, verifier.salt, verifier.parameters, arena, tag); !done)
    return tl::make_unexpected(done.error());
  const bool same = possible && sodium_memcmp(tag.data(), verifier.tag.data(), tag.size()) == 0;
  wipe(tag.data(), tag.size());
  return same;
}

std::uint32_t working_memory(const Verifier& verifier) {
  if (verifier.recipe.empty()) return verifier.parameters.memory;
  const auto recipe = parse_recipe(verifier.recipe);
  // What the library allocates is beside the arena.
  return verifier.parameters.memory + (recipe ? memory_of(*recipe) : 0);
}

}  // namespace cred::hash
