#include "engine/engine.hpp"

#include "engine/engine_shared.hpp"
#include "engine/head.hpp"
#include "engine/realm_state.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

const engine::Actor actor{"test"};
const std::string right = "Tanne-Wolkenberg17";
const std::string near_copy = "Tanne-Wolkenberg18";
const std::string second = "Distelfink+Zaun4";
const std::string third = "Gurke/Himmelblau93";
const engine::Suspicion seen{.reason = "seen"};
const engine::Suspicion seen_and_locked{.reason = "seen", .lock = true};

struct World {
  TestRealm realm;
  explicit World(const std::function<void(engine::Configuration&)>& adjust = {}) : realm(adjust) {
    for (const char* name : {"ann", "ben", "cem"}) realm.enrol(name, right);
    realm.clock->advance(48h);
  }
  Code change(const char* name, const std::string& from, const std::string& to) const {
    return value_or_throw(realm.open().change(name, secret(from), secret(to), actor)).code;
  }
  Code reset(const char* name, const std::string& to) const {
    return value_or_throw(realm.open().reset(name, secret(to), false, actor)).code;
  }
  std::uint64_t epoch(const char* name) const {
    return value_or_throw(realm.open().session_epoch(name));
  }
  int compromised_records() const {
    int count = 0;
    value_or_throw(realm.open().trail(0, [&](const engine::TrailEntry& entry) {
      if (entry.event == "compromised") ++count;
      return true;
    }));
    return count;
  }
  std::map<std::string, engine::Aftermath> report(std::optional<Time> since = {}) const {
    std::map<std::string, engine::Aftermath> all;
    for (auto& one : value_or_throw(realm.open().compromised(since))) all[one.account] = one;
    return all;
  }
};

// Only what was suspected is remembered, and near copies of nothing else are refused.
void forgetful(engine::Configuration& c) {
  c.policy.options.history = 1;
  c.policy.options.history_similar = false;
  c.policy.options.min_age = {};
}

}  // namespace

TEST_CASE("a list is marked as a whole, or not at all where a name is unknown") {
  World at;
  auto realm = at.realm.open();
  const auto refused = realm.compromise_list({"ann", "zoe", "ben"}, seen, false, actor);
  REQUIRE(refused);
  CHECK(refused->unknown == std::vector<std::string>{"zoe"});
  CHECK(at.realm.login("ann", right) == Code::accepted);
  CHECK(at.compromised_records() == 0);

  const auto skipped = realm.compromise_list({"ann", "zoe", "ben"}, seen, true, actor);
  REQUIRE(skipped);
  CHECK(skipped->accounts == std::vector<std::string>{"ann", "ben"});
  CHECK(at.realm.login("ann", right) == Code::must_change);
  CHECK(at.realm.login("ben", right) == Code::must_change);
  CHECK(at.realm.login("cem", right) == Code::accepted);
  CHECK(at.compromised_records() == 2);
  CHECK(at.epoch("ann") == 1);
  CHECK(at.epoch("cem") == 0);
}

TEST_CASE("a dry run names the accounts and changes nothing") {
  World at;
  const engine::Suspicion dry{.reason = "seen", .dry_run = true};
  auto realm = at.realm.open();
  CHECK(realm.compromise_list({"ann", "zoe"}, dry, false, actor)->accounts ==
        std::vector<std::string>{"ann"});
  REQUIRE(at.change("ben", right, second) == Code::accepted);
  const auto before = realm.compromise_before(at.realm.clock->now() - 24h, dry, actor);
  CHECK(before->accounts == std::vector<std::string>{"ann", "cem"});
  CHECK(realm.compromise_before({}, dry, actor)->accounts.size() == 3);
  for (const char* name : {"ann", "cem"}) CHECK(at.realm.login(name, right) == Code::accepted);
  CHECK(at.compromised_records() == 0);
  CHECK(at.epoch("ann") == 0);
}

TEST_CASE("a whole realm is marked up to a moment, and a later password is not") {
  World at;
  const Time moment = at.realm.clock->now();
  REQUIRE(at.change("ben", right, second) == Code::accepted);  // set at that very moment
  at.realm.clock->advance(1h);
  REQUIRE(at.realm.open().compromise_before(moment, seen, actor));
  CHECK(at.realm.login("ann", right) == Code::must_change);
  CHECK(at.realm.open().standing("ann")->reason == engine::Reason::compromised);
  CHECK(at.realm.login("ben", second) == Code::accepted);
  CHECK(at.compromised_records() == 1);
  CHECK(at.epoch("ann") == 1);
  CHECK(at.epoch("ben") == 1);
  at.realm.clock->advance(1h);
  CHECK(at.change("ann", right, second) == Code::accepted);
  CHECK(at.realm.login("ann", second) == Code::accepted);
}

