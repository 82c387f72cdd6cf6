// What counts as a password, and the one form in which it is judged and hashed.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <span>
#include <string_view>

namespace cred::policy {

// RFC 8265 §4.2, the profile OpaqueString: each space of another kind than U+0020 is
// mapped to that, then Unicode NFC (UAX #15). Composed and decomposed input is equal;
// case, marks and width are kept. What is normalised stays as it is.
// Errors: usage, for what is no password: empty, over max_password_bytes, NUL or
// another control character, invalid UTF-8, or a character outside of the
// FreeformClass of RFC 8264: invisible, for private use, or not assigned in the
// Unicode version of utf8proc. Joiners are taken after a virama and between letters
// without case; contexts that utf8proc has no data for are not looked at (RFC 5892,
// A.3 to A.9). The message says which.
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
