// Data keys that rotate while the realm is in use.

#include "engine/engine.hpp"
#include "engine/realm_state.hpp"

#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <thread>

using namespace cred;
using namespace cred::test;

namespace {

const engine::Actor actor{"test"};
const std::string right = "Correct-Horse-42";

struct Rotating {
  TestRealm realm;
  void enrol(int accounts) const {
    for (int i = 0; i < accounts; ++i) realm.enrol("user" + std::to_string(i), right);
  }
  // Of a column, the values that data key `number` sealed.
  std::map<std::uint32_t, std::uint64_t> values() const {
    std::map<std::uint32_t, std::uint64_t> by_key;
    for (const auto& key : value_or_throw(realm.open().key_status()))
      by_key[key.number] = key.uses.values();
    return by_key;
  }
  SQLite::Database database() const {
    return {std::string(realm.directory / "cred.db"), SQLite::OPEN_READWRITE};
  }
  // Of the only account that has logged in.
  std::string last_login() const {
    return database()
        .execAndGet("SELECT hex(last_login) FROM attempts WHERE last_login <> x''")
        .getString();
  }
};

}  // namespace

TEST_CASE("a rotation seals every value with the new key and retires the old one") {
  Rotating r;
  r.enrol(5);
  auto realm = r.realm.open();
  REQUIRE(realm.authenticate("user1", secret("Wrong-Horse-1"), {.source = "host 192.0.2.7"}));
  REQUIRE(realm.begin_session("user2", {}, "192.0.2.9"));
  REQUIRE(r.values().at(1) > 15);
  const auto rotation = realm.rotate_data_key(actor);
  REQUIRE(rotation);
  CHECK_FALSE(rotation->continued);
  CHECK(rotation->resealed > 5);
  const auto keys = value_or_throw(realm.key_status());
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].retired);
  CHECK(keys[0].id != 0);
  CHECK(keys[0].id != keys[1].id);
  CHECK(keys[0].uses.values() == 0);
  CHECK(keys[1].seals);
  CHECK(keys[1].uses.fields == 3 * 5);
  CHECK(keys[1].uses.labels > 0);
  CHECK(keys[1].uses.logins == 1);
  CHECK(keys[1].uses.bodies >= 5);
  CHECK(keys[1].uses.values() > 15);
  // A handle from before, and one of another process.
  CHECK(realm.authenticate("user1", secret(right))->code == Code::accepted);
  CHECK(r.realm.login("user3", right) == Code::accepted);
  CHECK(r.realm.open().last_login("user2")->login->host == "192.0.2.9");
  CHECK(r.realm.open().failed_attempts("user1"));
  CHECK_FALSE(r.realm.open().verify_trail()->first_bad);
  CHECK(r.realm.open().reset("user4", secret("Velvet-Kettledrum7"), false, actor)->code ==
        Code::accepted);
}

TEST_CASE("a value that a retired key sealed opens no more") {
  Rotating r;
  r.enrol(1);
  const std::string path = r.realm.directory / "cred.db";
  std::string kept;
  {
    SQLite::Database database(path, SQLite::OPEN_READWRITE);
    kept = database.execAndGet("SELECT hex(credential) FROM account").getString();
  }
  REQUIRE(r.realm.open().rotate_data_key(actor));
  SQLite::Database(path, SQLite::OPEN_READWRITE)
      .exec("UPDATE account SET credential = x'" + kept + "'");
  const auto answer = r.realm.open().authenticate("user0", secret(right));
  REQUIRE_FALSE(answer);
  CHECK(answer.error().code == Code::integrity);
}

TEST_CASE("a rotation that was left half done goes on and makes no third key") {
  Rotating r;
  r.enrol(3);
  {
    // As far as a killed one came: the key is there, and one row is sealed with it.
    auto realm = r.realm.open();
    const auto fail_after_one = [](const char*, std::uint64_t, std::uint64_t) {
      throw Failure(Code::unavailable, "killed");
    };
    REQUIRE_FALSE(realm.rotate_data_key(actor, fail_after_one));
  }
  CHECK(r.realm.login("user1", right) == Code::accepted);
  CHECK(r.realm.open().rotate_data_key(actor, {}, engine::Realm::Begin::only_left)->continued);
  const auto keys = value_or_throw(r.realm.open().key_status());
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].retired);
  CHECK_FALSE(
      r.realm.open().rotate_data_key(actor, {}, engine::Realm::Begin::only_left)->continued);
  CHECK(value_or_throw(r.realm.open().key_status()).size() == 2);
}

