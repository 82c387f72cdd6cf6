#include "hash/argon2/compute.hpp"

#include "base/secret.hpp"
#include "hash/argon2/layout.hpp"
#include "hash/argon2/variable_hash.hpp"

#include <algorithm>

namespace cred::hash::argon2 {
namespace {

using Bytes = std::array<std::byte, block_bytes>;

// RFC 9106 §3.5: a block's words are little-endian.
void unpack(const Bytes& bytes, Block& block) {
  for (unsigned word = 0; word < block_words; ++word) {
    std::uint64_t value = 0;
    for (unsigned i = 8; i-- > 0;)
      value = value << 8 | std::to_integer<std::uint64_t>(bytes[8 * word + i]);
    block.words[place(word)] = value;
  }
}

void pack(const Block& block, Bytes& bytes) {
  for (unsigned word = 0; word < block_words; ++word)
    for (unsigned i = 0; i < 8; ++i)
      bytes[8 * word + i] = static_cast<std::byte>(block.words[place(word)] >> 8 * i);
}

Matrix matrix_of(const Hash& hash) {
  const Parameters& p = hash.parameters;
  return {hash.memory, p.memory, p.passes, p.lanes, slices * (p.memory / (slices * p.lanes))};
}

// §3.2's steps 1 to 4: the first two blocks of each lane.
void begin(const Hash& hash, const Matrix& m) {
  FirstDigest digest = first_digest(hash.inputs, hash.parameters, hash.tag.size());
  Bytes bytes;
  for (std::uint32_t column = 0; column < 2; ++column)
    for (std::uint32_t lane = 0; lane < m.lanes; ++lane) {
      std::array<std::byte, 8> where{};
      where[0] = static_cast<std::byte>(column);
      where[4] = static_cast<std::byte>(lane);
      where[5] = static_cast<std::byte>(lane >> 8);
      variable_hash({digest, where}, bytes);
      unpack(bytes, m.blocks[std::size_t{column} * m.lanes + lane]);
    }
  wipe(bytes.data(), bytes.size());
  wipe(digest.data(), digest.size());
}

// §3.2's steps 7 and 8: the tag from the last column.
void finish(const Hash& hash, const Matrix& m) {
  const Block* last = m.blocks + std::size_t{m.columns - 1} * m.lanes;
  Block sum = last[0];
  for (std::uint32_t lane = 1; lane < m.lanes; ++lane)
    for (unsigned word = 0; word < block_words; ++word) sum.words[word] ^= last[lane].words[word];
  Bytes bytes;
  pack(sum, bytes);
  variable_hash({bytes}, hash.tag);
  wipe(bytes.data(), bytes.size());
  wipe(&sum, sizeof sum);
}

// `count` lanes, one after another or in turn.
void fill_lanes(const Kernel& kernel, const Matrix& m, std::uint32_t first, std::uint32_t count,
                std::uint32_t pass, std::uint32_t slice) {
  Strand strands[most_together];
  for (std::uint32_t i = 0; i < count; ++i) strands[i] = {&m, first + i};
  kernel.fill(strands, count, pass, slice);
}

}  // namespace

std::size_t blocks_of(const Parameters& p) {
  const std::size_t least = std::size_t{slices} * p.lanes;
  return p.memory / least * least;
}

void compute(const Kernel& kernel, const Hash& hash, Order order) {
  const Matrix m = matrix_of(hash);
  const std::uint32_t group = order == Order::together ? most_together : 1;
  begin(hash, m);
  for (std::uint32_t pass = 0; pass < m.passes; ++pass)
    for (std::uint32_t slice = 0; slice < slices; ++slice)
      for (std::uint32_t lane = 0; lane < m.lanes; lane += group)
        fill_lanes(kernel, m, lane, std::min(group, m.lanes - lane), pass, slice);
  finish(hash, m);
}

void compute(const Kernel& kernel, const Hash& hash, Crew::Place& place) {
  const Matrix m = matrix_of(hash);
  begin(hash, m);
  for (std::uint32_t pass = 0; pass < m.passes; ++pass)
    for (std::uint32_t slice = 0; slice < slices; ++slice) {
      // As few groups as each thread gets at least one of, of nearly the same size.
      const std::uint32_t groups =
          std::max(place.threads(m.lanes), (m.lanes + most_together - 1) / most_together);
      auto fill_group = [&](unsigned group) {
        const std::uint32_t first = m.lanes * group / groups;
        const std::uint32_t end = m.lanes * (group + 1) / groups;
        fill_lanes(kernel, m, first, end - first, pass, slice);
      };
      place.share(groups, fill_group);
    }
  finish(hash, m);
}

void compute_both(const Kernel& kernel, const Hash& one, const Hash& other) {
  const Matrix matrices[2] = {matrix_of(one), matrix_of(other)};
  begin(one, matrices[0]);
  begin(other, matrices[1]);
  const Strand strands[2] = {{&matrices[0], 0}, {&matrices[1], 0}};
  for (std::uint32_t pass = 0; pass < matrices[0].passes; ++pass)
    for (std::uint32_t slice = 0; slice < slices; ++slice) kernel.fill(strands, 2, pass, slice);
  finish(one, matrices[0]);
  finish(other, matrices[1]);
}

}  // namespace cred::hash::argon2
