// RFC 9106 §3.6: the permutation P, of vectors of words.
//
// A Machine is what an instruction set has:
//   Vector                        some words, with + and ^ of each
//   width                         how many: 2, 4 or 8
//   load(place), store(place, vector)
//   product(x, y)                 of the low halves of each word
//   rotated<n>(x)                 each word by n bits to the right
//   rows_at_once                  of how many vectors a, b, c and d are when rows are permuted
//   first_columns, columns_at_once
//                                 the same for the columns with word 0, and for the others
//   row_span, column_span         of how many vectors the four columns of P's matrix are
//   turn_row<n>(vectors), turn_column<n>(vectors)
//                                 those columns, turned by n to the left
//
// Nothing here has external linkage: each kernel has its own copy.
#pragma once

#define CRED_INLINE [[gnu::always_inline]] inline

namespace cred::hash::argon2 {
namespace {

// As many vectors as are permuted at once: row after row, or column after column.
template <class Machine, unsigned count>
struct Part {
  typename Machine::Vector vectors[count];
};

// G's first line and the two like it: a = a + b + 2 * low(a) * low(b), d = (d ^ a) >>> n.
template <class Machine, int n, unsigned count>
CRED_INLINE void step(Part<Machine, count>& a, const Part<Machine, count>& b,
                      Part<Machine, count>& d) {
  typename Machine::Vector product[count];
  for (unsigned i = 0; i < count; ++i) product[i] = Machine::product(a.vectors[i], b.vectors[i]);
  for (unsigned i = 0; i < count; ++i) a.vectors[i] += b.vectors[i];
  for (unsigned i = 0; i < count; ++i) a.vectors[i] += product[i] + product[i];
  for (unsigned i = 0; i < count; ++i) d.vectors[i] ^= a.vectors[i];
  for (unsigned i = 0; i < count; ++i) d.vectors[i] = Machine::template rotated<n>(d.vectors[i]);
}

template <class Machine, unsigned count>
CRED_INLINE void g(Part<Machine, count>& a, Part<Machine, count>& b, Part<Machine, count>& c,
                   Part<Machine, count>& d) {
  step<Machine, 32>(a, b, d);
  step<Machine, 24>(c, d, b);
  step<Machine, 16>(a, b, d);
  step<Machine, 63>(c, d, b);
}

struct Rows {
  template <class Machine>
  static constexpr unsigned span = Machine::row_span;
  template <class Machine, int n>
  CRED_INLINE static void turn(typename Machine::Vector* vectors) {
    Machine::template turn_row<n>(vectors);
  }
};

struct Columns {
  template <class Machine>
  static constexpr unsigned span = Machine::column_span;
  template <class Machine, int n>
  CRED_INLINE static void turn(typename Machine::Vector* vectors) {
    Machine::template turn_column<n>(vectors);
  }
};

template <class Round, int n, class Machine, unsigned count>
CRED_INLINE void turn(Part<Machine, count>& part) {
  for (unsigned i = 0; i < count; i += Round::template span<Machine>)
    Round::template turn<Machine, n>(part.vectors + i);
}

// P: G of the columns of its matrix, then of the diagonals. These are made columns by
// turning a, c and d around b, which is ready last and would be waited for.
template <class Round, class Machine, unsigned count>
CRED_INLINE void permute(Part<Machine, count>& a, Part<Machine, count>& b, Part<Machine, count>& c,
                         Part<Machine, count>& d) {
  g(a, b, c, d);
  turn<Round, 3>(a);
  turn<Round, 1>(c);
  turn<Round, 2>(d);
  g(a, b, c, d);
  turn<Round, 1>(a);
  turn<Round, 3>(c);
  turn<Round, 2>(d);
}

}  // namespace
}  // namespace cred::hash::argon2
