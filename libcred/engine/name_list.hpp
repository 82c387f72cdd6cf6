// Login names as an administrator lists them: one a line.
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace cred::engine {

struct ListedName {
  std::string name;
  std::size_t line = 0;  // where it stands first, from 1
};

inline constexpr std::size_t max_name_list_bytes = std::size_t{4} * 1024 * 1024;

// Each name once, in its order. Blank lines and those that begin with '#' are left out, and
// so are blanks around a name. Errors: usage (too long, no name, or none in it), with the
// number of the line.
Expected<std::vector<ListedName>> parse_name_list(std::string_view text);

}  // namespace cred::engine