TEST_CASE("a mark of the whole realm with a lock keeps everybody out until they are unlocked") {
  World at;
  REQUIRE(at.realm.open().compromise_before({}, seen_and_locked, actor));
  CHECK(at.realm.login("ann", right) == Code::locked);
  at.realm.clock->advance(1h);
  REQUIRE(at.realm.open().set_state("ann", engine::State::locked, engine::State::active, actor));
  CHECK(at.realm.login("ann", right) == Code::must_change);
  CHECK(at.change("ann", right, second) == Code::accepted);
  CHECK(at.realm.login("ann", second) == Code::accepted);
  CHECK(at.realm.login("ben", right) == Code::locked);
  // A later one locks who was unlocked before and has the password still.
  REQUIRE(at.realm.open().set_state("ben", engine::State::locked, engine::State::active, actor));
  at.realm.clock->advance(1h);
  REQUIRE(at.realm.open().compromise_before({}, seen_and_locked, actor));
  CHECK(at.realm.login("ben", right) == Code::locked);
}

TEST_CASE("a password that was judged before its realm was marked is not written after") {
  World at;
  auto realm = store::open(at.realm.configuration.store_url)->realm("system");
  const auto root = std::make_shared<engine::RootKey>(at.realm.configuration.root_key_url);
  const auto keys = std::make_shared<engine::RealmKeys>(root, realm->row().id, realm->keys());
  auto configuration = at.realm.configuration;
  configuration.fill_in_directories();
  const engine::Realm::Parts parts(std::move(realm), keys, configuration, at.realm.clock,
                                   std::make_shared<engine::Arenas>(256 * 1024, 64), {});
  const auto account = parts.find("ann");
  REQUIRE(account);
  auto next = account->credential;
  next.set_at = at.realm.clock->now() + 1ms;
  const auto history = parts.history(*account);
  REQUIRE(at.realm.open().compromise_before({}, seen, actor));
  CHECK_FALSE(parts.replace(*account, next, history, audit::Event::changed, actor));
  CHECK(at.realm.login("ann", right) == Code::must_change);
}

TEST_CASE("a whole realm is marked also where passwords were set by a clock that was ahead") {
  World at;
  at.realm.clock->advance(240h);
  REQUIRE(at.reset("ann", second) == Code::accepted);
  REQUIRE(at.realm.open().set_state("ben", engine::State::active, engine::State::locked, actor));
  REQUIRE(at.realm.open().set_state("ben", engine::State::locked, engine::State::active, actor));
  at.realm.clock->advance(-240h);
  const Time now = at.realm.clock->now();
  const bool lock = GENERATE(false, true);
  const engine::Suspicion dry{.reason = "seen", .lock = lock, .dry_run = true};
  CHECK(at.realm.open().compromise_before({}, dry, actor)->accounts.size() == 3);
  SECTION("all") {
    REQUIRE(at.realm.open().compromise_before({}, {.reason = "seen", .lock = lock}, actor));
    CHECK(at.realm.login("ann", second) == (lock ? Code::locked : Code::must_change));
    CHECK(at.report().size() == 3);
  }
  SECTION("up to a moment") {
    REQUIRE(at.realm.open().compromise_before(now, {.reason = "seen", .lock = lock}, actor));
    CHECK(at.realm.login("ann", second) == Code::accepted);
  }
  for (const char* name : {"ben", "cem"})
    CHECK(at.realm.login(name, right) == (lock ? Code::locked : Code::must_change));
  at.realm.clock->advance(1h);
  if (lock)
    REQUIRE(at.realm.open().set_state("cem", engine::State::locked, engine::State::active, actor));
  REQUIRE(at.change("cem", right, second) == Code::accepted);
  CHECK(at.realm.login("cem", second) == Code::accepted);
}

TEST_CASE("marks of a realm need a reason and a moment that has come, and sixteen do") {
  World at;
  auto realm = at.realm.open();
  const Time now = at.realm.clock->now();
  CHECK(realm.compromise_before({}, {}, actor).error().code == Code::usage);
  CHECK(realm.compromise_list({"ann"}, {}, false, actor).error().code == Code::usage);
  CHECK(realm.compromise_before(now + 1ms, seen, actor).error().code == Code::usage);
  // Each covers less than the one before, and locks what the next one does not.
  std::size_t made = 0;
  for (int i = 1; i <= 20; ++i) {
    const auto done = realm.compromise_before(now - i * 1h, seen_and_locked, actor);
    if (done)
      ++made;
    else
      CHECK(done.error().code == Code::usage);
  }
  CHECK(made == engine::most_waves);
  // One that covers them all takes their places.
  REQUIRE(realm.compromise_before({}, seen_and_locked, actor));
  REQUIRE(realm.compromise_before(now - 2h, seen_and_locked, actor));
  CHECK(at.realm.login("ann", right) == Code::locked);
}

