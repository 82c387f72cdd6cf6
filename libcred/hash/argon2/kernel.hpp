// What fills Argon2's memory: one kernel for each instruction set.
#pragma once

#include <cstdint>

namespace cred::hash::argon2 {

inline constexpr unsigned block_words = 128;
inline constexpr unsigned block_bytes = 1024;
inline constexpr unsigned slices = 4;         // RFC 9106 §3.4: synchronisation points of a pass
inline constexpr unsigned most_together = 4;  // strands that a kernel takes at once

// In memory the words have the order of layout.hpp, the same for every kernel.
struct alignas(64) Block {
  std::uint64_t words[block_words];
};

// RFC 9106 §3.2's matrix B. B[lane][column] is blocks[column * lanes + lane]: what several
// lanes write at about the same time is one piece of memory.
struct Matrix {
  Block* blocks;
  std::uint32_t memory;   // m, in KiB as it was asked for
  std::uint32_t passes;   // t
  std::uint32_t lanes;    // p
  std::uint32_t columns;  // q, a multiple of four
};

// One lane of one hash.
struct Strand {
  const Matrix* matrix;
  std::uint32_t lane;
};

// Fills a slice of 1 to `most_together` lanes, one block of each in turn: while one waits
// for its memory or its multiplications, the others compute. They may belong to different
// hashes if those have the same costs. The slices before it are whole in all lanes.
using Fill = void (*)(const Strand* strands, unsigned count, std::uint32_t pass,
                      std::uint32_t slice);

struct Kernel {
  const char* name;
  Fill fill;
};

// Each in a translation unit of its own, compiled for its instruction set: none shares an
// inline function with any other unit, and none is called before `kernels` has asked the
// processor. Without `fill` where the compiler's target is another one.
extern const Kernel portable_kernel;
extern const Kernel avx2_kernel;
extern const Kernel avx512_kernel;

}  // namespace cred::hash::argon2
