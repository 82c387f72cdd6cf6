#include "engine/engine.hpp"

#include "hash/argon2id.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <set>
#include <latch>
#include <thread>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

const engine::Actor actor{"test"};

std::string password(int n) {
  // Letters that no other number shares, so that none is a near copy of another.
  std::string text = "Q";
  std::uint64_t state = static_cast<std::uint64_t>(n) * 0x9E3779B97F4A7C15U + 1;
  for (int i = 0; i < 12; ++i) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    text += static_cast<char>('a' + (state >> 59) % 26);
  }
  return text + "7x";
}

std::set<std::string> refusing(const engine::Change& change) {
  std::set<std::string> rules;
  for (const auto* v : engine::violations(change.verdicts)) rules.insert(v->rule);
  return rules;
}

engine::Change change(const TestRealm& realm, std::string_view from, std::string_view to) {
  return value_or_throw(realm.open().change("alice", secret(from), secret(to), actor));
}

engine::Change reset(const TestRealm& realm, std::string_view to) {
  return value_or_throw(realm.open().reset("alice", secret(to), false, actor));
}

}  // namespace

TEST_CASE("a changed password opens, the old one no longer") {
  TestRealm realm;
  realm.enrol("alice", password(1));
  REQUIRE(change(realm, password(1), password(2)).code == Code::accepted);
  CHECK(realm.login("alice", password(2)) == Code::accepted);
  CHECK(realm.login("alice", password(1)) == Code::refused);
}

TEST_CASE("a change with a wrong old password changes nothing and counts") {
  TestRealm realm;
  realm.enrol("alice", password(1));
  const auto result = change(realm, password(9), password(2));
  CHECK(result.code == Code::refused);
  CHECK(result.reason == engine::Reason::old_password);
  CHECK(realm.open().status("alice")->failures == 1);
  CHECK(realm.login("alice", password(1)) == Code::accepted);
}

TEST_CASE("a change of an unknown account answers like a wrong old password") {
  TestRealm realm;
  const auto result =
      realm.open().change("nobody", secret(password(1)), secret(password(2)), actor);
  REQUIRE(result);
  CHECK(result->code == Code::refused);
  CHECK(result->reason == engine::Reason::old_password);
}

TEST_CASE("a reused password is refused however old it is") {
  TestRealm realm;
  realm.enrol("alice", password(0));
  for (int i = 1; i < 30; ++i) REQUIRE(reset(realm, password(i)).code == Code::accepted);
  for (const int n : {0, 1, 15, 29}) {
    const auto result = reset(realm, password(n));
    CHECK(result.code == Code::refused);
    CHECK(refusing(result) == std::set<std::string>{"history"});
  }
  CHECK(realm.open().status("alice")->passwords == 30);
}

TEST_CASE("the history costs one hash however many passwords there were") {
  TestRealm realm([](auto& c) { c.policy.options.history_similar = false; });
  realm.enrol("alice", password(0));
  const auto cost = [&](int n) {
    const auto before = hash::computed();
    REQUIRE(reset(realm, password(n)).code == Code::accepted);
    return hash::computed() - before;
  };
  CHECK(cost(1) == 2);  // the history's and the new credential's
  for (int i = 2; i < 20; ++i) (void)cost(i);
  CHECK(cost(20) == 2);
}

TEST_CASE("passwords remembered under other parameters are still refused, for one more hash") {
  TestRealm realm([](auto& c) { c.policy.options.history_similar = false; });
  realm.enrol("alice", password(0));
  realm.configuration.hash = {128, 2, 1};
  REQUIRE(reset(realm, password(1)).code == Code::accepted);
  const auto before = hash::computed();
  CHECK(refusing(reset(realm, password(0))) == std::set<std::string>{"history"});
  CHECK(hash::computed() - before == 3);  // two groups, and the new credential beside them
  CHECK(refusing(reset(realm, password(1))) == std::set<std::string>{"history"});
}

TEST_CASE("near copies cost the same few hashes however many passwords there were") {
  TestRealm realm;
  realm.enrol("alice", password(0));
  const auto cost = [&](int n) {
    const auto before = hash::computed();
    REQUIRE(reset(realm, password(n)).code == Code::accepted);
    return hash::computed() - before;
  };
  const auto first = cost(1);
  CHECK(first > 2);
  CHECK(first <= 5);
  for (int i = 2; i < 20; ++i) (void)cost(i);
  CHECK(cost(20) == first);
}

