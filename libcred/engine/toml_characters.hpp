// A look over TOML text before the parser sees it.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

namespace cred::engine {

struct Misplaced {
  std::size_t line;
  std::string what;
};

// Blanks comments and finds other characters that are not ASCII: toml++ 3.3 has
// undefined behaviour for some of them wherever it looks for the end of a token.
// A string can still hold any character as \uXXXX. Strings over several lines are
// found too; no key takes one, and without them a line can be judged by itself.
std::optional<Misplaced> reduce_to_ascii(std::string& text);

}  // namespace cred::engine
