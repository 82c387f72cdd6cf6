// What owners are told at a login, and what the system's log is told of it all.
#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>
#include <mutex>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;
using engine::Means;

namespace {

const std::string right = "Correct-Horse-42";
const std::string wrong = "Wrong-Horse-1";
const engine::Origin home{"host 192.0.2.1", "sshd", "ssh"};

}  // namespace

TEST_CASE("a session tells when and from where the last one was, and of failures since") {
  TestRealm test;
  test.enrol("alice", right);
  auto realm = test.open();
  const auto fail_from = [&](const char* host) {
    REQUIRE(value_or_throw(realm.authenticate("alice", secret(wrong), {host})).code ==
            Code::refused);
  };
  fail_from("host 198.51.100.1");
  const auto first = value_or_throw(realm.begin_session("alice", home, "192.0.2.1"));
  CHECK_FALSE(first.login);
  CHECK(first.failures_since == 1);

  const Time began = test.clock->now();
  test.clock->advance(1h);
  fail_from("host 198.51.100.1");
  fail_from("host 198.51.100.2");
  // A right password forgives its own source, and hides nothing from its owner.
  REQUIRE(test.login("alice", right) == Code::accepted);
  const auto second = value_or_throw(realm.begin_session("alice", {"uid 0", "login", "tty1"}, ""));
  REQUIRE(second.login);
  CHECK(second.login->at == began);
  CHECK(second.login->host == "192.0.2.1");
  CHECK(second.login->service == "sshd");
  CHECK(second.failures_since == 2);
  const auto third = value_or_throw(realm.last_login("alice"));
  CHECK(third.login->tty == "tty1");
  CHECK(third.login->host.empty());
  CHECK(third.failures_since == 0);
  CHECK(realm.begin_session("nobody", home, "").error().code == Code::not_found);
}

TEST_CASE("an account's last session cannot be moved to another account") {
  TestRealm test;
  test.enrol("alice", right);
  test.enrol("bob", right);
  auto realm = test.open();
  for (const char* name : {"alice", "bob"}) REQUIRE(realm.begin_session(name, home, "192.0.2.1"));
  SQLite::Database database(test.directory / "cred.db", SQLite::OPEN_READWRITE);
  database.exec(
      "UPDATE attempts SET last_login = (SELECT last_login FROM attempts AS other "
      "WHERE other.subject > attempts.subject) WHERE subject = "
      "(SELECT min(subject) FROM attempts)");
  int unopened = 0;
  for (const char* name : {"alice", "bob"}) {
    const auto last = realm.last_login(name);
    unopened += !last && last.error().code == Code::integrity ? 1 : 0;
  }
  CHECK(unopened == 1);
}

TEST_CASE("expiry stops passwords, and neither keys nor jobs unless the policy says so") {
  for (const bool stops : {false, true}) {
    TestRealm test([&](engine::Configuration& c) {
      c.policy.options.expiry_stops_all = stops;
      c.policy.options.grace = Duration(24h * 30);
    });
    test.enrol("alice", right);
    auto realm = test.open();
    const auto standing = [&](Means means) {
      return value_or_throw(realm.standing("alice", means));
    };
    CHECK(standing(Means::other).code == Code::accepted);
    CHECK(standing(Means::other).reason == engine::Reason::none);
    test.clock->advance(24h * 91);
    CHECK(standing(Means::password).code == Code::must_change);
    CHECK(standing(Means::other).code == (stops ? Code::must_change : Code::accepted));
    CHECK(standing(Means::other).reason == engine::Reason::expired);
    test.clock->advance(24h * 31);
    CHECK(standing(Means::password).code == Code::locked);
    CHECK(standing(Means::other).code == (stops ? Code::locked : Code::accepted));
    CHECK(standing(Means::other).reason == engine::Reason::grace_over);
  }
}

