// RFC 9106 §3.2's H_0 and §3.3's H', of BLAKE2b as libsodium has it.
#pragma once

#include "hash/argon2/compute.hpp"

#include <array>
#include <initializer_list>

namespace cred::hash::argon2 {

inline constexpr std::size_t longest_digest = 64;
using FirstDigest = std::array<std::byte, longest_digest>;

// H_0, which everything else follows from: whoever gets it wipes it.
FirstDigest first_digest(const Inputs& inputs, const Parameters& parameters, std::size_t tag_bytes);

// H'^T of `parts`, one after another, where T is the size of `out`.
void variable_hash(std::initializer_list<std::span<const std::byte>> parts,
                   std::span<std::byte> out);

}  // namespace cred::hash::argon2
