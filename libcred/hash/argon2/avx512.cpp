// Eight words a vector: an octet. Compiled for AVX-512F; `kernels` asks the processor.
#include "hash/argon2/kernel.hpp"

#if defined(__x86_64__)

#include "hash/argon2/fill.hpp"

#include <immintrin.h>

namespace cred::hash::argon2 {
namespace {

struct Avx512 {
  typedef unsigned long long Vector __attribute__((vector_size(64), may_alias));
  static constexpr unsigned width = 8;
  static constexpr unsigned row_span = 1;
  static constexpr unsigned column_span = 1;
  static constexpr unsigned rows_at_once = 4;
  static constexpr unsigned first_columns = 1;
  static constexpr unsigned columns_at_once = 3;

  // GCC 12 warns of what the forms without a mask leave undefined; the mask costs nothing.
  static constexpr __mmask8 all = 0xff;

  CRED_INLINE static Vector load(const std::uint64_t* words) {
    return *reinterpret_cast<const Vector*>(words);
  }
  CRED_INLINE static void store(std::uint64_t* words, Vector vector) {
    *reinterpret_cast<Vector*>(words) = vector;
  }
  CRED_INLINE static Vector product(Vector x, Vector y) {
    return reinterpret_cast<Vector>(
        _mm512_maskz_mul_epu32(all, reinterpret_cast<__m512i>(x), reinterpret_cast<__m512i>(y)));
  }
  template <int n>
  CRED_INLINE static Vector rotated(Vector x) {
    return reinterpret_cast<Vector>(_mm512_maskz_ror_epi64(all, reinterpret_cast<__m512i>(x), n));
  }
  // Of a row: four words that follow one another.
  template <int n>
  CRED_INLINE static void turn_row(Vector* vector) {
    constexpr int order = (n & 3) | ((n + 1) & 3) << 2 | ((n + 2) & 3) << 4 | ((n + 3) & 3) << 6;
    *vector = reinterpret_cast<Vector>(
        _mm512_maskz_permutex_epi64(all, reinterpret_cast<__m512i>(*vector), order));
  }
  // Of a column: a pair of the upper row, 0 1 or 2 3, and that of the lower, 4 5 or 6 7.
  template <int n>
  CRED_INLINE static void turn_column(Vector* vector) {
    if constexpr (n == 1)
      *vector = __builtin_shufflevector(*vector, *vector, 1, 4, 3, 6, 5, 0, 7, 2);
    else if constexpr (n == 2)
      *vector = __builtin_shufflevector(*vector, *vector, 4, 5, 6, 7, 0, 1, 2, 3);
    else
      *vector = __builtin_shufflevector(*vector, *vector, 5, 0, 7, 2, 1, 4, 3, 6);
  }
};

}  // namespace

const Kernel avx512_kernel{"avx512", fill<Avx512>};

}  // namespace cred::hash::argon2

#else

namespace cred::hash::argon2 {
const Kernel avx512_kernel{"avx512", nullptr};
}  // namespace cred::hash::argon2

#endif
