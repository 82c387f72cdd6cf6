// RFC 9106 §3.4: which block of the past goes into the next one.
//
// Nothing here has external linkage: each kernel has its own copy.
#pragma once

#include "hash/argon2/kernel.hpp"

namespace cred::hash::argon2 {
namespace {

// What is the same for a slice of a strand.
struct Window {
  const Block* blocks;
  std::uint32_t lanes;
  std::uint32_t lane;
  std::uint32_t columns;
  std::uint32_t own;    // columns of the own lane that count, but for those of this slice
  std::uint32_t first;  // the oldest column that counts
  bool own_lane_alone;  // the first slice of all
};

inline Window window_of(const Strand& strand, std::uint32_t pass, std::uint32_t slice) {
  const Matrix& m = *strand.matrix;
  const std::uint32_t length = m.columns / slices;
  // §3.4.2: in the first pass what is there; later all but the slice that is being written.
  return {m.blocks,
          m.lanes,
          strand.lane,
          m.columns,
          pass == 0 ? slice * length : m.columns - length,
          pass == 0 || slice == slices - 1 ? 0 : (slice + 1) * length,
          pass == 0 && slice == 0};
}

// §3.4.1 and §3.4.2 for the block at `index` of the slice. `pseudo_random` is J_2 || J_1.
inline const Block* reference(const Window& w, std::uint32_t index, std::uint64_t pseudo_random) {
  const std::uint64_t j1 = pseudo_random & 0xffffffff;
  const auto j2 = static_cast<std::uint32_t>(pseudo_random >> 32);
  std::uint32_t lane = w.lane;
  if (!w.own_lane_alone) lane = (w.lanes & (w.lanes - 1)) == 0 ? j2 & (w.lanes - 1) : j2 % w.lanes;
  // |W|: the own lane up to the block before the last one written; other lanes up to the end
  // of the slice before, less one for the first block of a slice.
  const std::uint32_t size = lane == w.lane ? w.own + index - 1 : w.own - (index == 0 ? 1U : 0U);
  const std::uint64_t x = (j1 * j1) >> 32;
  const std::uint64_t y = (size * x) >> 32;
  std::uint64_t column = w.first + (size - 1 - y);
  if (column >= w.columns) column -= w.columns;
  return w.blocks + (column * w.lanes + lane);
}

}  // namespace
}  // namespace cred::hash::argon2
