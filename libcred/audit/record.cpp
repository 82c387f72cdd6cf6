#include "audit/record.hpp"

#include "base/bytes.hpp"

#include <algorithm>

namespace cred::audit {
namespace {
// Format 1 had no detail.
constexpr std::uint8_t format = 2;
constexpr std::size_t fixed_bytes = 64;
constexpr auto last_event = static_cast<std::uint8_t>(Event::realm_added);
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

Expected<Record> decode(std::span<const std::byte> bytes) {
  Reader r(bytes);
  Record record;
  const std::uint8_t written_as = r.u8();
  record.time = Time(Duration(r.i64()));
  const std::uint8_t event = r.u8();
  const auto account = r.take(record.account.size());
  record.actor = r.text();
  if (written_as > 1) record.detail = r.text();
  if (!r.finished() || written_as < 1 || written_as > format || event < 1 || event > last_event)
    return fail(Code::integrity, "a record of the trail is malformed");
  std::copy(account.begin(), account.end(), record.account.begin());
  record.event = static_cast<Event>(event);
  return record;
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
