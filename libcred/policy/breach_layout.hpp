// The bytes of a corpus file: docs/formats/breach.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace cred::policy::breach {

inline constexpr std::string_view magic = "CREDBRCH";
inline constexpr std::uint32_t version = 1;
// Checksums cover a segment each; parts begin at multiples of it. The header is one.
inline constexpr std::size_t segment_bytes = 4096;
inline constexpr std::size_t entry_bytes = 4;
inline constexpr std::size_t checksum_bytes = 8;
// Of 32 remaining bits: false positives are at most 64 / 2^32.
inline constexpr std::uint64_t most_per_bucket = 64;
inline constexpr std::uint64_t most_entries = 0xffff'ffffU;

using Id = std::array<std::byte, 16>;

struct Header {
  std::uint32_t bucket_bits = 0;
  std::uint64_t entries = 0;
  std::int64_t created = 0;  // milliseconds since 1970-01-01 UTC
  std::uint64_t file_bytes = 0;
  Id id{};  // random; the key of every checksum
};

constexpr std::uint64_t rounded(std::uint64_t bytes) {
  return (bytes + segment_bytes - 1) / segment_bytes * segment_bytes;
}
constexpr std::uint64_t index_bytes(std::uint32_t bucket_bits) {
  return rounded(((std::uint64_t{1} << bucket_bits) + 1) * entry_bytes);
}
constexpr std::uint64_t data_bytes(std::uint64_t entries) { return rounded(entries * entry_bytes); }
constexpr std::uint64_t file_bytes(std::uint32_t bucket_bits, std::uint64_t entries) {
  const std::uint64_t covered = index_bytes(bucket_bits) + data_bytes(entries);
  return segment_bytes + covered + covered / segment_bytes * checksum_bytes;
}

// The fewest bits that leave a bucket most_per_bucket entries on average.
constexpr std::uint32_t bucket_bits_for(std::uint64_t entries) {
  std::uint32_t bits = 0;
  while ((entries >> bits) > most_per_bucket) ++bits;
  return bits;
}

// Where a password is: by the first 64 bits of its SHA-1.
constexpr std::uint64_t bucket_of(std::uint64_t prefix, std::uint32_t bucket_bits) {
  return bucket_bits == 0 ? 0 : prefix >> (64 - bucket_bits);
}
constexpr std::uint32_t rest_of(std::uint64_t prefix, std::uint32_t bucket_bits) {
  return static_cast<std::uint32_t>(prefix << bucket_bits >> 32);
}

// SipHash-2-4 of `bytes` under the file's id.
std::uint64_t checksum(const Id& id, std::span<const std::byte> bytes);

std::uint32_t load32(const std::byte* bytes);
std::uint64_t load64(const std::byte* bytes);
void store32(std::byte* bytes, std::uint32_t value);
void store64(std::byte* bytes, std::uint64_t value);

std::array<std::byte, segment_bytes> encode(const Header& header);

enum class Kind : std::uint8_t { corpus, foreign, newer, damaged };
// Whether `bytes`, the beginning of a file, are a header, which is then in `header`.
Kind decode(std::span<const std::byte> bytes, Header& header);

}  // namespace cred::policy::breach
