// Realms that expire, are suspended and end; and what is due.

#include "engine/engine.hpp"

#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>
#include <filesystem>

using namespace cred;
using namespace cred::test;
using std::chrono::days;

namespace {

const engine::Actor actor{"test"};
const std::string right = "Correct-Horse-42";

struct Tenants {
  TestRealm realm;
  engine::Engine engine = value_or_throw(engine::Engine::open(realm.configuration, realm.clock));
  explicit Tenants(bool trial = false) {
    value_or_throw(engine.add_realm("shop", actor, trial));
    REQUIRE(shop().enrol("ann", {}, secret(right), false, actor)->code == Code::accepted);
  }
  engine::Realm shop() { return value_or_throw(engine.realm("shop")); }
  Code login() {
    const auto answer = shop().authenticate("ann", secret(right));
    return answer ? answer->code : answer.error().code;
  }
  engine::Phase phase() { return value_or_throw(shop().realm_status()).phase; }
};

}  // namespace

TEST_CASE("an expired realm has 30 days of grace, then 30 suspended, then maintenance erases it") {
  Tenants t;
  REQUIRE(t.shop().expire_realm(t.realm.clock->now(), actor));
  CHECK(t.phase() == engine::Phase::grace);
  CHECK(t.login() == Code::accepted);
  t.realm.clock->advance(days(30));
  CHECK(t.phase() == engine::Phase::suspended);
  CHECK(t.login() == Code::locked);
  CHECK(t.shop().status("ann").error().code == Code::locked);
  CHECK(t.shop().verify_trail());
  value_or_throw(t.engine.maintain(actor));
  CHECK(t.engine.realms()->size() == 2);
  t.realm.clock->advance(days(30));
  CHECK(t.phase() == engine::Phase::due);
  value_or_throw(t.engine.maintain(actor));
  CHECK(*t.engine.realms() == std::vector<std::string>{"system"});
  CHECK(t.engine.realm("shop").error().code == Code::not_found);
}

TEST_CASE("a trial ends after 30 days without grace, and resuming makes it a usual realm") {
  Tenants t(true);
  CHECK(value_or_throw(t.shop().realm_status()).trial);
  t.realm.clock->advance(days(30));
  CHECK(t.phase() == engine::Phase::suspended);
  REQUIRE(t.shop().resume(actor));
  CHECK(t.login() == Code::accepted);
  t.realm.clock->advance(days(300));
  CHECK(t.phase() == engine::Phase::active);
}

TEST_CASE("a suspended realm does nothing for anybody until it is resumed, also for open handles") {
  Tenants t;
  auto before = t.shop();
  REQUIRE(t.shop().suspend("unpaid", actor));
  CHECK(before.authenticate("ann", secret(right)).error().code == Code::locked);
  CHECK(before.authenticate("nobody", secret(right)).error().code == Code::locked);
  CHECK(before.reset("ann", secret("Velvet-Kettledrum7"), false, actor).error().code ==
        Code::locked);
  CHECK(t.shop().suspend("unpaid", actor).error().code == Code::conflict);
  CHECK(t.realm.open().enrol("bob", {}, secret(right), false, actor));
  REQUIRE(t.shop().resume(actor));
  CHECK(before.authenticate("ann", secret(right))->code == Code::accepted);
}

TEST_CASE("the login stack's realm is neither suspended, expired nor erased") {
  Tenants t;
  CHECK(t.realm.open().suspend("a mistake", actor).error().code == Code::conflict);
  CHECK(t.realm.open().expire_realm(t.realm.clock->now(), actor).error().code == Code::conflict);
  CHECK(t.engine.erase_realm("system", actor).error().code == Code::conflict);
}

