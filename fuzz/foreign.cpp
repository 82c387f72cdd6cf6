// Hashes of other systems, and the recipes that are stored of them.

#include "hash/foreign.hpp"
#include "hash/recipe.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const auto& foreign : {cred::hash::read_foreign(text), cred::hash::read_nt_hash(text)}) {
    if (!foreign) continue;
    const auto recipe = cred::hash::parse_recipe(foreign->recipe);
    if (!recipe || !cred::hash::bounded(*recipe)) std::abort();
    if (foreign->digest.size() != cred::hash::digest_bytes(*recipe)) std::abort();
    if (cred::hash::memory_of(*recipe) > 1024 * 1024) std::abort();
  }
  if (const auto recipe = cred::hash::parse_recipe(text))
    if (cred::hash::print(*recipe) != text) std::abort();
  return 0;
}
