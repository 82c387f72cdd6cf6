// What the trail stores: records, their bodies and checkpoints; and that whatever a body
// holds is exported as one line.

#include "audit/body.hpp"
#include "audit/checkpoint.hpp"
#include "audit/export.hpp"
#include "audit/record.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

using namespace cred;

namespace {

void check(bool right) {
  if (!right) std::abort();
}

bool same(std::span<const std::byte> a, std::span<const std::byte> b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void read_record(std::span<const std::byte> bytes) {
  const auto record = audit::decode(bytes);
  if (!record) return;
  const auto format = std::to_integer<int>(bytes[0]);
  if (format == 3) check(same(audit::encode(*record), bytes));
  if (format == 2) check(same(audit::encode_format_2(*record), bytes));
}

void is_one_line(const std::string& line) {
  check(!line.empty() && std::none_of(line.begin(), line.end(), [](char c) {
    return static_cast<unsigned char>(c) < ' ' || c == '\x7f';
  }));
}

void read_body(std::span<const std::byte> bytes) {
  const auto body = audit::decode_body(bytes);
  if (!body) return;
  const auto again = audit::decode_body(audit::encode(*body));
  check(again && again->actor == body->actor && again->source == body->source &&
        again->service == body->service && again->tty == body->tty &&
        again->detail == body->detail);
  audit::ExportedRecord record;
  record.host = record.event = record.account = body->detail;
  record.actor = body->actor;
  record.source = body->source;
  record.service = body->service;
  record.tty = body->tty;
  record.detail = body->detail;
  is_one_line(audit::to_json_line(record));
  is_one_line(audit::to_syslog(record));
  is_one_line(audit::to_cef(record));
}

void read_checkpoint(std::span<const std::byte> bytes) {
  const auto checkpoint = audit::decode_checkpoint(bytes);
  if (!checkpoint) return;
  check(same(audit::encode(*checkpoint), bytes));
  (void)audit::verify(*checkpoint, {}, checkpoint->public_key);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  read_record(bytes);
  read_body(bytes);
  read_checkpoint(bytes);
  (void)audit::parse_fingerprint({reinterpret_cast<const char*>(data), size});
  return 0;
}
