#include "engine/mentions.hpp"

#include <algorithm>
#include <utf8proc.h>

namespace cred::engine {
namespace {

// Without case and composition; a run of spaces is one. What is not UTF-8 is compared by
// its bytes.
std::u32string folded(std::string_view text) {
  std::u32string plain;
  const auto* next = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
  auto left = static_cast<utf8proc_ssize_t>(text.size());
  constexpr auto options =
      static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE);
  constexpr std::size_t most_parts = 32;
  while (left > 0) {
    utf8proc_int32_t c = 0;
    utf8proc_ssize_t used = utf8proc_iterate(next, left, &c);
    if (used <= 0) {
      c = *next;
      used = 1;
    }
    utf8proc_int32_t parts[most_parts];
    int boundary = 0;
    const auto count = utf8proc_decompose_char(c, parts, most_parts, options, &boundary);
    for (utf8proc_ssize_t i = 0; i < count && i < static_cast<utf8proc_ssize_t>(most_parts); ++i) {
      const auto part = static_cast<char32_t>(parts[i]);
      if (part != U' ' || plain.empty() || plain.back() != U' ') plain.push_back(part);
    }
    next += used;
    left -= used;
  }
  return plain;
}

bool in_word(char32_t c) {
  const auto category = utf8proc_category(static_cast<utf8proc_int32_t>(c));
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_NO;
}

bool has_word(const std::u32string& text, const std::u32string& word) {
  for (std::size_t at = text.find(word); at != std::u32string::npos; at = text.find(word, at + 1)) {
    const std::size_t end = at + word.size();
    const bool begins = at == 0 || !in_word(text[at - 1]) || !in_word(word.front());
    const bool ends = end == text.size() || !in_word(text[end]) || !in_word(word.back());
    if (begins && ends) return true;
  }
  return false;
}

}  // namespace

Mentions::Mentions(std::string_view login, const Profile& profile) {
  for (const std::string_view text :
       {login, std::string_view(profile.email), std::string_view(profile.full_name)})
    if (auto word = folded(text); !word.empty()) words_.push_back(std::move(word));
}

bool Mentions::in(std::string_view text) const {
  if (text.empty()) return false;
  const auto plain = folded(text);
  return std::any_of(words_.begin(), words_.end(),
                     [&](const std::u32string& word) { return has_word(plain, word); });
}

bool Mentions::in(const audit::Body& body) const {
  return in(body.actor) || in(body.source) || in(body.service) || in(body.tty) || in(body.detail);
}

}  // namespace cred::engine
