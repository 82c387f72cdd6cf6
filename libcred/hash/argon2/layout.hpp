// Where the words of a block lie in memory.
//
// RFC 9106 §3.5 sees a block as 8 rows of 16 words, and §3.6's permutation P first takes
// each row, then each column of pairs of words. Row r is four quarters of four words. Here
// all eight first quarters come first, then the second ones, the third, the fourth:
//
//   word 16 r + 4 y + i, with 4 y + i < 16, lies at 32 y + 4 r + i
//
// P of a row mixes its four quarters with one another: a, b, c, d of G have the same r and
// i and differ in y alone. P of a column mixes v_0..v_15, which are the pairs of the eight
// rows: a, b, c, d are pairs of rows 0-1, 2-3, 4-5 and 6-7, with the same y and i. Eight
// words that follow one another, an *octet*, are quarter y of rows 2x and 2x+1: for both
// rounds whole octets are a, b, c and d. Only the diagonals turn words within an octet.
//
// Nothing here has external linkage: each kernel has its own copy.
#pragma once

#include "hash/argon2/kernel.hpp"

namespace cred::hash::argon2 {
namespace {

// The place of word `word`.
constexpr unsigned place(unsigned word) {
  const unsigned row = word / 16;
  const unsigned quarter = word % 16 / 4;
  return 32 * quarter + 4 * row + word % 4;
}

}  // namespace
}  // namespace cred::hash::argon2
