// Attempts are counted by account, by account and source, and by source.
#include "hash/argon2id.hpp"
#include "support/temporary.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

const std::string right = "Correct-Horse-42";
const std::string wrong = "Wrong-Horse-1";
const std::string home = "host 192.0.2.1";
const std::string away = "host 198.51.100.7";

struct World {
  TestRealm test;
  engine::Realm realm = test.open();
  World() { test.enrol("alice", right); }
  Code login(const std::string& name, const std::string& password, const std::string& source) {
    return value_or_throw(realm.authenticate(name, secret(password), {source})).code;
  }
  // Wrong ones from as many strange hosts as it takes.
  void attack(const std::string& name, int times) {
    for (int i = 0; i < times; ++i)
      REQUIRE(login(name, wrong, "host 203.0.113." + std::to_string(i / 4)) == Code::refused);
  }
  std::uint64_t hashed(const std::function<void()>& work) const {
    const auto before = hash::computed();
    work();
    return hash::computed() - before;
  }
  // Whether a password was looked at at all.
  bool looked_at(const std::string& name, const std::string& source) {
    return hashed([&] { login(name, wrong, source); }) == 1;
  }
};

}  // namespace

TEST_CASE("promise: after a stranger's failures the owner gets in from elsewhere at once") {
  World w;
  CHECK(w.hashed([&] {
    for (int i = 0; i < 50; ++i) w.login("alice", wrong, away);
  }) == 5);
  CHECK(w.login("alice", right, away) == Code::refused);
  CHECK(w.login("alice", right, home) == Code::accepted);
}

TEST_CASE("promise: guesses at one name from many sources are bounded together") {
  World w;
  CHECK(w.hashed([&] {
    for (int i = 0; i < 200; ++i) w.login("alice", wrong, "host " + std::to_string(i));
  }) == 50);
  CHECK_FALSE(w.looked_at("alice", "host of a newcomer"));
}

TEST_CASE("promise: however many sources attack, the owner gets in from the usual one") {
  World w;
  REQUIRE(w.login("alice", right, home) == Code::accepted);
  w.attack("alice", 60);
  CHECK(w.login("alice", right, away) == Code::refused);
  CHECK(w.login("alice", right, home) == Code::accepted);
  CHECK(w.login("alice", right, away) == Code::refused);
}

TEST_CASE("the usual source is as bounded as any other") {
  World w;
  REQUIRE(w.login("alice", right, home) == Code::accepted);
  CHECK(w.hashed([&] {
    for (int i = 0; i < 20; ++i) w.login("alice", wrong, home);
  }) == 5);
}

TEST_CASE("a source is usual for thirty days") {
  World w;
  REQUIRE(w.login("alice", right, home) == Code::accepted);
  w.test.clock->advance(24h * 30);
  w.attack("alice", 50);
  CHECK_FALSE(w.looked_at("alice", home));
}

TEST_CASE("one source that tries many names is bounded") {
  World w;
  CHECK(w.hashed([&] {
    for (int i = 0; i < 200; ++i) w.login("name" + std::to_string(i), wrong, away);
  }) == 50);
  CHECK(w.login("alice", right, away) == Code::refused);
  CHECK(w.login("alice", right, home) == Code::accepted);
}

TEST_CASE("the owner's success takes back the owner's failures and no others") {
  World w;
  w.attack("alice", 12);
  for (int i = 0; i < 3; ++i) w.login("alice", wrong, home);
  CHECK(value_or_throw(w.realm.status("alice")).failures == 15);
  REQUIRE(w.login("alice", right, home) == Code::accepted);
  CHECK(value_or_throw(w.realm.status("alice")).failures == 12);
}

TEST_CASE("a guesser's own account does not clear what the guesser's source has failed") {
  World w;
  w.test.enrol("mallory", "Mellow-Yellow-9");
  int hashed = 0;
  for (int i = 0; i < 200; ++i) {
    hashed += w.looked_at("name" + std::to_string(i), away) ? 1 : 0;
    if (i % 4 == 0) w.login("mallory", "Mellow-Yellow-9", away);
  }
  CHECK(hashed == 50);
}

TEST_CASE("without a source only the name is counted") {
  World w;
  for (int i = 0; i < 60; ++i) CHECK(w.looked_at("name" + std::to_string(i), ""));
}

TEST_CASE("a failure limit of the policy holds for all sources together, the usual one too") {
  TestRealm test([](engine::Configuration& c) { c.policy.options.max_failures = 10; });
  test.enrol("alice", right);
  auto realm = test.open();
  const auto login = [&](const std::string& password, const std::string& source) {
    return value_or_throw(realm.authenticate("alice", secret(password), {source})).code;
  };
  REQUIRE(login(right, home) == Code::accepted);
  for (int i = 0; i < 12; ++i) login(wrong, "host " + std::to_string(i));
  CHECK(login(right, home) == Code::refused);
  value_or_throw(realm.forget_attempts("alice", {"test"}));
  CHECK(login(right, home) == Code::accepted);
}

TEST_CASE("failed attempts are shown by account, by account and source, and by source") {
  World w;
  w.login("alice", wrong, away);
  w.login("alice", wrong, away);
  w.login("Hunter-2-Secret", wrong, away);
  const auto all = value_or_throw(w.realm.failed_attempts(std::nullopt));
  int pairs = 0;
  for (const auto& failed : all) {
    CHECK((failed.account.empty() || failed.account == "alice"));
    if (failed.account == "alice" && failed.source == away) {
      ++pairs;
      CHECK(failed.failures == 2);
    }
    if (failed.account.empty() && !failed.by_source && !failed.source.empty())
      CHECK(failed.failures == 3);
  }
  CHECK(all.size() == 5);
  CHECK(pairs == 1);
  CHECK(value_or_throw(w.realm.failed_attempts("alice")).size() == 2);
  CHECK(w.realm.failed_attempts("nobody").error().code == Code::not_found);
}

TEST_CASE("an administrator forgets the failures of an account, or of a source") {
  World w;
  for (int i = 0; i < 5; ++i) w.login("alice", wrong, away);
  CHECK_FALSE(w.looked_at("alice", away));
  value_or_throw(w.realm.forget_attempts("alice", {"test"}));
  CHECK(value_or_throw(w.realm.failed_attempts("alice")).empty());
  CHECK(w.login("alice", right, away) == Code::accepted);

  for (int i = 0; i < 60; ++i) w.login("name" + std::to_string(i), wrong, away);
  CHECK_FALSE(w.looked_at("bob", away));
  value_or_throw(w.realm.forget_attempts_from(away, {"test"}));
  CHECK(w.looked_at("bob", away));
  CHECK(w.realm.forget_attempts_from("host 0.0.0.0", {"test"}).error().code == Code::not_found);
}

TEST_CASE("promise: a thousand wrong guesses at once from ten sources get fifty hashes") {
  World w;
  const auto hashed = w.hashed([&] {
    std::vector<std::thread> guessers;
    for (int t = 0; t < 10; ++t)
      guessers.emplace_back([&, t] {
        for (int i = 0; i < 100; ++i) w.login("alice", wrong, "host " + std::to_string(t));
      });
    for (auto& guesser : guessers) guesser.join();
  });
  CHECK(hashed == 50);
  CHECK(value_or_throw(w.realm.status("alice")).failures == 50);
}