TEST_CASE("a near copy of any earlier password is refused, not of the current one alone") {
  TestRealm realm;
  realm.enrol("alice", "Tanne-Wolkenberg17");
  for (int i = 1; i < 10; ++i) REQUIRE(reset(realm, password(i)).code == Code::accepted);
  for (const char* copy : {"Tanne-Wolkenberg18", "tanne-WOLKENberg#9917", "17-Tanne-Wolkenberg",
                           "Tann3-Wolk3nb3rg-4711"}) {
    INFO(copy);
    CHECK(refusing(reset(realm, copy)).count("history_similar") == 1);
  }
  CHECK(reset(realm, "Distelfink+Zaun4").code == Code::accepted);
}

TEST_CASE("without history_similar near copies of earlier passwords are taken") {
  TestRealm realm([](auto& c) { c.policy.options.history_similar = false; });
  realm.enrol("alice", "Tanne-Wolkenberg17");
  for (int i = 1; i < 4; ++i) REQUIRE(reset(realm, password(i)).code == Code::accepted);
  CHECK(reset(realm, "17-Tanne-Wolkenberg").code == Code::accepted);
  CHECK(refusing(reset(realm, "Tanne-Wolkenberg17")) == std::set<std::string>{"history"});
}

TEST_CASE("switching history_similar off forgets the forms of earlier passwords") {
  TestRealm realm;
  realm.enrol("alice", "Tanne-Wolkenberg17");
  realm.configuration.policy.options.history_similar = false;
  REQUIRE(reset(realm, password(1)).code == Code::accepted);
  realm.configuration.policy.options.history_similar = true;
  CHECK(reset(realm, "17-Tanne-Wolkenberg").code == Code::accepted);
  CHECK(refusing(reset(realm, "Tanne-Wolkenberg17")).count("history") == 1);
}

TEST_CASE("near copies are remembered under other parameters, too") {
  TestRealm realm;
  realm.enrol("alice", "Tanne-Wolkenberg17");
  realm.configuration.hash = {128, 2, 1};
  REQUIRE(reset(realm, password(1)).code == Code::accepted);
  CHECK(refusing(reset(realm, "Tanne-Wolkenberg18")).count("history_similar") == 1);
}

TEST_CASE("a history of four refuses the last four passwords and no more") {
  TestRealm realm([](auto& c) { c.policy.options = *policy::preset("pci-dss-4"); });
  realm.enrol("alice", password(0));
  for (int i = 1; i < 6; ++i) REQUIRE(reset(realm, password(i)).code == Code::accepted);
  for (const int n : {2, 3, 4, 5})
    CHECK(refusing(reset(realm, password(n))) == std::set<std::string>{"history"});
  CHECK(reset(realm, password(1)).code == Code::accepted);
}

TEST_CASE("a decomposed form of an earlier password is the same password") {
  TestRealm realm;
  realm.enrol("alice", "Sch\u00f6ner-Tag-42");
  CHECK(refusing(reset(realm, "Scho\u0308ner-Tag-42")) == std::set<std::string>{"history"});
}

TEST_CASE("a refused password is not remembered") {
  TestRealm realm;
  realm.enrol("alice", password(0));
  REQUIRE(reset(realm, "weak").code == Code::refused);
  CHECK(realm.open().status("alice")->passwords == 1);
  CHECK(realm.open().status("alice")->generation == 1);
}

TEST_CASE("a change ends a forced change and starts the age anew") {
  TestRealm realm;
  realm.enrol("alice", password(0));
  realm.clock->advance(24h * 100);
  REQUIRE(realm.open().expire("alice", actor));
  CHECK(realm.login("alice", password(0)) == Code::must_change);
  REQUIRE(change(realm, password(0), password(1)).code == Code::accepted);
  CHECK(realm.login("alice", password(1)) == Code::accepted);
  CHECK(realm.open().standing("alice")->set_at == realm.clock->now());
}

TEST_CASE("a password younger than min_age is not changed by its owner, but may be reset") {
  TestRealm realm([](auto& c) { c.policy.options.min_age = 24h; });
  realm.enrol("alice", password(0));
  CHECK(change(realm, password(0), password(1)).reason == engine::Reason::too_early);
  CHECK(reset(realm, password(2)).code == Code::accepted);
  realm.clock->advance(25h);
  CHECK(change(realm, password(2), password(3)).code == Code::accepted);
}

