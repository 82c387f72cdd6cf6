#include "engine/toml_characters.hpp"

#include <string_view>

namespace cred::engine {

std::optional<Misplaced> reduce_to_ascii(std::string& text) {
  enum class In { bare, basic_string, literal_string, comment } in = In::bare;
  std::size_t line = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\n') {
      ++line;
      in = In::bare;
      continue;
    }
    if (in == In::comment) {
      text[i] = ' ';
      continue;
    }
    if (static_cast<unsigned char>(c) >= 0x80)
      return Misplaced{line,
                       "a character that is not ASCII stands in a comment, or in a string "
                       "as \\uXXXX"};
    switch (in) {
      case In::bare: {
        const auto three = std::string_view(text).substr(i, 3);
        if (three == "\"\"\"" || three == "'''")
          return Misplaced{line, "a string over several lines has no use here"};
        if (c == '"') in = In::basic_string;
        if (c == '\'') in = In::literal_string;
        if (c == '#') in = In::comment;
        break;
      }
      case In::basic_string:
        if (c == '\\' && i + 1 < text.size() && (text[i + 1] == '"' || text[i + 1] == '\\'))
          ++i;
        else if (c == '"')
          in = In::bare;
        break;
      case In::literal_string:
        if (c == '\'') in = In::bare;
        break;
      case In::comment: break;
    }
  }
  return std::nullopt;
}

}  // namespace cred::engine
