#include "hash/parameters.hpp"

#include <algorithm>
#include <array>

namespace cred::hash {
namespace {

struct Minimum {
  std::uint32_t memory;  // KiB
  std::uint32_t passes;
};

// OWASP's settings of equal strength, all with one lane.
constexpr std::array<Minimum, 5> owasp{{{47104, 1}, {19456, 2}, {12288, 3}, {9216, 4}, {7168, 5}}};

constexpr std::uint32_t most_memory = 1024 * 1024;  // KiB
constexpr std::uint32_t most_passes = 64;
constexpr std::uint32_t most_lanes = 64;
constexpr std::uint64_t most_work = 8ULL * 1024 * 1024;  // KiB times passes

}  // namespace

Expected<void> acceptable(const Parameters& p) {
  const bool enough = std::any_of(owasp.begin(), owasp.end(), [&](const Minimum& m) {
    return p.memory >= m.memory && p.passes >= m.passes;
  });
  if (!enough) {
    return fail(Code::configuration,
                "the Argon2id parameters are too weak: use at least 46 MiB with 1 pass, 19 MiB "
                "with 2, 12 MiB with 3, 9 MiB with 4 or 7 MiB with 5");
  }
  return demandable(p);
}

Expected<void> demandable(const Parameters& p) {
  // RFC 9106 §3.1: memory is at least eight blocks for each lane.
  if (p.lanes < 1 || p.lanes > most_lanes || p.passes < 1 || p.passes > most_passes ||
      p.memory < 8 * p.lanes || p.memory > most_memory ||
      std::uint64_t{p.memory} * p.passes > most_work) {
    return fail(Code::configuration,
                "the Argon2id parameters are out of bounds: 1 to 64 lanes, 1 to 64 passes, at "
                "least 8 KiB for each lane, at most 1 GiB, and memory times passes at most 8 GiB");
  }
  return {};
}

}  // namespace cred::hash
