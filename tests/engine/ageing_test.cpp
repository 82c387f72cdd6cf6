#include "engine/ageing.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <set>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

constexpr auto day = 24h;
const engine::Actor actor{"test"};
const std::string right = "Correct-Horse-42";

Time at(int year, unsigned month, unsigned on) {
  return std::chrono::sys_days(std::chrono::year(year) / std::chrono::month(month) / on);
}

// The due day of a password of the account whose id begins so.
Time due_of(Time set_at, unsigned char first, unsigned char second) {
  policy::Options options;
  options.each_quarter = true;
  options.max_age.reset();
  engine::Credential credential;
  credential.set_at = set_at;
  return *engine::due(options, credential, Uuid{std::byte{first}, std::byte{second}});
}

}  // namespace

TEST_CASE("by the quarter a password ends in the last two weeks of the quarter it was set in") {
  CHECK(due_of(at(2026, 1, 1), 0, 0) == at(2026, 4, 1));
  CHECK(due_of(at(2026, 2, 28), 0, 13) == at(2026, 3, 19));
  CHECK(due_of(at(2026, 5, 5), 0, 0) == at(2026, 7, 1));
  CHECK(due_of(at(2026, 11, 24), 0, 0) == at(2027, 1, 1));
}

TEST_CASE("a password that was set in the last two weeks of a quarter counts for the next") {
  CHECK(due_of(at(2026, 3, 17), 0, 0) == at(2026, 4, 1));
  CHECK(due_of(at(2026, 3, 18), 0, 0) == at(2026, 7, 1));
  CHECK(due_of(at(2026, 12, 31), 0, 1) == at(2027, 3, 31));
}

TEST_CASE("not everybody changes on one day") {
  std::set<Time> days;
  for (int i = 0; i < 14; ++i)
    days.insert(due_of(at(2026, 1, 5), 0, static_cast<unsigned char>(i)));
  CHECK(days.size() == 14);
  CHECK(*days.begin() == at(2026, 3, 19));
  CHECK(*days.rbegin() == at(2026, 4, 1));
}

TEST_CASE("by the quarter a login after the due day demands a change") {
  TestRealm realm([](auto& c) {
    c.policy.options.each_quarter = true;
    c.policy.options.max_age.reset();
  });
  realm.enrol("alice", right);
  const auto due = *realm.open().standing("alice")->due;
  CHECK(due > realm.clock->now());
  realm.clock->set(due - 1s);
  CHECK(realm.open().standing("alice")->warn);
  CHECK(realm.login("alice", right) == Code::accepted);
  realm.clock->set(due);
  CHECK(realm.login("alice", right) == Code::must_change);
}

TEST_CASE("an exempted password does not expire until the exemption ends") {
  TestRealm realm;
  realm.enrol("alice", right);
  const Time start = realm.clock->now();
  REQUIRE(realm.open().exempt("alice", start + 120 * day, "parental leave", actor));
  CHECK(realm.open().status("alice")->exempt_reason == "parental leave");
  realm.clock->set(start + 119 * day);
  CHECK(realm.login("alice", right) == Code::accepted);
  realm.clock->set(start + 120 * day);
  CHECK(realm.login("alice", right) == Code::must_change);
  CHECK_FALSE(realm.open().status("alice")->exempt_until);
}

TEST_CASE("an exemption lets in a password that has expired, and can be ended") {
  TestRealm realm;
  realm.enrol("alice", right);
  const Time start = realm.clock->now();
  realm.clock->set(start + 91 * day);
  REQUIRE(realm.login("alice", right) == Code::must_change);
  REQUIRE(realm.open().exempt("alice", start + 100 * day, "migration weekend", actor));
  CHECK(realm.login("alice", right) == Code::accepted);
  REQUIRE(realm.open().exempt("alice", start, "migration is over", actor));
  CHECK(realm.login("alice", right) == Code::must_change);
}

TEST_CASE("an exemption needs a reason and an end within a year") {
  TestRealm realm;
  realm.enrol("alice", right);
  const Time now = realm.clock->now();
  CHECK(realm.open().exempt("alice", now + day, "", actor).error().code == Code::usage);
  CHECK(realm.open().exempt("alice", now + 400 * day, "why not", actor).error().code ==
        Code::usage);
  CHECK(realm.open().exempt("bob", now + day, "why not", actor).error().code == Code::not_found);
}

