#include "audit/record.hpp"

#include "base/bytes.hpp"

namespace cred::audit {
namespace {
// Format 1 had no detail.
constexpr std::uint8_t format = 2;
constexpr std::size_t fixed_bytes = 64;
}  // namespace

std::vector<std::byte> encode(const Record& record) {
  std::vector<std::byte> bytes(fixed_bytes + record.actor.size() + record.detail.size());
  Writer w(bytes);
  w.u8(format);
  w.i64(record.time.time_since_epoch().count());
  w.u8(static_cast<std::uint8_t>(record.event));
  w.put(record.account);
  w.text(record.actor);
  w.text(record.detail);
  bytes.resize(w.used());
  return bytes;
}

std::vector<std::byte> chained(std::uint64_t number, std::span<const std::byte> previous_mac,
                               std::span<const std::byte> record) {
  std::vector<std::byte> bytes(fixed_bytes + previous_mac.size() + record.size());
  Writer w(bytes);
  w.u64(number);
  w.field(previous_mac);
  w.field(record);
  bytes.resize(w.used());
  return bytes;
}

}  // namespace cred::audit
