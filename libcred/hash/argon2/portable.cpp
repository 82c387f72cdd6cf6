// Two words a vector, for every processor: SSE2 and NEON through the compiler's vectors.
#include "hash/argon2/fill.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#elif defined(__ARM_NEON)
#include <arm_neon.h>
#endif

namespace cred::hash::argon2 {
namespace {

struct Portable {
  typedef unsigned long long Vector __attribute__((vector_size(16), may_alias));
  static constexpr unsigned width = 2;
  static constexpr unsigned row_span = 2;
  static constexpr unsigned column_span = 2;
  static constexpr unsigned rows_at_once = 4;
  static constexpr unsigned first_columns = 4;
  static constexpr unsigned columns_at_once = 4;

  CRED_INLINE static Vector load(const std::uint64_t* words) {
    return *reinterpret_cast<const Vector*>(words);
  }
  CRED_INLINE static void store(std::uint64_t* words, Vector vector) {
    *reinterpret_cast<Vector*>(words) = vector;
  }
  // Compilers do not see that half of a whole product is not needed.
  CRED_INLINE static Vector product(Vector x, Vector y) {
#if defined(__SSE2__)
    return reinterpret_cast<Vector>(
        _mm_mul_epu32(reinterpret_cast<__m128i>(x), reinterpret_cast<__m128i>(y)));
#elif defined(__ARM_NEON)
    return reinterpret_cast<Vector>(vmull_u32(vmovn_u64(reinterpret_cast<uint64x2_t>(x)),
                                              vmovn_u64(reinterpret_cast<uint64x2_t>(y))));
#else
    return (x & 0xffffffff) * (y & 0xffffffff);
#endif
  }
  template <int n>
  CRED_INLINE static Vector rotated(Vector x) {
#if defined(__SSE2__)
    if constexpr (n == 32)
      return reinterpret_cast<Vector>(_mm_shuffle_epi32(reinterpret_cast<__m128i>(x), 0xb1));
#endif
    if constexpr (n == 63) return (x + x) ^ (x >> 63);
    return (x >> n) ^ (x << (64 - n));
  }
  // Of a row: two vectors that follow one another.
  template <int n>
  CRED_INLINE static void turn_row(Vector* vectors) {
    const Vector left = vectors[0];
    const Vector right = vectors[1];
    if constexpr (n == 2) {
      vectors[0] = right;
      vectors[1] = left;
      return;
    }
    const Vector one = __builtin_shufflevector(left, right, 1, 2);
    const Vector other = __builtin_shufflevector(right, left, 1, 2);
    vectors[0] = n == 1 ? one : other;
    vectors[1] = n == 1 ? other : one;
  }
  // Of a column: the vector of the upper row and that of the lower one.
  template <int n>
  CRED_INLINE static void turn_column(Vector* vectors) {
    turn_row<n>(vectors);
  }
};

}  // namespace

const Kernel portable_kernel{"portable", fill<Portable>};

}  // namespace cred::hash::argon2
