// Choosing Argon2id parameters for a time and a memory: the procedure of RFC 9106 §4, with
// four lanes.
#pragma once

#include "base/error.hpp"
#include "hash/parameters.hpp"

#include <cstdint>
#include <functional>

namespace cred::hash {

struct Calibrated {
  Parameters parameters;
  double seconds = 0;  // of one hash, as it was measured
};

// Seconds that a hash takes.
using Measure = std::function<Expected<double>(const Parameters&)>;

// The most memory up to `memory` KiB with which a hash that is `acceptable` takes at most
// `seconds`, and then as many passes as fit. Errors: usage (nothing acceptable is that fast,
// or that small; says what would be), those of `measure`.
Expected<Calibrated> calibrate(double seconds, std::uint32_t memory, const Measure& measure);

// Bytes that a guess moves to and from memory, whatever computes it: a block is written and
// another one read for each, and after the first pass the old one, too (RFC 9106 §3.2).
double memory_traffic(const Parameters& parameters) noexcept;

}  // namespace cred::hash
