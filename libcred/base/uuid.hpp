// Random (version 4) UUIDs, RFC 9562 §5.4, as 16 bytes.
#pragma once

#include <array>
#include <cstddef>
#include <string>

namespace cred {

using Uuid = std::array<std::byte, 16>;

// The 8-4-4-4-12 form in lower case.
inline std::string to_string(const Uuid& id) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < id.size(); ++i) {
    if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
    text += digits[std::to_integer<unsigned>(id[i]) >> 4];
    text += digits[std::to_integer<unsigned>(id[i]) & 15];
  }
  return text;
}

}  // namespace cred
