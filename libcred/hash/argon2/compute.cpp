#include "hash/argon2/compute.hpp"

#include "base/secret.hpp"
#include "hash/argon2/layout.hpp"
#include "hash/argon2/variable_hash.hpp"

#include <algorithm>
#include <vector>

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

// The lanes of several hashes of the same costs, one after another.
class Lanes {
 public:
  explicit Lanes(std::span<const Hash> hashes) {
    matrices_.reserve(hashes.size());
    for (const Hash& hash : hashes) {
      matrices_.push_back(matrix_of(hash));
      begin(hash, matrices_.back());
    }
  }
  std::uint32_t count() const {
    return static_cast<std::uint32_t>(matrices_.size()) * matrices_.front().lanes;
  }
  std::uint32_t passes() const { return matrices_.front().passes; }
  // Of one-lane hashes each has a memory of its own, and more than two push one another out
  // of the caches.
  std::uint32_t together() const { return matrices_.front().lanes == 1 ? 2 : most_together; }
  // What a core fills at once where that is the faster order: two small memories find less of
  // the caches than one after the other.
  std::uint32_t best_together() const {
    return matrices_.front().memory < 32 * 1024 && matrices_.front().lanes == 1 ? 1 : together();
  }

  // Fills a slice of lanes `first` to `end - 1`, at most `most_together`.
  void fill(const Kernel& kernel, std::uint32_t first, std::uint32_t end, std::uint32_t pass,
            std::uint32_t slice) const {
    const std::uint32_t lanes = matrices_.front().lanes;
    Strand strands[most_together];
    for (std::uint32_t i = first; i < end; ++i)
      strands[i - first] = {&matrices_[i / lanes], i % lanes};
    kernel.fill(strands, end - first, pass, slice);
  }

  void finish_all(std::span<const Hash> hashes) const {
    for (std::size_t i = 0; i < hashes.size(); ++i) finish(hashes[i], matrices_[i]);
  }

 private:
  std::vector<Matrix> matrices_;
};

}  // namespace

std::size_t blocks_of(const Parameters& p) {
  const std::size_t least = std::size_t{slices} * p.lanes;
  return p.memory / least * least;
}

void compute(const Kernel& kernel, std::span<const Hash> hashes, Order order) {
  const Lanes lanes(hashes);
  const std::uint32_t group = order == Order::together ? lanes.together() : 1;
  for (std::uint32_t pass = 0; pass < lanes.passes(); ++pass)
    for (std::uint32_t slice = 0; slice < slices; ++slice)
      for (std::uint32_t lane = 0; lane < lanes.count(); lane += group)
        lanes.fill(kernel, lane, std::min(lane + group, lanes.count()), pass, slice);
  lanes.finish_all(hashes);
}

void compute(const Kernel& kernel, std::span<const Hash> hashes, Crew::Place& place) {
  const Lanes lanes(hashes);
  const std::uint32_t count = lanes.count();
  const std::uint32_t most = lanes.best_together();
  const std::uint32_t least = (count + most - 1) / most;
  for (std::uint32_t pass = 0; pass < lanes.passes(); ++pass)
    for (std::uint32_t slice = 0; slice < slices; ++slice) {
      // As few groups as each thread gets at least one of, of nearly the same size.
      const std::uint32_t groups = std::max(place.threads(count), least);
      auto fill_group = [&](unsigned group) {
        lanes.fill(kernel, count * group / groups, count * (group + 1) / groups, pass, slice);
      };
      place.share(groups, fill_group);
    }
  lanes.finish_all(hashes);
}

}  // namespace cred::hash::argon2
