#include "policy/breach_layout.hpp"

#include <algorithm>
#include <cstring>
#include <sodium.h>

namespace cred::policy::breach {
namespace {

constexpr std::size_t header_sum_at = segment_bytes - checksum_bytes;

template <typename Number>
Number load(const std::byte* bytes) {
  Number value = 0;
  for (std::size_t i = sizeof value; i > 0; --i)
    value = static_cast<Number>(value << 8U) | std::to_integer<Number>(bytes[i - 1]);
  return value;
}

template <typename Number>
void store(std::byte* bytes, Number value) {
  for (std::size_t i = 0; i < sizeof value; ++i)
    bytes[i] = static_cast<std::byte>(value >> (8 * i));
}

}  // namespace

std::uint32_t load32(const std::byte* bytes) { return load<std::uint32_t>(bytes); }
std::uint64_t load64(const std::byte* bytes) { return load<std::uint64_t>(bytes); }
void store32(std::byte* bytes, std::uint32_t value) { store(bytes, value); }
void store64(std::byte* bytes, std::uint64_t value) { store(bytes, value); }

std::uint64_t checksum(const Id& id, std::span<const std::byte> bytes) {
  static_assert(std::tuple_size_v<Id> == crypto_shorthash_KEYBYTES);
  std::array<std::byte, crypto_shorthash_BYTES> sum{};
  crypto_shorthash(reinterpret_cast<unsigned char*>(sum.data()),
                   reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                   reinterpret_cast<const unsigned char*>(id.data()));
  return load64(sum.data());
}

std::array<std::byte, segment_bytes> encode(const Header& header) {
  std::array<std::byte, segment_bytes> bytes{};
  std::memcpy(bytes.data(), magic.data(), magic.size());
  store32(bytes.data() + 8, version);
  store32(bytes.data() + 12, header.bucket_bits);
  store64(bytes.data() + 16, header.entries);
  store64(bytes.data() + 24, static_cast<std::uint64_t>(header.created));
  store64(bytes.data() + 32, header.file_bytes);
  std::memcpy(bytes.data() + 40, header.id.data(), header.id.size());
  store64(bytes.data() + header_sum_at, checksum(header.id, std::span(bytes).first(header_sum_at)));
  return bytes;
}

Kind decode(std::span<const std::byte> bytes, Header& header) {
  const std::size_t told = std::min(bytes.size(), magic.size());
  if (told < magic.size() || std::memcmp(bytes.data(), magic.data(), told) != 0)
    return Kind::foreign;
  if (bytes.size() < segment_bytes) return Kind::damaged;
  std::memcpy(header.id.data(), bytes.data() + 40, header.id.size());
  // A newer header may have its checksum elsewhere: the version decides first.
  if (load32(bytes.data() + 8) > version) return Kind::newer;
  if (load64(bytes.data() + header_sum_at) != checksum(header.id, bytes.first(header_sum_at)))
    return Kind::damaged;
  header.bucket_bits = load32(bytes.data() + 12);
  header.entries = load64(bytes.data() + 16);
  header.created = static_cast<std::int64_t>(load64(bytes.data() + 24));
  header.file_bytes = load64(bytes.data() + 32);
  if (load32(bytes.data() + 8) != version || header.entries == 0 || header.entries > most_entries ||
      header.bucket_bits > 32 ||
      header.file_bytes != file_bytes(header.bucket_bits, header.entries))
    return Kind::damaged;
  return Kind::corpus;
}

}  // namespace cred::policy::breach
