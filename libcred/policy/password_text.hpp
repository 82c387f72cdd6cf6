// What counts as a password, and the one form in which it is judged and hashed.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <span>
#include <string_view>

namespace cred::policy {

// Unicode NFC (UAX #15) of `raw`, so that composed and decomposed input is equal.
// Errors: usage, for what is no password: empty, over max_password_bytes, NUL or
// another control character, invalid UTF-8. The message says which.
Expected<Secret> normalise(const Secret& raw);

// Code points of UTF-8 text for comparing: case folded and stripped of marks, so
// that "Müller" meets "MULLER". Invalid text gives an empty result.
// The result holds one std::int32_t for each code point.
Secret fold(std::string_view text);

// A Secret that holds code points, seen as such.
std::span<const std::int32_t> code_points(const Secret& folded);

// The code points of valid UTF-8, unchanged.
Secret decode(const Secret& utf8);

}  // namespace cred::policy