TEST_CASE("logins and changes go on during a rotation, under both keys") {
  Rotating r;
  r.enrol(40);
  std::atomic<bool> ended = false;
  std::atomic<int> logins = 0;
  std::string trouble;
  std::thread others([&] {
    auto realm = r.realm.open();
    for (int i = 0; !ended; i = (i + 1) % 40) {
      const std::string name = "user" + std::to_string(i);
      const auto answer = realm.authenticate(name, secret(right));
      const auto set = realm.set_profile(
          name, [&](engine::Profile& profile) { profile.phone = std::to_string(i); }, actor);
      if (!answer || answer->code != Code::accepted || !set) {
        trouble =
            name + ": " + (answer ? "" : answer.error().message) + (set ? "" : set.error().message);
        return;
      }
      ++logins;
    }
  });
  auto realm = r.realm.open();
  Expected<engine::Rotation> rotated = fail(Code::internal, "");
  // On a busy machine five are over before the other thread had its first turn.
  for (int i = 0; i < 5 || (logins < 5 && i < 200); ++i) {
    rotated = realm.rotate_data_key(actor);
    if (!rotated) break;
  }
  ended = true;
  others.join();
  CHECK(trouble == "");
  INFO((rotated ? "" : rotated.error().message));
  CHECK(rotated);
  CHECK(logins > 0);
  for (int i = 0; i < 40; ++i)
    CHECK(r.realm.login("user" + std::to_string(i), right) == Code::accepted);
}

TEST_CASE("a retired key is destroyed when backups need it no more") {
  Rotating r;
  r.enrol(1);
  auto realm = r.realm.open();
  REQUIRE(realm.rotate_data_key(actor));
  CHECK(*realm.destroy_retired_keys(r.realm.clock->now(), actor) == 0);
  r.realm.clock->advance(std::chrono::hours(24 * 15));
  CHECK(*realm.destroy_retired_keys(r.realm.clock->now(), actor) == 1);
  CHECK(value_or_throw(realm.key_status()).size() == 1);
  CHECK(r.realm.login("user0", right) == Code::accepted);
}

TEST_CASE("a change that sealed its row before the rotation is written under the new key") {
  Rotating r;
  r.enrol(1);
  auto realm = r.realm.open();
  const auto set = realm.set_profile(
      "user0",
      [&](engine::Profile& profile) {
        if (profile.phone.empty()) value_or_throw(r.realm.open().rotate_data_key(actor));
        profile.phone = "1";
      },
      actor);
  REQUIRE(set);
  CHECK(r.values().at(1) == 0);
  CHECK(value_or_throw(r.realm.open().rotate_data_key(actor, {}, engine::Realm::Begin::only_left))
            .resealed == 0);
  CHECK(r.realm.login("user0", right) == Code::accepted);
}

TEST_CASE("a last login of nobody keeps no rotation from its end") {
  Rotating r;
  r.enrol(2);
  REQUIRE(r.realm.open().begin_session("user1", {}, "192.0.2.9"));
  r.database().exec("UPDATE attempts SET subject = randomblob(32) WHERE last_login <> x''");
  REQUIRE(r.realm.open().begin_session("user0", {}, "192.0.2.8"));
  REQUIRE(r.realm.open().rotate_data_key(actor));
  const auto keys = value_or_throw(r.realm.open().key_status());
  REQUIRE(keys.size() == 2);
  CHECK(keys[0].retired);
  CHECK(keys[0].uses.values() == 0);
  CHECK(keys[1].uses.logins == 1);
  CHECK(r.realm.open().last_login("user0")->login->host == "192.0.2.8");
}

TEST_CASE("a last login that was noted under a retired key outlives that key") {
  Rotating r;
  r.enrol(1);
  REQUIRE(r.realm.open().begin_session("user0", {}, "192.0.2.9"));
  const auto late = r.last_login();
  REQUIRE(r.realm.open().rotate_data_key(actor));
  // Its login began before the rotation, and ended after it.
  r.database().exec("UPDATE attempts SET last_login = x'" + late + "' WHERE last_login <> x''");
  r.realm.clock->advance(std::chrono::hours(24 * 15));
  CHECK(*r.realm.open().destroy_retired_keys(r.realm.clock->now(), actor) == 1);
  CHECK(r.realm.open().last_login("user0")->login->host == "192.0.2.9");
}

TEST_CASE("who gets the name of an account that a restore dropped gets none of its logins") {
  Rotating r;
  r.enrol(1);
  auto engine = value_or_throw(engine::Engine::open(r.realm.configuration, r.realm.clock));
  const auto backup = value_or_throw(engine.create_backup(actor));
  r.realm.clock->advance(std::chrono::seconds(10));
  r.realm.enrol("late", right);
  REQUIRE(r.realm.open().begin_session("late", {}, "192.0.2.9"));
  REQUIRE(r.realm.login("late", "Wrong-Horse-1") == Code::refused);
  REQUIRE(r.realm.open().begin_session("user0", {}, "192.0.2.8"));
  engine::RestoreRequest request;
  request.at = backup.created;
  REQUIRE(engine::Engine::restore(r.realm.configuration, r.realm.clock, {}, request, actor));
  CHECK(r.realm.open().last_login("user0")->login->host == "192.0.2.8");
  r.realm.enrol("late", right);
  const auto first = r.realm.open().begin_session("late", {}, "192.0.2.7");
  REQUIRE(first);
  CHECK_FALSE(first->login);
  CHECK(r.realm.open().rotate_data_key(actor));
  CHECK(r.realm.open().last_login("late")->login->host == "192.0.2.7");
}
