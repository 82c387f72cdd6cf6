#include "audit/record.hpp"

#include <catch2/catch.hpp>
#include <algorithm>

using namespace cred;
using namespace cred::audit;

namespace {

Record full_record() {
  return {Time(std::chrono::milliseconds(1'795'568'523'045)), Event::compromised,
          Uuid{std::byte{7}}, "uid 0 (root) by credctl", "seen in a paste"};
}

}  // namespace

TEST_CASE("a record of the trail comes back as it was written") {
  const auto record = value_or_throw(decode(encode(full_record())));
  CHECK(record.time == full_record().time);
  CHECK(record.event == Event::compromised);
  CHECK(record.account == Uuid{std::byte{7}});
  CHECK(record.actor == "uid 0 (root) by credctl");
  CHECK(record.detail == "seen in a paste");
}

TEST_CASE("a record of format 1 has no detail") {
  auto bytes = encode({full_record().time, Event::enrolled, {}, "test", ""});
  bytes[0] = std::byte{1};
  constexpr std::size_t empty_detail = 4;  // its length alone
  const auto record = value_or_throw(decode(std::span(bytes).first(bytes.size() - empty_detail)));
  CHECK(record.actor == "test");
  CHECK(record.detail.empty());
}

TEST_CASE("a record that is cut short, too long or of an unknown kind is refused") {
  const auto bytes = encode(full_record());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(decode(std::span(bytes).first(size)));
  auto longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode(longer));
  for (const auto& [at, value] : {std::pair{0, 0}, {0, 3}, {9, 0}, {9, 200}}) {
    auto other = bytes;
    other[static_cast<std::size_t>(at)] = static_cast<std::byte>(value);
    CHECK_FALSE(decode(other));
  }
}

TEST_CASE("every event has a word of its own") {
  std::vector<std::string> words;
  for (int event = 1; event <= static_cast<int>(Event::realm_added); ++event) {
    words.emplace_back(word(static_cast<Event>(event)));
    CHECK(words.back() != "unknown");
  }
  std::sort(words.begin(), words.end());
  CHECK(std::adjacent_find(words.begin(), words.end()) == words.end());
}
