// Earlier passwords are kept only as hashes. To know an old one in a new shape, its
// canonical forms are hashed as well: passwords that share a form are near copies.
#pragma once

#include "base/secret.hpp"

#include <cstddef>
#include <vector>

namespace cred::policy {

// Each form costs one hash for each earlier salt, so there are few.
inline constexpr std::size_t max_skeletons = 3;

// The distinct forms of a normalised password, at most `max_skeletons`, in UTF-8.
//
//   words    The runs of letters in it, signs between letters un-leeted; the longest
//            run alone when it has three fifths of the letters. Pieces of up to three
//            letters are left out where most letters remain, and so are a letter or
//            two in another case at either end. The name of a season or month is one
//            and the same mark; a short one ("may", "okt") only beside a digit.
//            Catches: counters, years, affixes that change, move or swap; characters
//            put before or after; leetspeak inside; Summer to Winter, May to June.
//   letters  All letters and nothing else.
//            Catches: any change to digits, symbols and separators; any change of case.
//   edges    `words`, with signs next to the letters read as letters, or else without
//            the piece of one or two letters behind a counter.
//            Catches: leetspeak at the ends (5ummer, Zebr4), Summer1x.
//
// Each has case, marks and German spellings folded, is one copy of what was doubled,
// and is turned to its least rotation in the lesser direction, which catches reversal
// and words in another order. Forms with fewer than four letters, five where signs are
// read as letters, or a third of the characters (half, where the letters stand in more
// than two places), are left out: they would meet by chance. So "Ab1-2345" has no form,
// and near copies of it pass; "a1b2c3d4" has some, and "a1b2c3d5" shares one.
//
// Not caught: a letter replaced, inserted or dropped within a word; letters put at the
// end of a word without a change of case; one of two like words replaced.
//
// Throws Failure (unavailable) when there is no memory.
std::vector<Secret> skeletons(const Secret& normalised);

}  // namespace cred::policy