TEST_CASE("an exemption does not undo a compromise") {
  TestRealm realm;
  realm.enrol("alice", right);
  REQUIRE(realm.open().compromise("alice", "seen in a mail", false, actor));
  REQUIRE(realm.open().exempt("alice", realm.clock->now() + day, "on a trip", actor));
  CHECK(realm.login("alice", right) == Code::must_change);
}

TEST_CASE("a compromised password only lets its owner change it, or nobody with lock") {
  TestRealm realm;
  realm.enrol("alice", right);
  CHECK(realm.open().compromise("alice", "", false, actor).error().code == Code::usage);
  REQUIRE(realm.open().compromise("alice", "seen in a mail", false, actor));
  CHECK(realm.login("alice", right) == Code::must_change);
  CHECK(realm.open().standing("alice")->reason == engine::Reason::compromised);
  REQUIRE(realm.open().compromise("alice", "seen in a mail", true, actor));
  CHECK(realm.login("alice", right) == Code::locked);
}

TEST_CASE("an account that nobody used for max_idle is refused until its password is reset") {
  TestRealm realm([](auto& c) {
    c.policy.options.max_idle = 30 * day;
    c.policy.options.max_age.reset();
  });
  realm.enrol("alice", right);
  const Time start = realm.clock->now();
  realm.clock->set(start + 29 * day);
  CHECK(realm.login("alice", right) == Code::accepted);
  realm.clock->set(start + 58 * day);
  CHECK(realm.login("alice", right) == Code::accepted);
  realm.clock->set(start + 88 * day);
  CHECK(realm.login("alice", right) == Code::locked);
  CHECK(realm.login("alice", right) == Code::locked);
  CHECK(realm.open().standing("alice")->reason == engine::Reason::idle);
  REQUIRE(realm.open().reset("alice", secret("Distelfink+Zaun4"), false, actor));
  CHECK(realm.login("alice", "Distelfink+Zaun4") == Code::accepted);
}

TEST_CASE("after max_failures nothing is looked at until the lockout ends") {
  TestRealm realm([](auto& c) {
    c.policy.options.max_failures = 10;
    c.policy.options.lockout = 30min;
  });
  realm.enrol("alice", right);
  for (int i = 0; i < 10; ++i) {
    REQUIRE(realm.login("alice", "Wrong-Horse-1") == Code::refused);
    if (i < 9) realm.clock->advance(1h);
  }
  CHECK(realm.open().status("alice")->failures == 10);
  realm.clock->advance(29min);
  CHECK(realm.login("alice", right) == Code::refused);
  realm.clock->advance(1min);
  CHECK(realm.login("alice", right) == Code::accepted);
}

TEST_CASE("without a lockout time an administrator ends the block after max_failures") {
  TestRealm realm([](auto& c) {
    c.policy.options.max_failures = 6;
    c.policy.options.max_age.reset();
  });
  realm.enrol("alice", right);
  for (int i = 0; i < 6; ++i) {
    REQUIRE(realm.login("alice", "Wrong-Horse-1") == Code::refused);
    realm.clock->advance(2h);
  }
  realm.clock->advance(365 * day);
  CHECK(realm.login("alice", right) == Code::refused);
  REQUIRE(realm.open().set_state("alice", engine::State::locked, engine::State::active, actor));
  CHECK(realm.login("alice", right) == Code::accepted);
}

TEST_CASE("a profile is altered, checked, and looked for in new passwords") {
  TestRealm realm;
  realm.enrol("alice", right);
  REQUIRE(realm.open().set_profile(
      "alice", [](engine::Profile& p) { p.full_name = "Alice Wonderly"; }, actor));
  CHECK(realm.open().status("alice")->profile.full_name == "Alice Wonderly");
  CHECK(realm.login("alice", right) == Code::accepted);
  const auto report =
      realm.open().check("alice", nullptr, secret("Wonderly-Zebr9"), engine::Realm::Depth::rules);
  CHECK(report->refused());
  CHECK(realm.open()
            .set_profile(
                "alice", [](engine::Profile& p) { p.birth_date = "3.4.87"; }, actor)
            .error()
            .code == Code::usage);
}
