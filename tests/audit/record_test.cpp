#include "audit/record.hpp"

#include <catch2/catch.hpp>
#include <algorithm>

using namespace cred;
using namespace cred::audit;

namespace {

Record full_record() {
  Record record;
  record.time = Time(std::chrono::milliseconds(1'795'568'523'045));
  record.event = Event::refused;
  record.outcome = Code::locked;
  record.account = Uuid{std::byte{7}};
  record.uid = 1000;
  record.body_digest.fill(std::byte{9});
  return record;
}

Record named_record(Event event = Event::compromised) {
  Record record;
  record.time = full_record().time;
  record.event = event;
  record.account = Uuid{std::byte{7}};
  record.actor = "uid 0 (root) by credctl";
  record.detail = "seen in a paste";
  return record;
}

std::vector<std::byte> format_1(const Record& record) {
  auto bytes = encode_format_2(record);
  bytes[0] = std::byte{1};
  bytes.resize(bytes.size() - 4 - record.detail.size());
  return bytes;
}

bool names(std::span<const std::byte> bytes, std::string_view text) {
  const auto wanted = std::as_bytes(std::span(text));
  return std::search(bytes.begin(), bytes.end(), wanted.begin(), wanted.end()) != bytes.end();
}

}  // namespace

TEST_CASE("a record of the trail comes back as it was written") {
  const auto record = value_or_throw(decode(encode(full_record())));
  CHECK(record.time == full_record().time);
  CHECK(record.event == Event::refused);
  CHECK(record.outcome == Code::locked);
  CHECK(record.account == Uuid{std::byte{7}});
  CHECK(record.uid == 1000U);
  CHECK(record.has_body());
  CHECK(record.body_digest == full_record().body_digest);
}

TEST_CASE("a record may be about no account, by nobody known and without a body") {
  const auto record = value_or_throw(decode(encode(Record{})));
  CHECK(record.account == Uuid{});
  CHECK_FALSE(record.uid);
  CHECK_FALSE(record.has_body());
}

TEST_CASE("a record names nobody") {
  const auto bytes = encode(named_record());
  CHECK_FALSE(names(bytes, "root"));
  CHECK_FALSE(names(bytes, "paste"));
  CHECK(bytes.size() == encode(Record{}).size());
}

TEST_CASE("the bytes of a record are those of the format's document") {
  const auto bytes = encode(full_record());
  REQUIRE(bytes.size() == 63);
  CHECK(bytes[0] == std::byte{3});
  CHECK(bytes[9] == std::byte{19});
  CHECK(bytes[10] == std::byte{4});
  CHECK(bytes[11] == std::byte{7});
  CHECK((bytes[29] == std::byte{0x03} && bytes[30] == std::byte{0xe8}));
  CHECK((bytes[31] == std::byte{9} && bytes[62] == std::byte{9}));
}

TEST_CASE("records of formats 1 and 2 are still read") {
  const auto second = value_or_throw(decode(encode_format_2(named_record())));
  CHECK(second.actor == "uid 0 (root) by credctl");
  CHECK(second.detail == "seen in a paste");
  CHECK(second.event == Event::compromised);
  CHECK(second.outcome == Code::accepted);
  CHECK(second.account == Uuid{std::byte{7}});
  CHECK_FALSE(second.uid);
  CHECK_FALSE(second.has_body());
  const auto first = value_or_throw(decode(format_1(named_record(Event::request_refused))));
  CHECK(first.actor == "uid 0 (root) by credctl");
  CHECK(first.detail.empty());
  CHECK(first.outcome == Code::refused);
}

TEST_CASE("a record that is cut short, too long or of an unknown kind is refused") {
  for (const auto& bytes : {encode(full_record()), encode_format_2(named_record())}) {
    for (std::size_t size = 0; size < bytes.size(); ++size)
      REQUIRE_FALSE(decode(std::span(bytes).first(size)));
    auto longer = bytes;
    longer.push_back(std::byte{0});
    CHECK_FALSE(decode(longer));
    for (const auto& [at, value] : {std::pair{0U, 0}, {0U, 4}, {9U, 0}, {9U, 47}, {9U, 255}}) {
      auto other = bytes;
      other[at] = static_cast<std::byte>(value);
      CHECK_FALSE(decode(other));
    }
  }
  for (const int outcome : {10, 69, 71, 255}) {
    auto other = encode(full_record());
    other[10] = static_cast<std::byte>(outcome);
    CHECK_FALSE(decode(other));
  }
}

TEST_CASE("every outcome comes back") {
  for (const Code code : {Code::accepted, Code::refused, Code::usage, Code::must_change,
                          Code::locked, Code::not_found, Code::conflict, Code::configuration,
                          Code::unavailable, Code::integrity, Code::internal}) {
    Record record = full_record();
    record.outcome = code;
    CHECK(value_or_throw(decode(encode(record))).outcome == code);
  }
}

TEST_CASE("every event comes back") {
  for (const Event event : all_events()) {
    Record record = full_record();
    record.event = event;
    CHECK(value_or_throw(decode(encode(record))).event == event);
  }
}
