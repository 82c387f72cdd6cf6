// Messages are looked through for an account's own password.

#include "engine/realm_parts.hpp"
#include "hash/argon2id.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::test;

namespace {

const engine::Actor actor{"milter"};
constexpr const char* right = "Correct7horse";
constexpr const char* mail = "Hi,\nmy password is Correct7horse I think.\n";

std::vector<engine::TrailEntry> records(engine::Realm& realm, const std::string& event) {
  std::vector<engine::TrailEntry> all;
  value_or_throw(realm.trail(0, [&](const engine::TrailEntry& entry) {
    if (entry.event == event) all.push_back(entry);
    return true;
  }));
  return all;
}

}  // namespace

TEST_CASE("a message with the account's password is a compromise of it") {
  const TestRealm site;
  site.enrol("alice", right);
  auto realm = site.open();
  const auto scan = realm.scan("alice", mail, "<20261125.1@example.org>", actor);
  REQUIRE(scan);
  CHECK(scan->found);
  CHECK(scan->hashed == 1);
  const auto status = value_or_throw(realm.status("alice"));
  CHECK(status.standing.reason == engine::Reason::compromised);
  CHECK(status.session_epoch == 1);
  CHECK(site.login("alice", right) == Code::must_change);
  const auto marks = records(realm, "compromised");
  REQUIRE(marks.size() == 1);
  CHECK(marks[0].account == "alice");
  CHECK(marks[0].detail == "the password stands in message 20261125.1@example.org");
  const auto scans = records(realm, "scanned");
  REQUIRE(scans.size() == 1);
  CHECK(scans[0].detail == "message 20261125.1@example.org: 1 of 1 words were tried");
  // Once more: it is known already.
  CHECK(value_or_throw(realm.scan("alice", mail, "2", actor)).found);
  CHECK(records(realm, "compromised").size() == 1);
  for (const auto& entry : records(realm, "scanned"))
    CHECK(entry.detail.find(right) == std::string::npos);
}

TEST_CASE("an ordinary message, and another's password, change nothing") {
  const TestRealm site;
  site.enrol("alice", right);
  site.enrol("bob", "Tricky4Battery");
  auto realm = site.open();
  const auto before = hash::computed();
  const auto ordinary = value_or_throw(realm.scan("alice", "See you at ten.", "1", actor));
  CHECK_FALSE(ordinary.found);
  CHECK(ordinary.candidates == 0);
  CHECK(hash::computed() == before);
  CHECK(records(realm, "scanned").empty());
  const auto others = value_or_throw(realm.scan("bob", mail, "2", actor));
  CHECK_FALSE(others.found);
  CHECK(others.hashed == 1);
  CHECK(site.login("alice", right) == Code::accepted);
  CHECK(site.login("bob", "Tricky4Battery") == Code::accepted);
}

TEST_CASE("a name that is no account's costs and answers what no hit does") {
  const TestRealm site;
  site.enrol("bob", "Tricky4Battery");
  auto realm = site.open();
  const auto cost = [&](const char* name) {
    const auto before = hash::computed();
    const auto scan = value_or_throw(realm.scan(name, mail, "1", actor));
    CHECK_FALSE(scan.found);
    CHECK(scan.candidates == 1);
    CHECK(scan.hashed == 1);
    return hash::computed() - before;
  };
  const auto known = cost("bob");
  CHECK(cost("nobody") == known);
  const auto scans = records(realm, "scanned");
  REQUIRE(scans.size() == 2);
  CHECK(scans[1].account.empty());
}

TEST_CASE("a message gets 32 tries, and the messages of a day 2,000, for any name") {
  const TestRealm site;
  site.enrol("alice", right);
  auto realm = site.open();
  std::string guesses;
  for (int i = 0; i < 40; ++i) guesses += "Guessing9badly" + std::to_string(i) + " ";
  for (const char* name : {"alice", "nobody"}) {
    std::size_t hashed = 0;
    engine::Scan last;
    for (int i = 0; i < 70; ++i) {
      last = value_or_throw(realm.scan(name, guesses, std::to_string(i), actor));
      CHECK(last.limited);
      CHECK(last.hashed <= 32);
      hashed += last.hashed;
    }
    CHECK(hashed == 2'000);
    CHECK(last.hashed == 0);
  }
  // Not even the right one is tried then; the next day it is. Logins go on.
  CHECK_FALSE(value_or_throw(realm.scan("alice", mail, "a", actor)).found);
  CHECK(site.login("alice", right) == Code::accepted);
  site.clock->advance(std::chrono::hours(24));
  CHECK(value_or_throw(realm.scan("alice", mail, "b", actor)).found);
}

TEST_CASE("the count of a day outlives an administrator's word, and shows nowhere") {
  const TestRealm site;
  site.enrol("alice", right);
  auto realm = site.open();
  std::string guesses;
  for (int i = 0; i < 40; ++i) guesses += "Guessing9badly" + std::to_string(i) + " ";
  for (int i = 0; i < 63; ++i)
    (void)value_or_throw(realm.scan("alice", guesses, std::to_string(i), actor));
  value_or_throw(realm.forget_attempts("alice", actor));
  CHECK(value_or_throw(realm.scan("alice", guesses, "x", actor)).hashed == 0);
  CHECK(value_or_throw(realm.failed_attempts("alice")).empty());
  CHECK(value_or_throw(realm.failed_attempts(std::nullopt)).empty());
  CHECK_FALSE(value_or_throw(realm.status("alice")).last_login);
}

TEST_CASE("an erased account's count goes with it") {
  const TestRealm site;
  site.enrol("alice", right);
  auto realm = site.open();
  const auto counters = [&] {
    std::size_t count = 0;
    store::open(site.configuration.store_url)
        ->realm("system")
        ->begin(store::Access::read)
        ->each_counter([&](const store::Counter&) { return ++count < 100; });
    return count;
  };
  (void)value_or_throw(realm.scan("alice", "Guessing9badly", "1", actor));
  CHECK(counters() == 1);
  value_or_throw(realm.erase("alice", actor));
  CHECK(counters() == 0);
}

TEST_CASE("an id that is none is refused before anything is tried") {
  const TestRealm site;
  site.enrol("alice", right);
  auto realm = site.open();
  for (const std::string& id : {std::string(), std::string("two words"), std::string(129, 'x'),
                                std::string("line\nbreak"), std::string("<>\x7f")}) {
    const auto scan = realm.scan("alice", mail, id, actor);
    REQUIRE_FALSE(scan);
    CHECK(scan.error().code == Code::usage);
  }
  CHECK(site.login("alice", right) == Code::accepted);
}
