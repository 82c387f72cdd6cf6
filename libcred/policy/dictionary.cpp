#include "policy/dictionary.hpp"

#include <algorithm>
#include <array>
#include <sodium.h>
#include <utf8proc.h>

// The files as they are: sorted, so that nothing has to be built or copied.
#define CRED_EMBED(symbol, file)                                                             \
  __asm__(".section .rodata\n.global " #symbol "_begin\n.hidden " #symbol "_begin\n" #symbol \
          "_begin:\n.incbin \"" CRED_POLICY_DATA "/" file "\"\n.global " #symbol             \
          "_end\n.hidden " #symbol "_end\n" #symbol "_end:\n.byte 0\n.previous\n");          \
  extern "C" const char symbol##_begin[];                                                    \
  extern "C" const char symbol##_end[];

CRED_EMBED(cred_data_common_passwords, "common-passwords.txt")
CRED_EMBED(cred_data_given_names, "given-names.txt")
CRED_EMBED(cred_data_family_names, "family-names.txt")
CRED_EMBED(cred_data_words, "words.txt")
CRED_EMBED(cred_data_passphrase_words, "passphrase-words.txt")

namespace cred::policy::dictionary {
namespace {

constexpr std::size_t longest_word = 128;  // in bytes; no list has one as long

std::string_view text_of(List list) {
  const auto between = [](const char* begin, const char* end) {
    return std::string_view(begin, static_cast<std::size_t>(end - begin));
  };
  switch (list) {
    case List::common_passwords:
      return between(cred_data_common_passwords_begin, cred_data_common_passwords_end);
    case List::given_names: return between(cred_data_given_names_begin, cred_data_given_names_end);
    case List::family_names:
      return between(cred_data_family_names_begin, cred_data_family_names_end);
    case List::words: return between(cred_data_words_begin, cred_data_words_end);
    case List::passphrase_words: break;
  }
  return between(cred_data_passphrase_words_begin, cred_data_passphrase_words_end);
}

// The line that holds the byte at `position`.
std::string_view line_at(std::string_view text, std::size_t position) {
  const std::size_t before =
      position == 0 ? std::string_view::npos : text.rfind('\n', position - 1);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', position) - begin);
}

bool search(std::string_view text, std::string_view word) {
  while (!text.empty()) {
    const std::string_view line = line_at(text, text.size() / 2);
    if (line == word) return true;
    const auto begin = static_cast<std::size_t>(line.data() - text.data());
    if (line < word)
      text.remove_prefix(begin + line.size() + 1);
    else
      text = text.substr(0, begin);
  }
  return false;
}

}  // namespace

bool contains(List list, std::span<const std::int32_t> folded) {
  std::array<utf8proc_uint8_t, longest_word> bytes{};
  std::size_t length = 0;
  constexpr std::size_t most = 4;  // bytes of a code point
  for (const std::int32_t point : folded) {
    if (length + most > bytes.size()) return false;
    length += static_cast<std::size_t>(utf8proc_encode_char(point, bytes.data() + length));
  }
  const bool found =
      length > 0 && search(text_of(list), {reinterpret_cast<const char*>(bytes.data()), length});
  sodium_memzero(bytes.data(), bytes.size());
  return found;
}

std::size_t size(List list) {
  const auto text = text_of(list);
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

std::string_view word(List list, std::size_t index) {
  std::string_view text = text_of(list);
  for (; index > 0; --index) text.remove_prefix(text.find('\n') + 1);
  return text.substr(0, text.find('\n'));
}

}  // namespace cred::policy::dictionary