TEST_CASE("promise: a compromised password and its near copies never come back") {
  World at(forgetful);
  // Without a compromise both would.
  REQUIRE(at.change("cem", right, second) == Code::accepted);
  REQUIRE(at.change("cem", second, third) == Code::accepted);
  REQUIRE(at.change("cem", third, near_copy) == Code::accepted);
  const bool whole_realm = GENERATE(false, true);
  if (whole_realm)
    REQUIRE(at.realm.open().compromise_before(at.realm.clock->now(), seen, actor));
  else
    REQUIRE(at.realm.open().compromise("ann", "seen", false, actor));
  at.realm.clock->advance(1h);
  CHECK(at.change("ann", right, near_copy) == Code::refused);
  REQUIRE(at.change("ann", right, second) == Code::accepted);
  CHECK(at.change("ann", second, near_copy) == Code::refused);
  REQUIRE(at.change("ann", second, third) == Code::accepted);
  CHECK(at.change("ann", third, right) == Code::refused);
  CHECK(at.change("ann", third, near_copy) == Code::refused);
  CHECK(at.reset("ann", right) == Code::refused);
  CHECK(at.reset("ann", near_copy) == Code::refused);
  // What was never suspected may.
  CHECK(at.change("ann", third, second) == Code::accepted);
}

TEST_CASE("promise: a compromised password that an administrator replaced never comes back") {
  World at(forgetful);
  REQUIRE(at.realm.open().compromise("ann", "seen", false, actor));
  CHECK(at.reset("ann", right) == Code::refused);
  REQUIRE(at.reset("ann", second) == Code::accepted);
  REQUIRE(at.reset("ann", third) == Code::accepted);
  CHECK(at.reset("ann", right) == Code::refused);
  CHECK(at.change("ann", third, right) == Code::refused);
}

TEST_CASE("promise: near copies of what an administrator replaced never come back, by its forms") {
  World at([](engine::Configuration& c) {
    forgetful(c);
    c.policy.options.history_similar = true;
  });
  const bool whole_realm = GENERATE(false, true);
  if (whole_realm)
    REQUIRE(at.realm.open().compromise_before({}, seen, actor));
  else
    REQUIRE(at.realm.open().compromise("ann", "seen", false, actor));
  at.realm.clock->advance(1h);
  CHECK(at.reset("ann", near_copy) == Code::refused);
  REQUIRE(at.reset("ann", second) == Code::accepted);
  REQUIRE(at.reset("ann", third) == Code::accepted);
  CHECK(at.reset("ann", right) == Code::refused);
  CHECK(at.reset("ann", near_copy) == Code::refused);
  CHECK(at.change("ann", third, near_copy) == Code::refused);
  // What was replaced without a suspicion is forgotten.
  CHECK(at.reset("ann", second) == Code::accepted);
}

TEST_CASE("the report tells who was marked when, and who changed the password since") {
  World at;
  const Time start = at.realm.clock->now();
  REQUIRE(at.realm.open().compromise("ann", "seen", false, actor));
  at.realm.clock->advance(1h);
  REQUIRE(at.change("ann", right, second) == Code::accepted);
  at.realm.clock->advance(1h);
  auto all = at.report();
  REQUIRE(all.size() == 1);
  CHECK(all["ann"].marked == start);
  CHECK(all["ann"].changed == start + 1h);
  CHECK(all["ann"].by_owner);

  // ann has a newer password than those that the realm's mark is about.
  REQUIRE(at.realm.open().compromise_before(start, seen_and_locked, actor));
  at.realm.clock->advance(1h);
  REQUIRE(at.reset("cem", second) == Code::accepted);
  // A wider mark takes the place of the other in the head; the trail still tells of it.
  at.realm.clock->advance(1h);
  REQUIRE(at.realm.open().compromise_before(start + 30min, seen_and_locked, actor));
  all = at.report();
  REQUIRE(all.size() == 3);
  CHECK(all["ann"].marked == start);
  CHECK(all["ben"].marked == start + 4h);
  CHECK_FALSE(all["ben"].changed);
  CHECK(all["ben"].locked);
  CHECK(all["cem"].marked == start + 2h);
  CHECK(all["cem"].changed == start + 3h);
  CHECK_FALSE(all["cem"].by_owner);

  all = at.report(start + 1h);
  CHECK(all.count("ann") == 0);
  CHECK(all.size() == 2);
}
