#include "audit/log_text.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace cred::audit {
namespace {

constexpr std::string_view replacement = "\xef\xbf\xbd";

struct Character {
  char32_t code = 0;
  std::size_t length = 0;  // 0: the first byte begins no character
};

// RFC 3629 §4: neither overlong forms nor surrogates nor beyond U+10FFFF.
Character first_character(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const std::uint32_t lead = byte(0);
  if (lead < 0x80) return {lead, 1};
  const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
  std::uint32_t code = lead & (0x7fU >> length);
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0U) != 0x80U) return {};
    code = code << 6U | (byte(i) & 0x3fU);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  if (overlong || surrogate || code > 0x10ffff) return {};
  return {code, length};
}

// C0, DEL, C1 (U+0085 is a newline), and the separators of lines and paragraphs.
bool breaks_lines(char32_t code) {
  return code < 0x20 || (code >= 0x7f && code < 0xa0) || code == 0x2028 || code == 0x2029;
}

}  // namespace

std::string one_line(std::string_view text, std::string_view keep) {
  std::string line;
  while (!text.empty()) {
    const Character next = first_character(text);
    const bool kept = keep.find(text.front()) != std::string_view::npos;
    if (kept || (next.length > 0 && !breaks_lines(next.code)))
      line += text.substr(0, std::max<std::size_t>(next.length, 1));
    else
      line += replacement;
    text.remove_prefix(std::max<std::size_t>(next.length, 1));
  }
  return line;
}

std::string escaped(std::string_view text, std::string_view special) {
  std::string result;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) result += '\\';
    result += c;
  }
  return result;
}

}  // namespace cred::audit
