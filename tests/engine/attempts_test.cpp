#include "engine/attempts.hpp"

#include "hash/argon2id.hpp"
#include "support/temporary.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;
using engine::AttemptCounter;
using Reservation = AttemptCounter::Reservation;

namespace {

const std::string right = "Correct-Horse-42";
const std::string wrong = "Wrong-Horse-1";

struct Counting {
  TestRealm realm{[](engine::Configuration& c) { c.attempts.patience = 50ms; }};
  std::unique_ptr<store::Store> store = store::open(realm.configuration.store_url);
  std::unique_ptr<store::RealmStore> rows = store->realm("system");
  AttemptCounter counter() const {
    return {*rows, *realm.clock, realm.configuration.attempts,
            engine::Subjects{{std::byte{1}}, {std::byte{2}}, {}}};
  }
  AttemptCounter::Standing standing() const {
    return counter().standing(*rows->begin(store::Access::read));
  }
  void settle(AttemptCounter& attempt, engine::Outcome outcome) const {
    const auto transaction = rows->begin(store::Access::write);
    attempt.settle(*transaction, outcome);
    transaction->commit();
  }
  void fail(int times) const {
    for (int i = 0; i < times; ++i) {
      auto attempt = counter();
      REQUIRE(attempt.reserve() == Reservation::granted);
      settle(attempt, engine::Outcome::wrong);
    }
  }
};

}  // namespace

TEST_CASE("the threshold's worth of failures is hashed, and no more") {
  TestRealm realm;
  realm.enrol("alice", right);
  const auto before = hash::computed();
  for (int i = 0; i < 20; ++i) CHECK(realm.login("alice", wrong) == Code::refused);
  CHECK(hash::computed() - before == 5);
}

TEST_CASE("delays double with every failure past the threshold") {
  Counting c;
  c.fail(5);
  CHECK(c.counter().reserve() == Reservation::blocked);
  CHECK(c.standing().blocked_until == c.realm.clock->now() + 30s);
  c.realm.clock->advance(29s);
  CHECK(c.counter().reserve() == Reservation::blocked);
  c.realm.clock->advance(1s);
  c.fail(1);
  CHECK(c.standing().blocked_until == c.realm.clock->now() + 60s);
  c.realm.clock->advance(60s);
  c.fail(1);
  CHECK(c.standing().blocked_until == c.realm.clock->now() + 120s);
}

TEST_CASE("a delay never grows beyond an hour") {
  Counting c;
  c.fail(5);
  for (int i = 0; i < 30; ++i) {
    c.realm.clock->advance(1h);
    c.fail(1);
  }
  CHECK(c.standing().blocked_until == c.realm.clock->now() + 1h);
}

TEST_CASE("after a delay one attempt at a time is let through") {
  Counting c;
  c.fail(5);
  c.realm.clock->advance(30s);
  auto first = c.counter();
  CHECK(first.reserve() == Reservation::granted);
  CHECK(c.counter().reserve() == Reservation::crowded);
  c.settle(first, engine::Outcome::right);
  CHECK(c.standing().failures == 0);
}

TEST_CASE("a success clears the failures") {
  Counting c;
  c.fail(4);
  CHECK(c.standing().attempts_left == 1);
  auto attempt = c.counter();
  REQUIRE(attempt.reserve() == Reservation::granted);
  c.settle(attempt, engine::Outcome::right);
  CHECK(c.standing().attempts_left == 5);
}

TEST_CASE("an attempt beyond the open ones waits for their outcome") {
  Counting c;
  std::vector<AttemptCounter> open;
  for (int i = 0; i < 5; ++i) {
    open.push_back(c.counter());
    REQUIRE(open.back().reserve() == Reservation::granted);
  }
  CHECK(c.counter().reserve() == Reservation::crowded);
  std::thread settler([&] { c.settle(open[0], engine::Outcome::right); });
  c.realm.configuration.attempts.patience = 30s;
  CHECK(c.counter().reserve() == Reservation::granted);
  settler.join();
}

TEST_CASE("a lease left by a killed process counts as a failure when its time is over") {
  Counting c;
  REQUIRE(c.counter().reserve() == Reservation::granted);
  CHECK(c.standing().failures == 0);
  CHECK(c.standing().attempts_left == 4);
  c.realm.clock->advance(20s);
  CHECK(c.standing().failures == 1);
  c.fail(1);
  CHECK(c.standing().failures == 2);
}

TEST_CASE("an outcome that comes after its lease's time is not counted twice") {
  Counting c;
  auto slow = c.counter();
  REQUIRE(slow.reserve() == Reservation::granted);
  c.realm.clock->advance(21s);
  c.fail(1);
  c.settle(slow, engine::Outcome::wrong);
  CHECK(c.standing().failures == 2);
}

TEST_CASE("a clock set back does not prolong a delay or a lease") {
  Counting c;
  REQUIRE(c.counter().reserve() == Reservation::granted);
  c.fail(4);
  c.realm.clock->advance(-24h * 365);
  CHECK(c.standing().failures == 5);
  auto attempt = c.counter();
  CHECK(attempt.reserve() != Reservation::crowded);
}

TEST_CASE("promise: 64 wrong guesses at once get no more tries than the threshold") {
  TestRealm realm;
  realm.enrol("alice", right);
  const auto before = hash::computed();
  std::atomic<int> refused{0};
  std::vector<std::thread> guessers;
  for (int i = 0; i < 64; ++i)
    guessers.emplace_back([&] { refused += realm.login("alice", wrong) == Code::refused ? 1 : 0; });
  for (auto& guesser : guessers) guesser.join();
  CHECK(refused == 64);
  CHECK(hash::computed() - before == 5);
}

TEST_CASE("promise: 100 right logins at once all succeed with a threshold of 5") {
  TestRealm realm;
  realm.enrol("alice", right);
  std::atomic<int> accepted{0};
  std::vector<std::thread> logins;
  for (int i = 0; i < 100; ++i)
    logins.emplace_back([&] { accepted += realm.login("alice", right) == Code::accepted ? 1 : 0; });
  for (auto& login : logins) login.join();
  CHECK(accepted == 100);
}

TEST_CASE("names that nobody has are counted like those of accounts") {
  TestRealm realm;
  const auto before = hash::computed();
  for (int i = 0; i < 20; ++i) CHECK(realm.login("nobody", wrong) == Code::refused);
  CHECK(hash::computed() - before == 5);
}
