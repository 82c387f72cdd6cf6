// Argon2id cost parameters and what is allowed of them.
#pragma once

#include "base/error.hpp"

#include <cstdint>

namespace cred::hash {

// RFC 9106 §3.1. The default is §4's second recommended option.
struct Parameters {
  std::uint32_t memory = 64 * 1024;  // KiB
  std::uint32_t passes = 3;
  std::uint32_t lanes = 4;
  friend bool operator==(const Parameters&, const Parameters&) = default;
};

inline constexpr std::size_t salt_bytes = 16;
inline constexpr std::size_t tag_bytes = 32;

// What a configuration may ask for: at least one of OWASP's equivalent settings
// (Password Storage Cheat Sheet), at most what `demandable` allows.
Expected<void> acceptable(const Parameters& p);

// What a stored string may demand of this machine: enough for any credential that
// this library writes, too little to exhaust a server.
Expected<void> demandable(const Parameters& p);

}  // namespace cred::hash
