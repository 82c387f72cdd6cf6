// Bytes as lower-case hexadecimal digits. Not for secrets: the result is a string.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace cred {

inline std::string hexadecimal(std::span<const std::byte> bytes) {
  static constexpr char digits[] = "0123456789abcdef";
  std::string text;
  text.reserve(2 * bytes.size());
  for (const std::byte b : bytes) {
    text += digits[std::to_integer<unsigned>(b) >> 4U];
    text += digits[std::to_integer<unsigned>(b) & 15U];
  }
  return text;
}

// All 16 digits of a number, such as a key's id.
inline std::string hexadecimal(std::uint64_t number) {
  std::byte bytes[sizeof number]{};
  for (std::size_t i = sizeof number; i-- > 0; number >>= 8U)
    bytes[i] = static_cast<std::byte>(number & 0xffU);
  return hexadecimal(bytes);
}

}  // namespace cred