TEST_CASE("a compromise mark spares keys and jobs, and with a lock stops them all") {
  TestRealm test;
  test.enrol("alice", right);
  auto realm = test.open();
  REQUIRE(realm.compromise("alice", "seen in a paste", false, {"test"}));
  CHECK(value_or_throw(realm.standing("alice")).code == Code::must_change);
  CHECK(value_or_throw(realm.standing("alice", Means::other)).code == Code::accepted);
  REQUIRE(realm.compromise("alice", "seen in a paste", true, {"test"}));
  CHECK(value_or_throw(realm.standing("alice", Means::other)).code == Code::locked);
  REQUIRE(realm.set_state("alice", engine::State::locked, engine::State::disabled, {"test"}));
  CHECK(value_or_throw(realm.standing("alice", Means::other)).code == Code::locked);
}

TEST_CASE("every security event is told once, without passwords or names that are no account's") {
  TestRealm test;
  std::mutex mutex;
  std::vector<audit::SecurityEvent> told;
  auto engine = value_or_throw(
      engine::Engine::open(test.configuration, test.clock, [&](const audit::SecurityEvent& event) {
        const std::lock_guard lock(mutex);
        told.push_back(event);
      }));
  auto realm = value_or_throw(engine.realm("system"));
  const auto last = [&](const char* event, const char* outcome, const char* account) {
    REQUIRE_FALSE(told.empty());
    const auto& seen = told.back();
    CHECK(seen.event == event);
    CHECK(seen.outcome == outcome);
    CHECK(seen.account == account);
    CHECK(seen.realm == "system");
    const std::string json = audit::to_json(seen);
    for (const auto& secret_text : {right, wrong, std::string("Typed2early")})
      CHECK(json.find(secret_text) == std::string::npos);
    const std::size_t count = told.size();
    told.clear();
    return count;
  };
  REQUIRE(value_or_throw(realm.enrol("alice", {}, secret(right), false, {"test"})).code ==
          Code::accepted);
  CHECK(last("enrolled", "accepted", "alice") == 1);
  REQUIRE(realm.authenticate("alice", secret(right), home));
  CHECK(told.back().source == "host 192.0.2.1");
  CHECK(told.back().service == "sshd");
  CHECK(last("authentication", "accepted", "alice") == 1);
  REQUIRE(realm.authenticate("alice", secret(wrong), home));
  CHECK(told.back().reason == "wrong");
  CHECK(last("authentication", "refused", "alice") == 1);
  REQUIRE(realm.authenticate("Typed2early", secret(right), home));
  CHECK(last("authentication", "refused", "") == 1);
  for (int i = 0; i < 5; ++i) REQUIRE(realm.authenticate("alice", secret(wrong), home));
  CHECK(told.back().reason == "waiting");
  CHECK(last("authentication", "refused", "alice") == 5);
  REQUIRE(realm.begin_session("alice", home, "192.0.2.1"));
  CHECK(last("session", "accepted", "alice") == 1);
  REQUIRE(realm.change("alice", secret(right), secret("Purple-Tractor-77"), {"alice"}));
  CHECK(last("changed", "accepted", "alice") == 2);
  REQUIRE(realm.reset("alice", secret("short"), false, {"root"}));
  CHECK(last("reset", "refused", "alice") == 1);
  REQUIRE(realm.compromise("alice", "seen", true, {"root"}));
  CHECK(last("compromised", "accepted", "alice") == 1);
  REQUIRE(realm.note_refusal({"uid 1000"}, "asked to reset a password"));
  CHECK(told.back().actor == "uid 1000");
  CHECK(last("request_refused", "refused", "") == 1);
}

TEST_CASE("a realm that is added has a key and accounts of its own") {
  TestRealm test;
  test.enrol("alice", right);
  auto engine = value_or_throw(engine::Engine::open(test.configuration, test.clock));
  REQUIRE(engine.add_realm("shop", {"test"}));
  CHECK(engine.add_realm("shop", {"test"}).error().code == Code::conflict);
  CHECK(engine.add_realm("a/b", {"test"}).error().code == Code::usage);
  CHECK(value_or_throw(engine.realms()) == std::vector<std::string>{"shop", "system"});
  auto shop = value_or_throw(engine.realm("shop"));
  CHECK(shop.status("alice").error().code == Code::not_found);
}
