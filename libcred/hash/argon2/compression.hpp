// RFC 9106 §3.5: the compression function G of two blocks.
//
// Nothing here has external linkage: each kernel has its own copy.
#pragma once

#include "hash/argon2/kernel.hpp"
#include "hash/argon2/layout.hpp"
#include "hash/argon2/permutation.hpp"

namespace cred::hash::argon2 {
namespace {

// A block in vectors, in the order of layout.hpp.
template <class Machine>
struct State {
  static constexpr unsigned each = 8 / Machine::width;  // vectors of an octet
  static constexpr unsigned in_line = 4 * each;         // of the four octets of a line
  // Rows: the octets of quarter y are a line; its vectors of all four quarters are permuted.
  static constexpr unsigned in_rows(unsigned y, unsigned i) { return in_line * y + i; }
  // Columns: the octets of rows 2x and 2x + 1 are a line. With two words a vector an octet
  // is the halves of the upper row, 0 and 1, then of the lower, 2 and 3, and its two columns
  // are 0, 2 and 1, 3.
  static constexpr unsigned in_columns(unsigned x, unsigned i) {
    const unsigned j = i % each;
    return in_line * (i / each) + each * x + (each == 4 ? (j & 1) << 1 | j >> 1 : j);
  }
  typename Machine::Vector vectors[4 * in_line];
};

template <class Machine, unsigned count>
CRED_INLINE void permute_rows(State<Machine>& s, unsigned first) {
  Part<Machine, count> parts[4];
  for (unsigned y = 0; y < 4; ++y)
    for (unsigned i = 0; i < count; ++i) parts[y].vectors[i] = s.vectors[s.in_rows(y, first + i)];
  permute<Rows>(parts[0], parts[1], parts[2], parts[3]);
  for (unsigned y = 0; y < 4; ++y)
    for (unsigned i = 0; i < count; ++i) s.vectors[s.in_rows(y, first + i)] = parts[y].vectors[i];
}

template <class Machine, unsigned count>
CRED_INLINE void permute_columns(State<Machine>& s, unsigned first) {
  Part<Machine, count> parts[4];
  for (unsigned x = 0; x < 4; ++x)
    for (unsigned i = 0; i < count; ++i)
      parts[x].vectors[i] = s.vectors[s.in_columns(x, first + i)];
  permute<Columns>(parts[0], parts[1], parts[2], parts[3]);
  for (unsigned x = 0; x < 4; ++x)
    for (unsigned i = 0; i < count; ++i)
      s.vectors[s.in_columns(x, first + i)] = parts[x].vectors[i];
}

// next = G(previous, reference), or from the second pass on next ^= G(previous, reference).
// Word 0 of it decides what comes after next: `decide` gets it as early as it is known.
template <class Machine, bool onto, class Decide>
CRED_INLINE void compress(const Block* __restrict previous, const Block* __restrict reference,
                          Block* __restrict next, Decide decide) {
  constexpr unsigned width = Machine::width;
  using S = State<Machine>;
  S s;
  constexpr unsigned rows = Machine::rows_at_once;
  for (unsigned first = 0; first < S::in_line; first += rows) {
    for (unsigned y = 0; y < 4; ++y)
      for (unsigned i = first; i < first + rows; ++i) {
        const unsigned at = S::in_rows(y, i) * width;
        s.vectors[S::in_rows(y, i)] =
            Machine::load(previous->words + at) ^ Machine::load(reference->words + at);
      }
    permute_rows<Machine, rows>(s, first);
  }
  const auto finish = [&](unsigned first, unsigned count) __attribute__((always_inline)) {
    for (unsigned i = first; i < first + count; ++i)
      for (unsigned x = 0; x < 4; ++x) {
        const unsigned at = S::in_columns(x, i) * width;
        auto sum = s.vectors[S::in_columns(x, i)] ^ Machine::load(previous->words + at) ^
                   Machine::load(reference->words + at);
        if constexpr (onto) sum ^= Machine::load(next->words + at);
        Machine::store(next->words + at, sum);
        if (at == 0) decide(static_cast<std::uint64_t>(sum[0]));
      }
  };
  constexpr unsigned early = Machine::first_columns;
  permute_columns<Machine, early>(s, 0);
  finish(0, early);
  constexpr unsigned columns = Machine::columns_at_once;
  for (unsigned first = early; first < S::in_line; first += columns) {
    permute_columns<Machine, columns>(s, first);
    finish(first, columns);
  }
}

}  // namespace
}  // namespace cred::hash::argon2
