// Filling a slice: RFC 9106 §3.2's steps 5 and 6, with §3.4's reference blocks.
//
// Nothing here has external linkage: each kernel has its own copy.
#pragma once

#include "hash/argon2/addressing.hpp"
#include "hash/argon2/compression.hpp"

namespace cred::hash::argon2 {
namespace {

CRED_INLINE void prefetch(const Block* block) {
  for (unsigned word = 0; word < block_words; word += 8) __builtin_prefetch(block->words + word);
}
CRED_INLINE void prefetch_to_write(const Block* block) {
  for (unsigned word = 0; word < block_words; word += 8) __builtin_prefetch(block->words + word, 1);
}

// §3.4.1.2: pseudo-random words that no password decides, 128 from a counter.
template <class Machine>
class Addresses {
 public:
  void begin(const Strand& strand, std::uint32_t pass, std::uint32_t slice) {
    const Matrix& m = *strand.matrix;
    input_ = Block{};
    input_.words[place(0)] = pass;
    input_.words[place(1)] = strand.lane;
    input_.words[place(2)] = slice;
    input_.words[place(3)] = m.columns * std::uint64_t{m.lanes};
    input_.words[place(4)] = m.passes;
    input_.words[place(5)] = 2;  // Argon2id
  }
  std::uint64_t word(std::uint32_t index) {
    const std::uint32_t counter = index / block_words + 1;
    if (input_.words[place(6)] != counter) count_to(counter);
    return words_.words[place(index % block_words)];
  }

 private:
  [[gnu::noinline]] void count_to(std::uint32_t counter) {
    const Block zero{};
    Block half;
    const auto nothing = [](std::uint64_t) {};
    input_.words[place(6)] = counter;
    compress<Machine, false>(&zero, &input_, &half, nothing);
    compress<Machine, false>(&zero, &half, &words_, nothing);
  }

  Block input_;
  Block words_;
};

template <class Machine, bool onto, bool independent>
[[gnu::noinline]] void fill_slice(const Strand* strands, unsigned count, std::uint32_t pass,
                                  std::uint32_t slice) {
  Window windows[most_together];
  const Block* references[most_together];
  Addresses<Machine> addresses[independent ? most_together : 1];
  const Matrix& first = *strands[0].matrix;
  const std::uint32_t columns = first.columns;
  const std::uint32_t lanes = first.lanes;
  const std::uint32_t length = columns / slices;
  const std::uint32_t begin = slice * length;
  // §3.2: the first two columns are there before the first pass.
  const std::uint32_t from = pass == 0 && slice == 0 ? 2 : 0;
  if (from >= length) return;
  for (unsigned s = 0; s < count; ++s) {
    windows[s] = window_of(strands[s], pass, slice);
    std::uint64_t word;
    if constexpr (independent) {
      addresses[s].begin(strands[s], pass, slice);
      word = addresses[s].word(from);
    } else {
      const std::uint32_t before = begin == 0 ? columns - 1 : begin - 1;
      word = windows[s].blocks[std::uint64_t{before} * lanes + windows[s].lane].words[place(0)];
    }
    references[s] = reference(windows[s], from, word);
    prefetch(references[s]);
  }
  for (std::uint32_t i = from; i < length; ++i) {
    const std::uint32_t column = begin + i;
    const std::uint32_t before = column == 0 ? columns - 1 : column - 1;
    for (unsigned s = 0; s < count; ++s) {
      const Window& w = windows[s];
      Block* blocks = strands[s].matrix->blocks;
      Block* next = blocks + (std::uint64_t{column} * lanes + w.lane);
      if (i + 1 < length) prefetch_to_write(next + lanes);
      const Block* chosen = references[s];
      compress<Machine, onto>(
          blocks + (std::uint64_t{before} * lanes + w.lane), chosen,
          next, [&](std::uint64_t word) __attribute__((always_inline)) {
            if (i + 1 == length) return;
            if constexpr (independent) word = addresses[s].word(i + 1);
            references[s] = reference(w, i + 1, word);
            prefetch(references[s]);
          });
    }
  }
}

template <class Machine>
void fill(const Strand* strands, unsigned count, std::uint32_t pass, std::uint32_t slice) {
  // §3.4.1.3: Argon2id takes the words from the counter in the first half of the first pass,
  // and from the block before ever after.
  if (pass == 0 && slice < slices / 2)
    return fill_slice<Machine, false, true>(strands, count, pass, slice);
  if (pass == 0) return fill_slice<Machine, false, false>(strands, count, pass, slice);
  fill_slice<Machine, true, false>(strands, count, pass, slice);
}

}  // namespace
}  // namespace cred::hash::argon2
