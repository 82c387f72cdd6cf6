#include "audit/record.hpp"

#include "base/bytes.hpp"

namespace cred::audit {
namespace {
// Format 1 had no detail.
constexpr std::uint8_t format = 2;
constexpr std::size_t fixed_bytes = 64;
}  // namespace

const char* word(Event event) noexcept {
  switch (event) {
    case Event::enrolled: return "enrolled";
    case Event::changed: return "changed";
    case Event::reset: return "reset";
    case Event::expired: return "expired";
    case Event::locked: return "locked";
    case Event::unlocked: return "unlocked";
    case Event::rehashed: return "rehashed";
    case Event::aged_out: return "aged_out";
    case Event::disabled: return "disabled";
    case Event::enabled: return "enabled";
    case Event::profile_set: return "profile_set";
    case Event::exempted: return "exempted";
    case Event::compromised: return "compromised";
    case Event::data_unusable: return "data_unusable";
    case Event::attempts_cleared: return "attempts_cleared";
    case Event::request_refused: return "request_refused";
    case Event::realm_added: return "realm_added";
  }
  return "unknown";
}

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
