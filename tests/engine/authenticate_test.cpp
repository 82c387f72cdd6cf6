#include "engine/engine.hpp"

#include "hash/argon2id.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {
const std::string right = "Correct-Horse-42";
constexpr auto day = 24h;

std::uint64_t hashes_of(const std::function<void()>& work) {
  const auto before = hash::computed();
  work();
  return hash::computed() - before;
}
}  // namespace

TEST_CASE("the right password is accepted and a wrong one refused") {
  TestRealm realm;
  realm.enrol("alice", right);
  CHECK(realm.login("alice", right) == Code::accepted);
  CHECK(realm.login("alice", right + " ") == Code::refused);
  CHECK(realm.login("alice", "correct-horse-42") == Code::refused);
  CHECK(realm.login("Alice", right) == Code::refused);
}

TEST_CASE("promise: an unknown name is refused after the same work") {
  TestRealm realm;
  realm.enrol("alice", right);
  const auto known =
      hashes_of([&] { CHECK(realm.login("alice", "Wrong-Horse-1") == Code::refused); });
  const auto unknown =
      hashes_of([&] { CHECK(realm.login("bob", "Wrong-Horse-1") == Code::refused); });
  const auto junk =
      hashes_of([&] { CHECK(realm.login("bob", "\b\n\r\177INCORRECT") == Code::refused); });
  CHECK(known == 1);
  CHECK(unknown == 1);
  CHECK(junk == 1);
}

TEST_CASE("composed and decomposed umlauts log in alike") {
  TestRealm realm;
  realm.enrol("alice", "Sch\u00f6ner-Tag-42");
  CHECK(realm.login("alice", "Scho\u0308ner-Tag-42") == Code::accepted);
}

TEST_CASE("a password expires after 90 days, with a warning in the last 14") {
  TestRealm realm;
  realm.enrol("alice", right);
  realm.clock->advance(75 * day);
  CHECK_FALSE(realm.open().standing("alice")->warn);
  realm.clock->advance(2 * day);
  CHECK(realm.open().standing("alice")->warn);
  CHECK(realm.login("alice", right) == Code::accepted);
  realm.clock->advance(13 * day);
  CHECK(realm.login("alice", right) == Code::must_change);
  CHECK(realm.open().standing("alice")->reason == engine::Reason::expired);
}

TEST_CASE("a clock set back never makes an expired password fresh") {
  TestRealm realm;
  realm.enrol("alice", right);
  realm.clock->advance(91 * day);
  REQUIRE(realm.login("alice", right) == Code::must_change);
  realm.clock->advance(-90 * day);
  CHECK(realm.login("alice", right) == Code::must_change);
}

TEST_CASE("a password that expired longer ago than the grace period opens nothing") {
  TestRealm realm([](auto& c) { c.policy.options.grace = 10 * day; });
  realm.enrol("alice", right);
  realm.clock->advance(95 * day);
  CHECK(realm.login("alice", right) == Code::must_change);
  realm.clock->advance(6 * day);
  CHECK(realm.login("alice", right) == Code::locked);
  CHECK(realm.open().standing("alice")->reason == engine::Reason::grace_over);
}

TEST_CASE("a locked account tells so to the right password alone") {
  TestRealm realm;
  realm.enrol("alice", right);
  REQUIRE(realm.open().set_state("alice", engine::State::active, engine::State::locked, {"test"}));
  CHECK(realm.login("alice", right) == Code::locked);
  CHECK(realm.login("alice", "Wrong-Horse-1") == Code::refused);
  REQUIRE(realm.open().set_state("alice", engine::State::locked, engine::State::active, {"test"}));
  CHECK(realm.login("alice", right) == Code::accepted);
}

TEST_CASE("the right password of a locked account does not clear its failures") {
  TestRealm realm;
  realm.enrol("alice", right);
  CHECK(realm.login("alice", "Wrong-Horse-1") == Code::refused);
  REQUIRE(realm.open().set_state("alice", engine::State::active, engine::State::locked, {"test"}));
  CHECK(realm.login("alice", right) == Code::locked);
  CHECK(realm.open().status("alice")->failures == 1);
}

TEST_CASE("a disabled account is not unlocked, nor a locked one enabled") {
  using engine::State;
  TestRealm realm;
  realm.enrol("alice", right);
  const auto set = [&](State from, State to) {
    const auto done = realm.open().set_state("alice", from, to, {"test"});
    return done ? Code::accepted : done.error().code;
  };
  CHECK(set(State::active, State::disabled) == Code::accepted);
  CHECK(set(State::locked, State::active) == Code::conflict);
  CHECK(set(State::active, State::locked) == Code::conflict);
  CHECK(realm.login("alice", right) == Code::locked);
  CHECK(set(State::disabled, State::active) == Code::accepted);
  CHECK(realm.login("alice", right) == Code::accepted);
}

TEST_CASE("unlocking ends the wait after failures") {
  using engine::State;
  TestRealm realm;
  realm.enrol("alice", right);
  for (int i = 0; i < 5; ++i) (void)realm.login("alice", "Wrong-Horse-1");
  REQUIRE(realm.login("alice", right) == Code::refused);
  REQUIRE(realm.open().set_state("alice", State::locked, State::active, {"test"}));
  CHECK(realm.login("alice", right) == Code::accepted);
}

TEST_CASE("a login with outdated parameters rewrites the credential, once") {
  TestRealm realm;
  realm.enrol("alice", right);
  realm.configuration.hash = {128, 2, 1};
  CHECK(hashes_of([&] { CHECK(realm.login("alice", right) == Code::accepted); }) == 2);
  CHECK(realm.open().status("alice")->parameters == hash::Parameters{128, 2, 1});
  CHECK(hashes_of([&] { CHECK(realm.login("alice", right) == Code::accepted); }) == 1);
  CHECK(realm.open().status("alice")->generation == 2);
}

TEST_CASE("a wrong login with outdated parameters rewrites nothing") {
  TestRealm realm;
  realm.enrol("alice", right);
  realm.configuration.hash = {128, 2, 1};
  CHECK(realm.login("alice", "Wrong-Horse-1") == Code::refused);
  CHECK(realm.open().status("alice")->generation == 1);
}
