// Argon2id version 1.3 as RFC 9106 §3.2 has it, with a kernel for the filling of memory.
#pragma once

#include "hash/argon2/crew.hpp"
#include "hash/argon2/kernel.hpp"
#include "hash/parameters.hpp"

#include <cstddef>
#include <span>

namespace cred::hash::argon2 {

struct Inputs {
  std::span<const std::byte> password;         // P
  std::span<const std::byte> salt;             // S
  std::span<const std::byte> secret;           // K
  std::span<const std::byte> associated_data;  // X
};

// m': what of the memory is used, in blocks.
std::size_t blocks_of(const Parameters& parameters);

// A hash: its inputs, costs and tag (4 bytes or more), and memory for `blocks_of` blocks,
// which is left as it is in the end.
struct Hash {
  Inputs inputs;
  Parameters parameters;
  Block* memory;
  std::span<std::byte> tag;
};

// How the lanes of a slice are filled.
enum class Order : std::uint8_t {
  one_by_one,  // a lane after the other
  together,    // several lanes block by block in turn: four of one hash, one each of two
};

// Several hashes must have the same costs: all of their lanes are filled slice by slice, as
// if they were those of one. Parameters are those that RFC 9106 §3.1 allows.
void compute(const Kernel& kernel, std::span<const Hash> hashes, Order order);

// As `together`, by this thread and by those that help it at that moment.
void compute(const Kernel& kernel, std::span<const Hash> hashes, Crew::Place& place);

inline void compute(const Kernel& kernel, const Hash& hash, Order order) {
  compute(kernel, {&hash, 1}, order);
}
inline void compute(const Kernel& kernel, const Hash& hash, Crew::Place& place) {
  compute(kernel, {&hash, 1}, place);
}

}  // namespace cred::hash::argon2
