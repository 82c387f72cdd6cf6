// Text of any origin, made fit for one line of a log.
#pragma once

#include <string>
#include <string_view>

namespace cred::audit {

// `text` as valid UTF-8 without control characters and line or paragraph separators: each
// of them, and each byte that belongs to no character, becomes U+FFFD. Characters in `keep`
// stay, whatever they are.
std::string one_line(std::string_view text, std::string_view keep = {});

// `text` with a backslash before each character in `special`.
std::string escaped(std::string_view text, std::string_view special);

}  // namespace cred::audit
