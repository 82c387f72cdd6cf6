// Kinds of characters, by their Unicode general category.
#pragma once

#include <cstdint>
#include <span>
#include <utf8proc.h>

namespace cred::policy {

// A text as code points. Views never outlive the Secret that holds them.
using Points = std::span<const std::int32_t>;

inline bool is_upper(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category == UTF8PROC_CATEGORY_LU || category == UTF8PROC_CATEGORY_LT;
}

inline bool is_lower(std::int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_LL; }

inline bool is_digit(std::int32_t c) { return utf8proc_category(c) == UTF8PROC_CATEGORY_ND; }

inline bool is_letter(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

inline bool is_mark(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

inline bool is_alphanumeric(std::int32_t c) { return is_letter(c) || is_digit(c); }

// Marks belong to the letter before them and count as neither.
inline bool is_symbol(std::int32_t c) { return !is_alphanumeric(c) && !is_mark(c); }

// What people put between words and into dates.
inline bool is_separator(std::int32_t c) {
  switch (c) {
    case ' ':
    case '-':
    case '_':
    case '.':
    case ',':
    case ':':
    case ';':
    case '/':
    case '\\':
    case '\'': return true;
    default: {
      const auto category = utf8proc_category(c);
      return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_PD;
    }
  }
}

}  // namespace cred::policy