TEST_CASE("of an erased realm no row and no file is left but its id") {
  Tenants t;
  const auto id = to_string(value_or_throw(t.shop().realm_status()).id);
  REQUIRE(t.engine.erase_realm("shop", actor));
  SQLite::Database database(t.realm.directory / "cred.db", SQLite::OPEN_READWRITE);
  for (const char* table : {"account", "audit", "realm_key", "head", "node", "outbox"})
    CHECK(database.execAndGet(std::string("SELECT count(DISTINCT realm) FROM ") + table).getInt() <=
          1);
  CHECK(database.execAndGet("SELECT count(*) FROM erased_realm").getInt() == 1);
  for (const char* place : {"journal", "anchor"})
    CHECK_FALSE(std::filesystem::exists(std::filesystem::path(t.realm.directory / place) / id));
  CHECK(t.engine.erase_realm("shop", actor).error().code == Code::not_found);
  // The name is free, for another realm.
  REQUIRE(t.engine.add_realm("shop", actor));
  CHECK(t.login() == Code::refused);
}

TEST_CASE("a store that was put back is refused until somebody accepts it, and then goes on") {
  TestRealm realm;
  realm.enrol("ann", right);
  const std::string path = realm.directory / "cred.db";
  std::filesystem::copy_file(path, realm.directory / "yesterday");
  REQUIRE(realm.open().compromise("ann", "seen in a paste", true, actor));
  std::filesystem::remove(path + "-wal");
  std::filesystem::copy_file(realm.directory / "yesterday", path,
                             std::filesystem::copy_options::overwrite_existing);
  auto engine = value_or_throw(engine::Engine::open(realm.configuration, realm.clock));
  const auto refused = engine.realm("system");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == Code::integrity);
  CHECK(engine.accept_rollback("system", "", actor).error().code == Code::usage);
  REQUIRE(engine.accept_rollback("system", "the disk image of Monday", actor));
  CHECK(engine.accept_rollback("system", "again", actor).error().code == Code::conflict);
  CHECK(realm.login("ann", right) == Code::accepted);
  bool told = false;
  value_or_throw(realm.open().trail(0, [&](const engine::TrailEntry& entry) {
    told |= entry.event == "rollback_accepted" &&
            entry.detail.find("disk image of Monday") != std::string::npos;
    return true;
  }));
  CHECK(told);
  CHECK_FALSE(realm.open().verify_trail()->first_bad);
}

TEST_CASE("a store that was put back is used and reported where the configuration says so") {
  TestRealm realm([](engine::Configuration& c) { c.accept_rollbacks = true; });
  realm.enrol("ann", right);
  const std::string path = realm.directory / "cred.db";
  std::filesystem::copy_file(path, realm.directory / "yesterday");
  REQUIRE(realm.open().expire("ann", actor));
  std::filesystem::remove(path + "-wal");
  std::filesystem::copy_file(realm.directory / "yesterday", path,
                             std::filesystem::copy_options::overwrite_existing);
  std::vector<std::string> told;
  auto engine = value_or_throw(engine::Engine::open(
      realm.configuration, realm.clock,
      [&](const audit::SecurityEvent& event) { told.push_back(event.event); }));
  REQUIRE(engine.realm("system"));
  CHECK(std::count(told.begin(), told.end(), "rollback_noticed") == 1);
  CHECK(realm.login("ann", right) == Code::accepted);
}

TEST_CASE(
    "old records of the trail are forgotten behind a checkpoint, and the rest proves itself") {
  TestRealm realm;
  realm.enrol("ann", right);
  for (int day = 0; day < 10; ++day) {
    realm.clock->advance(days(1));
    REQUIRE(realm.open().expire("ann", actor));
  }
  const auto whole = value_or_throw(realm.open().verify_trail());
  REQUIRE_FALSE(whole.first_bad);
  CHECK(whole.records == 11);
  const auto pruned = value_or_throw(realm.open().prune_trail(realm.clock->now() - days(5), actor));
  CHECK(pruned > 3);
  const auto rest = value_or_throw(realm.open().verify_trail());
  INFO(rest.why);
  CHECK_FALSE(rest.first_bad);
  CHECK(rest.pruned == pruned);
  CHECK(rest.records == 11 - pruned + 1);
  CHECK(rest.fingerprint == whole.fingerprint);
  CHECK(*realm.open().prune_trail(realm.clock->now() - days(5), actor) == 0);
  SQLite::Database(realm.directory / "cred.db", SQLite::OPEN_READWRITE)
      .exec("DELETE FROM checkpoint WHERE number = " + std::to_string(pruned));
  CHECK(value_or_throw(realm.open().verify_trail()).first_bad);
}
