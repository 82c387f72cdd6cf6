#include "hash/calibration.hpp"

#include <algorithm>
#include <cmath>
#include <string>

namespace cred::hash {
namespace {

constexpr std::uint32_t lanes = 4;
constexpr std::uint32_t least_memory = 7 * 1024;  // KiB: of `acceptable`
constexpr std::uint32_t most_memory = 1024 * 1024;
constexpr std::uint32_t most_passes = 64;

std::uint32_t least_passes(std::uint32_t memory) {
  std::uint32_t passes = 1;
  while (passes < most_passes && !acceptable({memory, passes, lanes})) ++passes;
  return passes;
}

// A step that people recognise: 1 MiB, and from 64 MiB on 16 MiB.
std::uint32_t rounded(std::uint32_t memory) {
  const std::uint32_t step = memory >= 64 * 1024 ? 16 * 1024 : 1024;
  return memory / step * step;
}

std::string milliseconds(double seconds) { return std::to_string(std::lround(seconds * 1000)); }

}  // namespace

Expected<Calibrated> calibrate(double seconds, std::uint32_t memory, const Measure& measure) {
  memory = rounded(std::min(memory, most_memory));
  if (memory < least_memory)
    return fail(Code::usage,
                "a hash needs at least 7 MiB: give more memory, or expect fewer "
                "logins at once");
  // The rate of the smallest tells which larger ones are worth trying.
  Parameters smallest{least_memory, least_passes(least_memory), lanes};
  const auto first = measure(smallest);
  if (!first) return tl::make_unexpected(first.error());
  if (*first > seconds)
    return fail(Code::usage, "the weakest hash that is strong enough takes " +
                                 milliseconds(*first) + " ms here: allow more time");
  const double rate = *first / (double{least_memory} * smallest.passes);
  Calibrated best{smallest, *first};
  for (;; memory = rounded(memory - std::max(memory / 8, std::uint32_t{1024}))) {
    if (memory <= least_memory) memory = least_memory;
    Parameters tried{memory, least_passes(memory), lanes};
    // More memory costs more for each KiB, never less.
    if (rate * memory * tried.passes <= seconds || memory == least_memory) {
      const auto took = measure(tried);
      if (!took) return tl::make_unexpected(took.error());
      if (*took <= seconds || memory == least_memory) {
        best = {tried, *took};
        break;
      }
    }
  }
  // As many passes as fit.
  const double pass = best.seconds / best.parameters.passes;
  auto passes = static_cast<std::uint32_t>(std::min(seconds / pass, double{most_passes}));
  for (; passes > best.parameters.passes; --passes) {
    const Parameters tried{best.parameters.memory, passes, lanes};
    if (!acceptable(tried)) continue;
    const auto took = measure(tried);
    if (!took) return tl::make_unexpected(took.error());
    if (*took <= seconds) return Calibrated{tried, *took};
  }
  return best;
}

double memory_traffic(const Parameters& p) noexcept {
  return 1024.0 * p.memory * (2 + 3.0 * (p.passes - 1));
}

}  // namespace cred::hash
