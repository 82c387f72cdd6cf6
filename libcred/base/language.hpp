// Which language a person wants, by the environment's conventions.
#pragma once

#include <string_view>

namespace cred {

inline constexpr std::size_t max_language_bytes = 64;

// A list such as "de_DE.UTF-8" or "de:en" that is safe to hand on: nothing in it can
// lead out of the catalogs' directory.
constexpr bool is_language(std::string_view text) noexcept {
  if (text.size() > max_language_bytes) return false;
  for (const char c : text) {
    const bool fits = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                      c == '_' || c == '.' || c == '@' || c == '-' || c == ':';
    if (!fits) return false;
  }
  return true;
}

// LANGUAGE where LC_ALL, LC_MESSAGES or LANG name a locale, as gettext does; `get`
// reads a variable and may give null. Empty: English.
template <typename Get>
std::string_view wanted_language(Get get) noexcept {
  std::string_view locale;
  for (const char* name : {"LC_ALL", "LC_MESSAGES", "LANG"}) {
    const char* value = get(name);
    if (value == nullptr || *value == '\0') continue;
    locale = value;
    break;
  }
  if (locale.empty() || locale == "C" || locale == "POSIX") return {};
  const char* list = get("LANGUAGE");
  const std::string_view wanted = list != nullptr && *list != '\0' ? list : locale;
  return is_language(wanted) ? wanted : std::string_view();
}

}  // namespace cred
