#include "audit/record.hpp"

#include "base/bytes.hpp"

#include <algorithm>

namespace cred::audit {
namespace {

constexpr std::uint8_t format = 3;
constexpr std::uint32_t no_uid = 0xffffffff;  // (uid_t)-1 is nobody's
constexpr std::size_t fixed_bytes = 64;

// Formats 1 and 2, of which the first had no detail.
void read_named(Reader& r, std::uint8_t written_as, Record& record) {
  record.actor = r.text();
  if (written_as > 1) record.detail = r.text();
  record.outcome = record.event == Event::request_refused ? Code::refused : Code::accepted;
}

std::optional<Code> code_of(std::uint8_t number) {
  const auto code = static_cast<Code>(number);
  const bool known = number <= static_cast<std::uint8_t>(Code::integrity) || code == Code::internal;
  return known ? std::optional(code) : std::nullopt;
}

bool read_pseudonymous(Reader& r, std::uint8_t outcome, Record& record) {
  const std::uint32_t uid = r.u32();
  if (uid != no_uid) record.uid = uid;
  const auto digest = r.take(record.body_digest.size());
  std::copy(digest.begin(), digest.end(), record.body_digest.begin());
  const auto code = code_of(outcome);
  record.outcome = code.value_or(Code::internal);
  return code.has_value();
}

}  // namespace

std::vector<std::byte> encode(const Record& record) {
  std::vector<std::byte> bytes(fixed_bytes);
  Writer w(bytes);
  w.u8(format);
  w.i64(record.time.time_since_epoch().count());
  w.u8(static_cast<std::uint8_t>(record.event));
  w.u8(static_cast<std::uint8_t>(record.outcome));
  w.put(record.account);
  w.u32(record.uid.value_or(no_uid));
  w.put(record.body_digest);
  bytes.resize(w.used());
  return bytes;
}

std::vector<std::byte> encode_format_2(const Record& record) {
  std::vector<std::byte> bytes(fixed_bytes + record.actor.size() + record.detail.size());
  Writer w(bytes);
  w.u8(2);
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
  const auto event = event_of(r.u8());
  record.event = event.value_or(Event::enrolled);
  const std::uint8_t outcome = written_as >= 3 ? r.u8() : 0;
  const auto account = r.take(record.account.size());
  std::copy(account.begin(), account.end(), record.account.begin());
  bool known = event && written_as >= 1 && written_as <= format;
  if (written_as < 3)
    read_named(r, written_as, record);
  else
    known = read_pseudonymous(r, outcome, record) && known;
  if (!r.finished() || !known) return fail(Code::integrity, "a record of the trail is malformed");
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
