// What is left of a password when its disguise is taken off: leetspeak, affixes,
// separators, umlauts, direction. Pure functions on folded code points (see `fold`);
// each result is a Secret that holds code points (see `code_points`).
//
// All throw Failure (unavailable) when there is no memory.
#pragma once

#include "base/secret.hpp"
#include "policy/characters.hpp"

#include <vector>

namespace cred::policy::shape {

// Which letter the strokes 1 ! | stand for: they have two readings, every other
// sign has one.
enum class Stroke : std::uint8_t { i, l };

// The letter that `c` stands for in leetspeak; `c` itself where it stands for none.
std::int32_t letter_of(std::int32_t c, Stroke stroke = Stroke::i);
// Whether `c` is no letter but stands for one.
bool is_leet(std::int32_t c);
// Whether somebody who means `meant` may type `typed`, in either reading.
bool alike(std::int32_t typed, std::int32_t meant);

// From the first letter to the last: the text without the digits and symbols
// around it. A view into `text`.
Points without_affixes(Points text);

// Every sign replaced by its letter: "p@55w0rd" gives "password".
Secret unleet(Points text, Stroke stroke = Stroke::i);
// The letters alone, in their order; no sign is read as a letter.
Secret letters(Points text);
// Without spaces, dashes, dots and what else stands between words.
Secret without_separators(Points text);
Secret reversed(Points text);
// German and Nordic spellings brought together: ae oe ue aa and the ligatures become
// a o u a. With `fold`, which takes marks off and writes ß as ss, "Müller",
// "Mueller" and "Muller" are one. Digits that stand for such an e go, too.
Secret plain_vowels(Points text);

// The core: without affixes, and what is inside un-leeted.
Secret core(Points text, Stroke stroke = Stroke::i);
// Every reading of the core, without repetition: both of the strokes, and the sign
// next to it at either end taken for a letter ("$ecret123" gives "ecret", "secret",
// "secreti" ...). At most 8, the plain core first; none where there is no letter.
std::vector<Secret> cores(Points text);

}  // namespace cred::policy::shape
