// Random (version 4) UUIDs, RFC 9562 §5.4, as 16 bytes.
#pragma once

#include "base/hexadecimal.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace cred {

using Uuid = std::array<std::byte, 16>;

// The 8-4-4-4-12 form in lower case.
inline std::string to_string(const Uuid& id) {
  std::string text = hexadecimal(id);
  for (const std::size_t at : {20U, 16U, 12U, 8U}) text.insert(at, 1, '-');
  return text;
}

}  // namespace cred
