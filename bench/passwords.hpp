// Passwords for benchmarks.
#pragma once

#include "base/secret.hpp"

#include <cstdint>
#include <string>

namespace cred::bench {

inline Secret secret(const std::string& text) { return Secret::copy_of(text.data(), text.size()); }

// Letters that no other number shares, so that none is a near copy of another.
inline std::string password(int n) {
  std::string text = "Q";
  std::uint64_t state = static_cast<std::uint64_t>(n) * 0x9E3779B97F4A7C15U + 1;
  for (int i = 0; i < 12; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    text += static_cast<char>('a' + (state >> 59) % 26);
  }
  return text + "7x";
}

}  // namespace cred::bench
