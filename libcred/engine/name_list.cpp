#include "engine/name_list.hpp"

#include "engine/engine.hpp"

#include <set>

namespace cred::engine {

Expected<std::vector<ListedName>> parse_name_list(std::string_view text) {
  if (text.size() > max_name_list_bytes) return fail(Code::usage, "the list is larger than 4 MiB");
  std::vector<ListedName> names;
  std::set<std::string_view> seen;
  for (std::size_t number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    const std::size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    line = line.substr(first, line.find_last_not_of(" \t\r") + 1 - first);
    // What is no name may be a password: it is not repeated.
    if (const auto checked = check_name(line); !checked)
      return fail(Code::usage, "line " + std::to_string(number) + ": " + checked.error().message);
    if (seen.insert(line).second) names.push_back({std::string(line), number});
  }
  if (names.empty()) return fail(Code::usage, "the list names nobody");
  return names;
}

}  // namespace cred::engine
