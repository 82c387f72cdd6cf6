// What a person reads in a message: MIME decoded, HTML without its tags. Uses GMime and libxml2,
// so it belongs to the program cred-read-message alone.
#pragma once

#include "base/error.hpp"

#include <span>
#include <string>

namespace cred::scan {

inline constexpr std::size_t largest_message = std::size_t{32} * 1024 * 1024;
inline constexpr std::size_t largest_text = std::size_t{4} * 1024 * 1024;

// Subject and text parts, those of attached messages too, in UTF-8 and in their order; what is
// longer than `largest_text` is cut off. What is no MIME is taken as text. Errors: usage (too
// large), unavailable (memory).
Expected<std::string> message_text(std::span<const char> message);

// HTML as text: blocks end lines, scripts and styles are left out, entities are decoded.
std::string html_text(std::string_view utf8);

}  // namespace cred::scan
