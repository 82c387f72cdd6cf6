#include "hash/argon2/dispatch.hpp"

#include "hash/argon2/compute.hpp"

#include <array>
#include <cstring>

namespace cred::hash::argon2 {
namespace {

constexpr Parameters rfc_costs{32, 3, 4};
constexpr std::array<unsigned char, 32> rfc_tag{
    0x0d, 0x64, 0x0d, 0xf5, 0x8d, 0x78, 0x76, 0x6c, 0x08, 0xc0, 0x37, 0xa3, 0x4a, 0x8b, 0x53, 0xc9,
    0xd0, 0x1e, 0xf0, 0x45, 0x2d, 0x75, 0xb6, 0x5e, 0xb5, 0x25, 0x20, 0xe9, 0x6b, 0x01, 0xe6, 0x59};

// Slices of more blocks than one block of addresses has, and a pass over what is there.
constexpr Parameters long_costs{528, 2, 1};
constexpr std::array<unsigned char, 32> long_tag{
    0xad, 0x15, 0x69, 0x00, 0xfb, 0x73, 0x0c, 0x7a, 0x04, 0x63, 0xb5, 0x75, 0x2d, 0x09, 0x22, 0xfe,
    0x84, 0x02, 0x47, 0x93, 0xc9, 0x2c, 0xef, 0xac, 0xef, 0x33, 0xad, 0xe2, 0xfd, 0x99, 0x84, 0x3b};

template <std::size_t size>
std::array<std::byte, size> filled_with(int value) {
  std::array<std::byte, size> bytes;
  bytes.fill(static_cast<std::byte>(value));
  return bytes;
}

using Tag = std::array<std::byte, 32>;

bool is(const Tag& tag, const std::array<unsigned char, 32>& expected) {
  return std::memcmp(tag.data(), expected.data(), tag.size()) == 0;
}

}  // namespace

std::vector<const Kernel*> kernels() {
  std::vector<const Kernel*> found;
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f")) found.push_back(&avx512_kernel);
  if (__builtin_cpu_supports("avx2")) found.push_back(&avx2_kernel);
#endif
  found.push_back(&portable_kernel);
  return found;
}

bool answers_rightly(const Kernel& kernel) {
  const auto password = filled_with<32>(1);
  const auto salt = filled_with<16>(2);
  const auto secret = filled_with<8>(3);
  const auto associated_data = filled_with<12>(4);
  std::vector<Block> memory(2 * blocks_of(long_costs));
  Tag tag{};
  Tag other{};
  for (const Order order : {Order::one_by_one, Order::together}) {
    tag.fill(std::byte{0});
    compute(kernel, {{password, salt, secret, associated_data}, rfc_costs, memory.data(), tag},
            order);
    if (!is(tag, rfc_tag)) return false;
  }
  const Inputs in{password, salt, {}, {}};
  const std::array<Hash, 2> both{{{in, long_costs, memory.data(), tag},
                                  {in, long_costs, &memory[blocks_of(long_costs)], other}}};
  compute(kernel, both, Order::together);
  return is(tag, long_tag) && is(other, long_tag);
}

}  // namespace cred::hash::argon2