TEST_CASE("a forced change is possible before min_age") {
  TestRealm realm([](auto& c) { c.policy.options.min_age = 24h; });
  realm.enrol("alice", password(0));
  REQUIRE(realm.open().expire("alice", actor));
  CHECK(change(realm, password(0), password(1)).code == Code::accepted);
}

TEST_CASE("a locked account's owner cannot change the password") {
  TestRealm realm;
  realm.enrol("alice", password(0));
  REQUIRE(realm.open().set_state("alice", engine::State::active, engine::State::locked, actor));
  CHECK(change(realm, password(0), password(1)).code == Code::locked);
}

TEST_CASE("of two changes at once exactly one wins and the history holds it once") {
  TestRealm realm;
  realm.enrol("alice", password(0));
  // Both begin together; on a busy machine it takes some rounds until they meet.
  const auto reset_to = [&](int n, std::optional<Code>& code, std::latch& ready) {
    auto handle = realm.open();
    ready.arrive_and_wait();
    auto result = handle.reset("alice", secret(password(n)), false, actor);
    code = result ? result->code : result.error().code;
  };
  int conflicts = 0;
  std::size_t accepted = 0;
  for (int round = 0; round < 20 || (conflicts == 0 && round < 200); ++round) {
    std::optional<Code> one;
    std::optional<Code> two;
    std::latch ready(2);
    std::thread other([&] { reset_to(2 * round + 1, one, ready); });
    reset_to(2 * round + 2, two, ready);
    other.join();
    for (const auto& code : {one, two}) {
      REQUIRE((code == Code::accepted || code == Code::conflict));
      accepted += code == Code::accepted ? 1U : 0U;
      conflicts += code == Code::conflict ? 1 : 0;
    }
  }
  CHECK(conflicts > 0);
  CHECK(realm.open().status("alice")->passwords == accepted + 1);
}

TEST_CASE("realm system takes 511 bytes and refuses 512 when they are set") {
  TestRealm realm;
  const std::string longest = "Aa1" + std::string(508, 'x');
  realm.enrol("alice", longest);
  CHECK(realm.login("alice", longest) == Code::accepted);
  const auto longer = realm.open().reset("alice", secret(longest + "x"), false, actor);
  REQUIRE_FALSE(longer);
  CHECK(longer.error().code == Code::usage);
}

TEST_CASE("another realm takes all 1,024 bytes, and each of them counts") {
  TestRealm realm;
  auto engine = value_or_throw(engine::Engine::open(realm.configuration, realm.clock));
  REQUIRE(engine.add_realm("shop", actor));
  auto shop = value_or_throw(engine.realm("shop"));
  const std::string longest = "Aa1" + std::string(1021, 'x');
  REQUIRE(shop.enrol("alice", {}, secret(longest), false, actor)->code == Code::accepted);
  CHECK(shop.authenticate("alice", secret(longest))->code == Code::accepted);
  CHECK(shop.authenticate("alice", secret(longest.substr(0, 1023)))->code == Code::refused);
  CHECK(shop.authenticate("alice", secret(longest.substr(0, 1023) + "y"))->code == Code::refused);
  CHECK_FALSE(shop.enrol("bob", {}, secret(longest + "x"), false, actor));
  // The account is this realm's alone.
  CHECK(realm.login("alice", longest) == Code::refused);
}

TEST_CASE("names and profiles that cannot be are refused") {
  TestRealm realm;
  const auto code = [&](std::string_view name, const engine::Profile& profile) {
    auto result = realm.open().enrol(name, profile, secret(password(1)), false, actor);
    return result ? result->code : result.error().code;
  };
  for (const char* name : {"", ".", "..", "-x", "+x", "a/b", "a:b", "a b", "a\nb", "\xff"})
    CHECK(code(name, {}) == Code::usage);
  CHECK(code(std::string(65, 'x'), {}) == Code::usage);
  engine::Profile profile;
  for (const char* date : {"1987-02-30", "87-01-01", "1987/01/01", "1987-13-01", "x"}) {
    profile.birth_date = date;
    CHECK(code("alice", profile) == Code::usage);
  }
  profile.birth_date = "1988-02-29";
  profile.full_name = "a\nb";
  CHECK(code("alice", profile) == Code::usage);
  profile.full_name = "Jürgen Groß";
  CHECK(code("jürgen@example.org", profile) == Code::accepted);
  CHECK(code("jürgen@example.org", profile) == Code::conflict);
}
