#include "audit/event.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>
#include <vector>

using namespace cred;
using namespace cred::audit;

TEST_CASE("the numbers of events are those of the format's document") {
  const std::vector<std::string> document = {"enrolled",
                                             "changed",
                                             "reset",
                                             "expired",
                                             "locked",
                                             "unlocked",
                                             "rehashed",
                                             "aged_out",
                                             "disabled",
                                             "enabled",
                                             "profile_set",
                                             "exempted",
                                             "compromised",
                                             "data_unusable",
                                             "attempts_cleared",
                                             "request_refused",
                                             "realm_added",
                                             "authenticated",
                                             "refused",
                                             "erased",
                                             "exported",
                                             "realm_suspended",
                                             "realm_resumed",
                                             "realm_expired",
                                             "realm_erased",
                                             "root_key_rotated",
                                             "data_key_rotated",
                                             "data_key_retired",
                                             "key_destroyed",
                                             "rollback_noticed",
                                             "rollback_accepted",
                                             "trail_pruned",
                                             "backup_created",
                                             "restored",
                                             "grant_added",
                                             "grant_ended",
                                             "grant_used",
                                             "one_time_expired",
                                             "trail_started",
                                             "session_ended",
                                             "tampering_noticed",
                                             "maintained",
                                             "viewed",
                                             "imported",
                                             "scanned"};
  REQUIRE(all_events().size() == document.size());
  std::uint8_t number = 0;
  for (std::size_t i = 0; i < document.size(); ++i) {
    number = document[i] == "scanned" ? std::uint8_t{46} : static_cast<std::uint8_t>(number + 1);
    const auto event = event_of(number);
    REQUIRE(event);
    CHECK(*event == all_events()[i]);
    CHECK(word(*event) == document[i]);
  }
}

TEST_CASE("every event has a word and a description of its own, and is found by its word") {
  std::vector<std::string> words;
  std::vector<std::string> descriptions;
  for (const Event event : all_events()) {
    words.emplace_back(word(event));
    descriptions.emplace_back(description(event));
    CHECK(event_of(std::string_view(words.back())) == event);
  }
  for (auto& texts : {&words, &descriptions}) {
    std::sort(texts->begin(), texts->end());
    CHECK(std::adjacent_find(texts->begin(), texts->end()) == texts->end());
  }
}

TEST_CASE("what is no event has neither number nor word") {
  CHECK_FALSE(event_of(std::uint8_t{0}));
  CHECK_FALSE(event_of(std::uint8_t{47}));
  CHECK_FALSE(event_of(std::string_view("")));
  CHECK_FALSE(event_of(std::string_view("unknown")));
  CHECK_FALSE(event_of(std::string_view("Changed")));
  CHECK(std::string(word(static_cast<Event>(47))) == "unknown");
}

TEST_CASE("a misspelled event is answered with the nearest right word") {
  CHECK(parse_event("realm_added") == Event::realm_added);
  const auto misspelled = parse_event("authentication");
  REQUIRE_FALSE(misspelled);
  CHECK(misspelled.error().code == Code::usage);
  CHECK_THAT(misspelled.error().message,
             Catch::Contains("'authentication'") && Catch::Contains("'authenticated'"));
  CHECK_THAT(parse_event("realm_suspend").error().message, Catch::Contains("'realm_suspended'"));
  const auto endless = parse_event(std::string(1'000'000, 'a'));
  REQUIRE_FALSE(endless);
  CHECK(endless.error().message.size() < 200);
}
