// Four words a vector, two vectors an octet. Compiled for AVX2; `kernels` asks the processor.
#include "hash/argon2/kernel.hpp"

#if defined(__x86_64__)

#include "hash/argon2/fill.hpp"

#include <immintrin.h>

namespace cred::hash::argon2 {
namespace {

struct Avx2 {
  typedef unsigned long long Vector __attribute__((vector_size(32), may_alias));
  static constexpr unsigned width = 4;
  static constexpr unsigned row_span = 1;
  static constexpr unsigned column_span = 2;
  static constexpr unsigned rows_at_once = 2;
  static constexpr unsigned first_columns = 2;
  static constexpr unsigned columns_at_once = 2;

  CRED_INLINE static Vector load(const std::uint64_t* words) {
    return *reinterpret_cast<const Vector*>(words);
  }
  CRED_INLINE static void store(std::uint64_t* words, Vector vector) {
    *reinterpret_cast<Vector*>(words) = vector;
  }
  CRED_INLINE static Vector product(Vector x, Vector y) {
    return reinterpret_cast<Vector>(
        _mm256_mul_epu32(reinterpret_cast<__m256i>(x), reinterpret_cast<__m256i>(y)));
  }
  template <int n>
  CRED_INLINE static Vector rotated(Vector x) {
    if constexpr (n == 63) return (x + x) ^ (x >> 63);
    const auto words = reinterpret_cast<__m256i>(x);
    if constexpr (n == 32) return reinterpret_cast<Vector>(_mm256_shuffle_epi32(words, 0xb1));
    constexpr long long start = n == 24 ? 0x0201000706050403 : 0x0100070605040302;
    constexpr long long eight = 0x0808080808080808;
    return reinterpret_cast<Vector>(
        _mm256_shuffle_epi8(words, _mm256_setr_epi64x(start, start + eight, start, start + eight)));
  }
  // Of a row: one vector.
  template <int n>
  CRED_INLINE static void turn_row(Vector* vector) {
    constexpr int order = (n & 3) | ((n + 1) & 3) << 2 | ((n + 2) & 3) << 4 | ((n + 3) & 3) << 6;
    *vector = reinterpret_cast<Vector>(
        _mm256_permute4x64_epi64(reinterpret_cast<__m256i>(*vector), order));
  }
  // Of a column: a pair of the upper row's vector and the pair below it.
  template <int n>
  CRED_INLINE static void turn_column(Vector* vectors) {
    const Vector upper = vectors[0];
    const Vector lower = vectors[1];
    if constexpr (n == 2) {
      vectors[0] = lower;
      vectors[1] = upper;
      return;
    }
    const Vector one = __builtin_shufflevector(upper, lower, 1, 4, 3, 6);
    const Vector other = __builtin_shufflevector(lower, upper, 1, 4, 3, 6);
    vectors[0] = n == 1 ? one : other;
    vectors[1] = n == 1 ? other : one;
  }
};

}  // namespace

const Kernel avx2_kernel{"avx2", fill<Avx2>};

}  // namespace cred::hash::argon2

#else

namespace cred::hash::argon2 {
const Kernel avx2_kernel{"avx2", nullptr};
}  // namespace cred::hash::argon2

#endif
