// What somebody tries who writes to the database, and to journal and anchor, but has no key:
// each attack is noticed, and none lets anyone in.

#include "audit/checkpoint.hpp"
#include "base/bytes.hpp"
#include "engine/engine.hpp"
#include "engine/realm_state.hpp"
#include "engine/store_check.hpp"

#include "support/temporary.hpp"
#include "vault/root_key.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <sodium.h>

using namespace cred;
using namespace cred::engine;
using namespace cred::test;
namespace fs = std::filesystem;
using std::chrono::days;

namespace {

const Actor admin{"admin"};
constexpr const char* hers = "Correct-Horse-42";
constexpr const char* her_next = "Velvet-Kettledrum7";
constexpr const char* his = "Battery-Staple-77";

struct World : InMemory, TestRealm {
  World()
      : TestRealm([](Configuration& c) {
          c.attempts.patience = Duration(0);
          c.fill_in_directories();
        }) {
    enrol("alice", hers);
    enrol("mallory", his);
  }

  // As a process does that starts now.
  Engine start() const {
    return value_or_throw(Engine::open(configuration, clock, [this](const auto& event) {
      told.push_back(event.event + ": " + event.account + ": " + event.detail);
    }));
  }
  Expected<Realm> realm(const char* name = "system") const { return start().realm(name); }
  std::unique_ptr<Realm::Parts> parts() const {
    const auto store = std::shared_ptr<store::Store>(store::open(configuration.store_url));
    auto row = store->realm("system");
    const auto root = std::make_shared<RootKey>(configuration.root_key_url);
    auto keys = std::make_shared<RealmKeys>(root, row->row().id, row->keys());
    return std::make_unique<Realm::Parts>(std::move(row), keys, configuration, clock,
                                          std::make_shared<Arenas>(256 * 1024, 64),
                                          audit::EventSink{});
  }

  SQLite::Database database() const {
    SQLite::Database opened(directory / "cred.db", SQLite::OPEN_READWRITE);
    opened.exec("PRAGMA synchronous = OFF");
    return opened;
  }
  void sql(const std::string& statements) const { database().exec(statements); }
  std::string text(const std::string& query) const {
    return database().execAndGet(query).getString();
  }
  // The whole row, as a statement that puts it back.
  std::string row(const std::string& name) const {
    return "UPDATE account SET " +
           text(
               "SELECT 'generation=' || generation || ',credential=x''' || hex(credential) || "
               "''',profile=x''' || hex(profile) || ''',history=x''' || hex(history) || '''' "
               "FROM account WHERE name='" +
               name + "'") +
           " WHERE name='" + name + "'";
  }

  Code login(const std::string& name, const char* password) const {
    sql("DELETE FROM lease; DELETE FROM attempts");  // nobody is to wait for others here
    auto opened = realm();
    if (!opened) return opened.error().code;
    const auto answer = opened->authenticate(name, secret(password), {.source = "host 192.0.2.7"});
    return answer ? answer->code : answer.error().code;
  }

  // All that a start, a check of the trail and the daily work find wrong.
  std::string complaints() const {
    std::string all;
    auto engine = start();
    const auto names = engine.realms();
    if (!names) return names.error().message;
    for (const auto& name : *names) {
      auto opened = engine.realm(name);
      if (!opened) {
        all += name + ": " + opened.error().message + "\n";
        continue;
      }
      const auto check = opened->verify_trail();
      if (!check) all += name + ": trail: " + check.error().message + "\n";
      if (check && check->first_bad)
        all += name + ": record " + std::to_string(*check->first_bad) + ": " + check->why + "\n";
    }
    const auto work = engine.maintain(admin);
    if (!work) return all + work.error().message;
    for (const auto& done : *work)
      if (done.code != Code::accepted) all += done.realm + ": " + done.what + "\n";
    return all;
  }

  // Files as they are, to be put back. Nobody has the store open.
  struct Kept {
    std::map<std::string, std::string> files;
  };
  Kept keep() const {
    database().exec("PRAGMA wal_checkpoint(TRUNCATE)");
    Kept kept;
    for (const auto& entry : fs::recursive_directory_iterator(root())) {
      if (!entry.is_regular_file()) continue;
      std::ifstream stream(entry.path(), std::ios::binary);
      kept.files[fs::relative(entry.path(), root()).string()] = {
          std::istreambuf_iterator<char>(stream), {}};
    }
    return kept;
  }
  // What lies in these places: "cred.db", "anchor", "journal".
  void put_back(const Kept& kept, const std::vector<std::string>& places) const {
    for (const auto& place : places) {
      for (const char* part : {"", "-wal", "-shm"}) fs::remove_all(root() / (place + part));
      for (const auto& [name, bytes] : kept.files) {
        if (name != place && !name.starts_with(place + "/")) continue;
        fs::create_directories((root() / name).parent_path());
        std::ofstream(root() / name, std::ios::binary) << bytes;
        fs::permissions(root() / name, fs::perms::owner_read | fs::perms::owner_write);
      }
    }
  }
  fs::path root() const { return directory / ""; }
  std::string id() const { return to_string(parts()->store->row().id); }

  mutable std::vector<std::string> told;
};

// Alice's account was attacked: no password opens it, and somebody says so.
void is_shut_and_told(const World& world) {
  for (const char* password : {hers, her_next, his}) {
    INFO(password);
    const Code code = world.login("alice", password);
    CHECK((code == Code::integrity || code == Code::refused));
  }
  CHECK(world.complaints() != "");
}

void is_refused_as_older(const World& world) {
  const auto opened = world.realm();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::integrity);
  INFO(opened.error().message);
  CHECK(opened.error().message.find("accept-rollback") != std::string::npos);
  CHECK(std::any_of(world.told.begin(), world.told.end(),
                    [](const auto& line) { return line.starts_with("rollback_noticed"); }));
  is_shut_and_told(world);
}

}  // namespace

TEST_CASE("a store that nobody attacked is not complained of") {
  World world;
  CHECK(world.complaints() == "");
  CHECK(world.login("alice", hers) == Code::accepted);
  CHECK(world.login("alice", his) == Code::refused);
  CHECK(world.complaints() == "");
}

TEST_CASE("promise: swapped credentials let nobody in") {
  World world;
  const std::string columns = GENERATE("credential", "profile, history, credential",
                                       "generation, profile, history, credential");
  INFO(columns);
  world.sql("CREATE TEMP TABLE old AS SELECT * FROM account; UPDATE account SET (" + columns +
            ") = (SELECT " + columns + " FROM old WHERE old.name <> account.name)");
  is_shut_and_told(world);
  CHECK(world.login("mallory", hers) != Code::accepted);
}

TEST_CASE("promise: accounts whose names, or ids, were exchanged let nobody in") {
  World world;
  // What each row takes from the other one.
  const std::vector<std::string> taken =
      GENERATE(std::vector<std::string>{"name"}, std::vector<std::string>{"id"},
               std::vector<std::string>{"name", "bucket"});
  std::string assignments;
  for (const auto& column : taken)
    assignments += (assignments.empty() ? "" : ", ") + column + " = (SELECT " + column +
                   " FROM old WHERE old.number <> account.number)";
  INFO(assignments);
  // In two steps, for each is unique.
  world.sql(
      "CREATE TEMP TABLE old AS SELECT * FROM account;"
      "UPDATE account SET name = number, id = randomblob(16);"
      "UPDATE account SET name = (SELECT name FROM old WHERE old.number = account.number) WHERE " +
      std::string(taken[0] == "name" ? "0" : "1") +
      ";UPDATE account SET id = (SELECT id FROM old WHERE old.number = account.number) WHERE " +
      std::string(taken[0] == "id" ? "0" : "1") + ";UPDATE account SET " + assignments);
  is_shut_and_told(world);
  CHECK(world.login("mallory", hers) != Code::accepted);
}

TEST_CASE("promise: an account that was renamed is missed") {
  World world;
  world.sql("UPDATE account SET name = 'zed' WHERE name = 'alice'");
  CHECK(world.login("alice", hers) == Code::integrity);
  CHECK(world.login("zed", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: an account that was deleted is missed") {
  World world;
  world.sql("DELETE FROM account WHERE name = 'alice'");
  CHECK(world.login("alice", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: a row with another id under a name that is there lets nobody in") {
  World world;
  world.sql(
      "UPDATE account SET name = 'away' WHERE name = 'alice';"
      "INSERT INTO account (realm, id, name, generation, credential, profile, history, bucket) "
      "SELECT realm, randomblob(16), 'alice', generation, credential, profile, history, bucket "
      "FROM account WHERE name = 'mallory'");
  CHECK(world.login("alice", his) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: a row of another realm lets nobody in") {
  World world;
  value_or_throw(world.start().add_realm("shop", admin));
  auto shop = value_or_throw(world.realm("shop"));
  REQUIRE(shop.enrol("alice", {}, secret(his), false, admin)->code == Code::accepted);
  SECTION("in the place of hers") {
    world.sql(
        "UPDATE account SET (generation, credential, profile, history) = (SELECT generation, "
        "credential, profile, history FROM account a WHERE a.name = 'alice' AND a.realm = (SELECT "
        "id FROM realm WHERE name = 'shop')) WHERE name = 'alice' AND realm = (SELECT id FROM "
        "realm WHERE name = 'system')");
  }
  SECTION("moved as a whole") {
    world.sql(
        "DELETE FROM account WHERE name = 'alice' AND realm = (SELECT id FROM realm WHERE name = "
        "'system'); UPDATE account SET realm = (SELECT id FROM realm WHERE name = 'system') WHERE "
        "name = 'alice'");
  }
  SECTION("with the names of the realms exchanged") {
    world.sql(
        "UPDATE realm SET name = 'x' WHERE name = 'shop'; UPDATE realm SET name = 'shop' WHERE "
        "name = 'system'; UPDATE realm SET name = 'system' WHERE name = 'x'");
  }
  is_shut_and_told(world);
}

TEST_CASE("promise: yesterday's row lets nobody in") {
  World world;
  const std::string yesterday = world.row("alice");
  SECTION("after the password was changed") {
    REQUIRE(world.realm()->change("alice", secret(hers), secret(her_next), admin)->code ==
            Code::accepted);
  }
  SECTION("after it was marked as compromised") {
    REQUIRE(world.realm()->compromise("alice", "seen in a paste", true, admin));
  }
  SECTION("after the account was locked") {
    REQUIRE(world.realm()->set_state("alice", State::active, State::locked, admin));
  }
  world.sql(yesterday);
  CHECK(world.login("alice", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: yesterday's row with yesterday's tree and head lets nobody in") {
  World world;
  const std::string yesterday = world.row("alice");
  std::string head = world.text(
      "SELECT 'UPDATE head SET number=' || number || ',record=x''' || hex(record) || '''' FROM "
      "head");
  world.sql("CREATE TABLE nodes AS SELECT * FROM node");
  REQUIRE(world.realm()->change("alice", secret(hers), secret(her_next), admin)->code ==
          Code::accepted);
  world.sql(yesterday + "; DELETE FROM node; INSERT INTO node SELECT * FROM nodes");
  is_shut_and_told(world);
  world.sql(head);
  is_refused_as_older(world);
}

TEST_CASE("promise: yesterday's file lets nobody in") {
  World world;
  const auto yesterday = world.keep();
  REQUIRE(world.realm()->change("alice", secret(hers), secret(her_next), admin)->code ==
          Code::accepted);
  SECTION("alone") { world.put_back(yesterday, {"cred.db"}); }
  SECTION("with its anchor") { world.put_back(yesterday, {"cred.db", "anchor"}); }
  SECTION("with its journal") { world.put_back(yesterday, {"cred.db", "journal"}); }
  SECTION("without an anchor") {
    world.put_back(yesterday, {"cred.db"});
    fs::remove_all(world.root() / "anchor");
  }
  SECTION("without a journal") {
    world.put_back(yesterday, {"cred.db"});
    fs::remove_all(world.root() / "journal");
  }
  is_refused_as_older(world);
}

TEST_CASE("promise: a wrong guess is not undone by the file from before it") {
  World world;
  const auto before = world.keep();
  REQUIRE(world.login("alice", his) == Code::refused);
  world.put_back(before, {"cred.db"});
  is_refused_as_older(world);
}

TEST_CASE("promise: nobody makes a head by taking it away") {
  World world;
  const std::string yesterday = world.row("alice");
  REQUIRE(world.realm()->compromise("alice", "seen in a paste", true, admin));
  world.sql(yesterday + "; DELETE FROM head");
  SECTION("alone") {}
  SECTION("with the anchor") { fs::remove_all(world.root() / "anchor"); }
  SECTION("with anchor, journal and tree") {
    fs::remove_all(world.root() / "anchor");
    fs::remove_all(world.root() / "journal");
    world.sql("DELETE FROM node");
  }
  CHECK(world.login("alice", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: the tree over the accounts does not bend") {
  World world;
  const std::string attack = GENERATE(
      "DELETE FROM node", "DELETE FROM node WHERE level = 0", "DELETE FROM node WHERE level = 2",
      "UPDATE node SET level = level + 3",
      "UPDATE node SET position = position + 1 WHERE level > 0",
      "UPDATE account SET bucket = bucket + 1", "UPDATE account SET generation = generation + 1");
  INFO(attack);
  world.sql(attack);
  CHECK(world.login("alice", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: a retired data key does not come back into use") {
  World world;
  const std::string old = world.text("SELECT hex(credential) FROM account WHERE name = 'alice'");
  REQUIRE(world.realm()->rotate_data_key(admin));
  REQUIRE(world.login("alice", hers) == Code::accepted);
  world.sql("UPDATE realm_key SET retired = NULL");
  SECTION("alone") {}
  SECTION("with what it sealed") {
    world.sql("UPDATE account SET credential = x'" + old + "' WHERE name = 'alice'");
  }
  CHECK(world.login("alice", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("promise: keys that were taken away, exchanged or renumbered open nothing") {
  World world;
  REQUIRE(world.realm()->rotate_data_key(admin));
  const std::string attack = GENERATE(
      "DELETE FROM realm_key WHERE number = 0", "DELETE FROM realm_key WHERE number = 2",
      "DELETE FROM realm_key WHERE number IN (0, 2); UPDATE realm_key SET retired = NULL",
      "UPDATE realm_key SET wrapped = (SELECT wrapped FROM realm_key WHERE number = 1) WHERE "
      "number = 2",
      "UPDATE realm_key SET number = 3 WHERE number = 2",
      "UPDATE realm_key SET retired = 1 WHERE number = 2");
  INFO(attack);
  world.sql(attack);
  CHECK(world.login("alice", hers) == Code::integrity);
  is_shut_and_told(world);
}

TEST_CASE("a login that meets altered data is told of in the trail and the log") {
  World world;
  const std::string whole = world.row("alice");
  world.sql("UPDATE account SET credential = zeroblob(100) WHERE name = 'alice'");
  REQUIRE(world.login("alice", hers) == Code::integrity);
  CHECK(std::any_of(world.told.begin(), world.told.end(), [](const auto& line) {
    return line.starts_with("tampering_noticed: alice: ");
  }));
  // Whoever puts the row back does not take that away.
  world.sql(whole);
  std::vector<TrailEntry> noticed;
  REQUIRE(world.realm()->trail(0, [&](const TrailEntry& entry) {
    if (entry.event == "tampering_noticed") noticed.push_back(entry);
    return true;
  }));
  REQUIRE(noticed.size() == 1);
  CHECK(noticed[0].account == "alice");
  CHECK(noticed[0].outcome == Code::integrity);
  CHECK(noticed[0].source == "host 192.0.2.7");
  CHECK(noticed[0].detail.find("alice") != std::string::npos);
  CHECK(world.complaints() == "");
}

TEST_CASE("what was typed as a name is not told with altered data") {
  World world;
  world.sql("DELETE FROM node");
  REQUIRE(world.login(hers, his) == Code::integrity);
  std::string all;
  for (const auto& line : world.told) all += line + "\n";
  CHECK(all.find("tampering_noticed") != std::string::npos);
  CHECK(all.find(hers) == std::string::npos);
}

TEST_CASE("records are not shown under a name that somebody wrote into the database") {
  World world;
  world.sql("UPDATE account SET name = 'scapegoat' WHERE name = 'mallory'");
  std::size_t named = 0;
  REQUIRE(world.realm()->trail(0, [&](const TrailEntry& entry) {
    CHECK(entry.account != "scapegoat");
    named += entry.account == "alice" ? 1U : 0U;
    return true;
  }));
  CHECK(named == 1);
}

namespace {

// Ten days of records with checkpoints between them, the first of them pruned, an account
// that was erased.
struct OldWorld : World {
  OldWorld() {
    enrol("gone", "Zebra-Crossing-19");
    for (int day = 0; day < 10; ++day) {
      clock->advance(days(1));
      REQUIRE(open().expire("mallory", admin));
    }
    REQUIRE(open().erase("gone", admin));
    clock->advance(days(1));
    REQUIRE(open().authenticate("alice", secret(his), {.source = "host 192.0.2.7"}));
    REQUIRE(open().begin_session("alice", {}, "192.0.2.9"));
  }
  std::string first_bad() const {
    auto opened = realm();
    if (!opened) return opened.error().message;
    const auto check = opened->verify_trail();
    if (!check) return check.error().message;
    return check->first_bad ? std::to_string(*check->first_bad) + ": " + check->why : "";
  }
};

}  // namespace

TEST_CASE("promise: the trail can neither be edited, cut off, nor brought out of order") {
  OldWorld world;
  REQUIRE(world.first_bad() == "");
  const std::string attack = GENERATE(
      // Gone.
      "DELETE FROM audit", "DELETE FROM audit WHERE number = 5",
      "DELETE FROM audit WHERE number > 9",
      "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
      "DELETE FROM audit WHERE number = 1",
      // Renumbered, so that no gap shows.
      "DELETE FROM audit WHERE number = 5; UPDATE audit SET number = -number WHERE number > 5; "
      "UPDATE audit SET number = -number - 1 WHERE number < 0",
      // Two exchanged.
      "UPDATE audit SET number = -5 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = "
      "6; UPDATE audit SET number = 6 WHERE number = -5",
      "UPDATE audit SET record = (SELECT record FROM audit WHERE number = 6) WHERE number = 5",
      // With their bodies.
      "UPDATE audit SET number = -5 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = "
      "6; UPDATE audit SET number = 6 WHERE number = -5; UPDATE audit_body SET number = -5 WHERE "
      "number = 5; UPDATE audit_body SET number = 5 WHERE number = 6; UPDATE audit_body SET number "
      "= 6 WHERE number = -5",
      // One more.
      "INSERT INTO audit SELECT realm, number + 1, record, mac FROM audit ORDER BY number DESC "
      "LIMIT 1",
      // Of bodies and checkpoints.
      "DELETE FROM audit_body WHERE number = 6", "UPDATE audit_body SET account = randomblob(16)",
      "DELETE FROM checkpoint WHERE number = (SELECT max(number) FROM checkpoint)",
      "DELETE FROM checkpoint WHERE number = (SELECT min(number) FROM checkpoint)",
      "UPDATE checkpoint SET number = number + 1 WHERE number = (SELECT max(number) FROM "
      "checkpoint)");
  INFO(attack);
  world.sql(attack);
  CHECK(world.first_bad() != "");
}

TEST_CASE("promise: a body that was erased does not come back") {
  World world;
  world.enrol("gone", "Zebra-Crossing-19");
  world.sql("CREATE TABLE bodies AS SELECT * FROM audit_body");
  const std::string document = "SELECT count(*) FROM document WHERE name = 'erased_bodies'";
  REQUIRE(world.realm()->erase("gone", admin));
  REQUIRE(world.text(document) == "1");
  world.sql("INSERT OR IGNORE INTO audit_body SELECT * FROM bodies");
  const auto check = value_or_throw(world.realm()->verify_trail());
  CHECK(check.first_bad);
  CHECK(check.why == "its body was erased and is back");
}

TEST_CASE("promise: nobody writes into the part of the trail that was forgotten") {
  OldWorld world;
  world.sql("CREATE TABLE old AS SELECT * FROM audit");
  REQUIRE(*world.realm()->prune_trail(world.clock->now() - days(5), admin) > 3);
  world.sql("INSERT INTO audit SELECT * FROM old WHERE number = 2");
  CHECK(world.first_bad().starts_with("2: "));
  REQUIRE(world.realm()->trail(0, [&](const TrailEntry& entry) {
    CHECK(entry.number > 2);
    return true;
  }));
}

TEST_CASE("promise: records do not become old by an edit, nor are altered ones forgotten") {
  OldWorld world;
  const Time before = world.clock->now() - days(100);
  REQUIRE(*world.realm()->prune_trail(before, admin) == 0);
  SECTION("all of them of long ago") {
    // The time is in the record's first bytes, and in the checkpoint's.
    auto database = world.database();
    for (const char* table : {"audit", "checkpoint"}) {
      SQLite::Statement query(database, std::string("SELECT number, record FROM ") + table);
      std::map<std::int64_t, std::vector<char>> records;
      while (query.executeStep()) {
        const auto* bytes = static_cast<const char*>(query.getColumn(1).getBlob());
        records[query.getColumn(0).getInt64()] = {bytes, bytes + query.getColumn(1).getBytes()};
      }
      // The milliseconds of these years begin so.
      for (auto& [number, record] : records) {
        const std::string now{"\x00\x00\x01\xa3", 4};
        const auto at = std::search(record.begin(), record.end(), now.begin(), now.end());
        REQUIRE(at != record.end());
        at[3] = 1;
        SQLite::Statement update(database, std::string("UPDATE ") + table +
                                               " SET record = ? WHERE number = ?");
        update.bind(1, record.data(), static_cast<int>(record.size()));
        update.bind(2, number);
        update.exec();
      }
    }
    const auto pruned = world.realm()->prune_trail(before, admin);
    REQUIRE_FALSE(pruned);
    CHECK(pruned.error().code == Code::integrity);
  }
  SECTION("one of the old ones altered") {
    world.sql(
        "UPDATE audit SET record = (SELECT record FROM audit WHERE number = 4) WHERE number = 3");
    const auto pruned = world.realm()->prune_trail(world.clock->now(), admin);
    REQUIRE_FALSE(pruned);
    CHECK(pruned.error().message.find("record 3") != std::string::npos);
  }
  CHECK(world.text("SELECT min(number) FROM audit") == "1");
}

TEST_CASE("promise: a forged erasure erases nothing, neither in the journal nor by a restore") {
  World world;
  REQUIRE(world.start().create_backup(admin));
  world.clock->advance(std::chrono::minutes(1));
  REQUIRE(world.realm()->expire("mallory", admin));
  const bool reused = GENERATE(false, true);
  if (reused) world.enrol("gone", "Zebra-Crossing-19");
  if (reused) REQUIRE(world.realm()->erase("gone", admin));
  const auto before = world.keep().files;
  if (reused)
    world.sql("UPDATE tombstone SET account = (SELECT id FROM account WHERE name = 'alice')");
  else
    world.sql(
        "INSERT INTO tombstone SELECT realm, id, 1, randomblob(32) FROM account WHERE name "
        "= 'alice'");
  const auto finished = world.realm()->finish_erasures();
  REQUIRE_FALSE(finished);
  CHECK(finished.error().code == Code::integrity);
  CHECK(world.complaints() != "");
  const auto after = world.keep().files;
  for (const auto& [name, bytes] : before)
    if (name.starts_with("journal/")) CHECK(after.at(name).starts_with(bytes));
  const auto report = Engine::restore(world.configuration, world.clock, {}, {}, admin);
  REQUIRE(report);
  CHECK(report->live.find("erasures") != std::string::npos);
  CHECK(world.login("alice", hers) == Code::accepted);
}

TEST_CASE("promise: a realm that nobody erased is not forgotten") {
  World world;
  value_or_throw(world.start().add_realm("shop", admin));
  auto shop = value_or_throw(world.realm("shop"));
  REQUIRE(shop.enrol("alice", {}, secret(hers), false, admin)->code == Code::accepted);
  const std::string id = to_string(value_or_throw(shop.realm_status()).id);
  REQUIRE(world.start().create_backup(admin));
  std::string attack =
      "INSERT INTO erased_realm SELECT id, 1 FROM realm WHERE name = 'shop'; PRAGMA foreign_keys "
      "= OFF;";
  const bool deleted = GENERATE(false, true);
  if (deleted)
    for (const char* table : {"account", "attempts", "lease", "audit", "audit_body", "checkpoint",
                              "outbox", "tombstone", "document", "head", "node", "realm_key"})
      attack += std::string("DELETE FROM ") + table +
                " WHERE realm = (SELECT id FROM realm WHERE name = 'shop');";
  world.sql(attack + (deleted ? "DELETE FROM realm WHERE name = 'shop'" : ""));
  CHECK(world.complaints().find(id) != std::string::npos);
  CHECK(fs::exists(world.root() / "journal" / id));
  CHECK(fs::exists(world.root() / "anchor" / id));
  world.clock->advance(std::chrono::minutes(1));
  if (!deleted) REQUIRE(world.start().create_backup(admin));
  const auto report =
      value_or_throw(Engine::restore(world.configuration, world.clock, {}, {}, admin));
  CHECK(report.live == "");
  auto back = world.realm("shop");
  REQUIRE(back);
  CHECK(back->authenticate("alice", secret(hers))->code == Code::accepted);
  CHECK(world.complaints() == "");
}

TEST_CASE("a realm that was erased, before heads had format 2 as well, stays erased") {
  World world;
  value_or_throw(world.start().add_realm("shop", admin));
  REQUIRE(world.start().create_backup(admin));
  const bool earlier = GENERATE(false, true);
  if (!earlier) REQUIRE(world.start().erase_realm("shop", admin));
  if (earlier) {
    const auto store = store::open(world.configuration.store_url);
    const Uuid id = store->realm("shop")->row().id;
    const auto parts = world.parts();
    {
      RealmChange change(*parts);
      change.also(ErasedRealm{id, world.clock->now()});
      change.commit();
    }
    store->erase_realm(id, world.clock->now());
    RealmState state(*parts, store::Access::write);
    Head head = value_or_throw(decode_head(encode(state.head(), Seed::with).bytes()));
    head.oldest_key = 0;
    state.transaction().set_head(sealed_head(state.vault(), head));
    state.transaction().commit();
    parts->anchor.force({head.number, digest_of(state.vault(), head)});
  }
  SECTION("at a restore") {}
  SECTION("at a restore after a start") { CHECK(world.complaints() == ""); }
  world.clock->advance(std::chrono::minutes(1));
  const auto report =
      value_or_throw(Engine::restore(world.configuration, world.clock, {}, {}, admin));
  CHECK(report.live == "");
  CHECK(world.realm("shop").error().code == Code::not_found);
  CHECK(world.complaints() == "");
  CHECK(world.text("SELECT count(*) FROM tombstone") == "1");
}

TEST_CASE("promise: older documents, and none, are missed") {
  World world;
  world.enrol("one", "Zebra-Crossing-19");
  world.enrol("two", "Zebra-Crossing-19");
  REQUIRE(world.realm()->erase("one", admin));
  const std::string old = world.text(
      "SELECT 'UPDATE document SET generation=' || generation || ',sealed=x''' || hex(sealed) || "
      "'''' FROM document");
  REQUIRE(world.realm()->erase("two", admin));
  REQUIRE(world.complaints() == "");
  SECTION("older") { world.sql(old); }
  SECTION("older, under the new number") {
    world.sql(old + "; UPDATE document SET generation = generation + 1");
  }
  SECTION("none") { world.sql("DELETE FROM document"); }
  CHECK(world.complaints() != "");
}

TEST_CASE("promise: what waits for the journal is not altered on its way") {
  World world;
  REQUIRE(world.login("alice", hers) == Code::accepted);
  const auto left = "SELECT count(*) FROM outbox WHERE number = (SELECT number FROM head)";
  REQUIRE(world.text(left) == "1");
  SECTION("altered") {
    world.sql(
        "UPDATE outbox SET entry = zeroblob(length(entry)) WHERE number = (SELECT number "
        "FROM head)");
    CHECK(world.complaints() != "");
  }
  SECTION("taken away") {
    world.sql("DELETE FROM outbox WHERE number = (SELECT number FROM head)");
  }
  // The journal goes on without it.
  REQUIRE(world.realm()->expire("mallory", admin));
  const auto parts = world.parts();
  std::uint64_t last = 0;
  parts->journal.read(0, [&](const journal::Entry& entry) {
    last = entry.number;
    CHECK(parts->vault()->open_kept(place_of_entry(entry.number), entry.bytes));
    return true;
  });
  CHECK(std::to_string(last) == world.text("SELECT number FROM head"));
  CHECK(world.login("alice", hers) == Code::accepted);
}

TEST_CASE("promise: an entry of the journal that was altered under its checksum is not restored") {
  World world;
  REQUIRE(world.start().create_backup(admin));
  world.clock->advance(std::chrono::minutes(1));
  REQUIRE(world.realm()->expire("mallory", admin));
  REQUIRE(world.realm()->compromise("alice", "seen in a paste", true, admin));
  std::uint64_t altered = 0;
  const auto parts = world.parts();
  parts->journal.lock().rewrite(
      [&](const journal::Entry& entry) -> std::optional<std::vector<std::byte>> {
        if (entry.time < world.clock->now() || altered > 0) return std::nullopt;
        altered = entry.number;
        auto bytes = entry.bytes;
        bytes.back() ^= std::byte{1};
        return bytes;
      });
  REQUIRE(altered > 0);
  RestoreRequest request;
  request.at = world.clock->now();
  const auto report = Engine::restore(world.configuration, world.clock, {}, request, admin);
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::integrity);
  CHECK(world.login("alice", hers) == Code::locked);
}

TEST_CASE("a head of format 1 is read, and the next change writes it anew") {
  World world;
  {
    const auto parts = world.parts();
    RealmState state(*parts, store::Access::write);
    Head head = value_or_throw(decode_head(encode(state.head(), Seed::with).bytes()));
    head.oldest_key = 0;
    REQUIRE(encode(head, Seed::with).bytes()[0] == std::byte{1});
    state.transaction().set_head(sealed_head(state.vault(), head));
    state.transaction().commit();
    parts->anchor.force({head.number, digest_of(state.vault(), head)});
  }
  {
    const auto parts = world.parts();
    CHECK(RealmState(*parts, store::Access::read).head().oldest_key == 0);
  }
  CHECK(world.login("alice", hers) == Code::accepted);
  CHECK(world.complaints() == "");
  const auto parts = world.parts();
  const RealmState state(*parts, store::Access::read);
  CHECK(state.head().oldest_key == 1);
  CHECK(encode(state.head(), Seed::with).bytes()[0] == std::byte{2});
}

namespace {

// A store as version 4 left it: no head, no tree, no trail yet, and one key of the realm,
// wrapped without its number (docs/formats/sealed.md).
void make_version_4(const World& world) {
  const Secret root = value_or_throw(vault::load_root_key(world.configuration.root_key_url));
  Secret wrapping(32);
  crypto_kdf_derive_from_key(wrapping.uchars(), wrapping.size(), 1, "libcred1", root.uchars());
  const auto parts = world.parts();
  const auto data_for = [&](std::uint64_t generation) {
    std::vector<std::byte> data(128);
    Writer w(data);
    w.text("libcred realm key");
    w.put(parts->store->row().id);
    w.put(Uuid{});
    w.text("");
    w.u8(1);
    w.u64(generation);
    data.resize(w.used());
    return data;
  };
  const auto bytes = [](const std::vector<std::byte>& data) {
    return reinterpret_cast<const unsigned char*>(data.data());
  };
  constexpr std::size_t before_nonce = 9;
  constexpr std::size_t before_text = before_nonce + 24;
  auto wrapped = parts->store->keys().at(1).wrapped;
  auto* sealed = reinterpret_cast<unsigned char*>(wrapped.data());
  Secret key(32);
  const auto now = data_for(1);
  REQUIRE(crypto_aead_xchacha20poly1305_ietf_decrypt(
              key.uchars(), nullptr, nullptr, sealed + before_text, wrapped.size() - before_text,
              bytes(now), now.size(), sealed + before_nonce, wrapping.uchars()) == 0);
  const auto then = data_for(0);
  crypto_aead_xchacha20poly1305_ietf_encrypt(sealed + before_text, nullptr, key.uchars(),
                                             key.size(), bytes(then), then.size(), nullptr,
                                             sealed + before_nonce, wrapping.uchars());
  auto database = world.database();
  database.exec(
      "DELETE FROM realm_key WHERE number = 0; DELETE FROM head; DELETE FROM node; DELETE FROM "
      "audit; DELETE FROM audit_body; DELETE FROM checkpoint; DELETE FROM outbox; UPDATE account "
      "SET bucket = -1");
  SQLite::Statement update(database, "UPDATE realm_key SET wrapped = ?");
  update.bind(1, wrapped.data(), static_cast<int>(wrapped.size()));
  REQUIRE(update.exec() == 1);
  for (const char* place : {"anchor", "journal"}) fs::remove_all(world.root() / place);
}

void take_head_away(const World& world) {
  for (const char* place : {"anchor", "journal"}) fs::remove_all(world.root() / place);
  world.sql("DELETE FROM head; DELETE FROM outbox");
}

}  // namespace

TEST_CASE("a store of version 4 is brought up to date, and after a rotation never again") {
  World world;
  make_version_4(world);
  CHECK(world.login("alice", hers) == Code::accepted);
  CHECK(world.login("alice", his) == Code::refused);
  CHECK(world.complaints() == "");
  std::string events;
  REQUIRE(world.realm()->trail(0, [&](const TrailEntry& entry) {
    events += entry.event + " ";
    return true;
  }));
  CHECK(events.starts_with("trail_started "));
  // With an anchor it is no such store any more.
  SECTION("the head taken away") {
    world.sql("DELETE FROM head");
    CHECK(world.login("alice", hers) == Code::integrity);
  }
  SECTION("head, anchor and journal taken away") {
    REQUIRE(world.realm()->rotate_data_key(admin));
    take_head_away(world);
    CHECK(world.login("alice", hers) == Code::integrity);
  }
}

namespace {

// Each byte of a column's value is altered in turn, by one bit.
class Flips {
 public:
  Flips(const World& world, std::string table, std::string column, std::string where)
      : database_(world.database()),
        set_("UPDATE " + table + " SET " + column + " = ? WHERE " + where),
        get_("SELECT " + column + " FROM " + table + " WHERE " + where) {}

  // `still_good` answers whether nobody noticed. Gives the positions where nobody did.
  std::vector<std::size_t> unnoticed(const std::function<bool()>& still_good) {
    const std::vector<std::byte> whole = value();
    REQUIRE_FALSE(whole.empty());
    REQUIRE(still_good());
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      auto altered = whole;
      altered[i] ^= std::byte{static_cast<unsigned char>(1U << (i % 8))};
      put(altered);
      if (still_good()) positions.push_back(i);
    }
    put(whole);
    REQUIRE(still_good());
    return positions;
  }

 private:
  std::vector<std::byte> value() {
    SQLite::Statement query(database_, get_);
    REQUIRE(query.executeStep());
    const auto* bytes = static_cast<const std::byte*>(query.getColumn(0).getBlob());
    return {bytes, bytes + query.getColumn(0).getBytes()};
  }
  void put(const std::vector<std::byte>& bytes) {
    SQLite::Statement update(database_, set_);
    update.bind(1, bytes.data(), static_cast<int>(bytes.size()));
    REQUIRE(update.exec() == 1);
  }

  SQLite::Database database_;
  const std::string set_;
  const std::string get_;
};

const std::string alice_row = "name = 'alice'";

}  // namespace

TEST_CASE("promise: no byte of what a login reads is altered without notice") {
  const OldWorld world;
  const auto login = [&] {
    const Code code = world.login("alice", hers);
    CHECK((code == Code::integrity || code == Code::accepted));
    return code == Code::accepted;
  };
  const auto check = [&](const char* table, const char* column, const std::string& where) {
    INFO(table << "." << column);
    CHECK(Flips(world, table, column, where).unnoticed(login) == std::vector<std::size_t>{});
  };
  check("account", "credential", alice_row);
  check("account", "id", alice_row);
  check("realm_key", "wrapped", "number = 0");
  check("realm_key", "wrapped", "number = 1");
  // Each login writes the head anew.
  const auto opens = [&] {
    const auto opened = world.realm();
    CHECK((opened || opened.error().code == Code::integrity));
    return opened.has_value();
  };
  CHECK(Flips(world, "head", "record", "1").unnoticed(opens) == std::vector<std::size_t>{});
}

TEST_CASE("promise: no byte of what a login does not read is altered without notice") {
  const OldWorld world;
  const auto parts = world.parts();
  const auto whole = [&] {
    return at_the_door([&]() -> Expected<void> {
             RealmState state(*parts, store::Access::read);
             (void)check_store(state);
             return {};
           })
        .has_value();
  };
  const auto check = [&](const char* table, const char* column, const std::string& where) {
    INFO(table << "." << column);
    CHECK(Flips(world, table, column, where).unnoticed(whole) == std::vector<std::size_t>{});
  };
  check("account", "profile", alice_row);
  check("account", "history", alice_row);
  check("attempts", "label", "subject = (SELECT min(subject) FROM attempts WHERE label <> x'')");
  check("attempts", "last_login", "last_login <> x''");
  check("node", "digests", "level = 0");
  check("node", "digests",
        "level = 2 AND position = (SELECT bucket >> 6 FROM account WHERE " + alice_row + ")");
  check("document", "sealed", "name = 'erased_bodies'");
  check("tombstone", "mac", "1");
  check("tombstone", "account", "1");
  check("outbox", "entry", "number = (SELECT max(number) FROM outbox)");
}

TEST_CASE("promise: no byte of the trail is altered without notice") {
  const OldWorld world;
  auto realm = world.open();
  const auto whole = [&] {
    const auto check = realm.verify_trail();
    return check && !check->first_bad;
  };
  const auto check = [&](const char* table, const char* column) {
    INFO(table << "." << column);
    CHECK(Flips(world, table, column,
                std::string("number = (SELECT max(number) - 2 FROM ") +
                    (table == std::string("checkpoint") ? "checkpoint" : "audit_body") + ")")
              .unnoticed(whole) == std::vector<std::size_t>{});
  };
  check("audit", "record");
  check("audit", "mac");
  check("audit_body", "body");
  check("audit_body", "account");
  check("checkpoint", "record");
}

TEST_CASE("promise: no byte of an entry of the journal is altered without notice") {
  const OldWorld world;
  const auto parts = world.parts();
  journal::Entry last;
  parts->journal.read(0, [&](const journal::Entry& entry) {
    last = entry;
    return true;
  });
  REQUIRE(last.number > 0);
  const auto opens = [&] {
    return parts->vault()->open_kept(place_of_entry(last.number), last.bytes).has_value();
  };
  REQUIRE(opens());
  for (auto& byte : last.bytes) {
    byte ^= std::byte{1};
    CHECK_FALSE(opens());
    byte ^= std::byte{1};
  }
}

TEST_CASE("promise: no byte of the anchor makes yesterday's file pass") {
  World world;
  const auto yesterday = world.keep();
  for (int i = 0; i < 3; ++i) REQUIRE(world.realm()->expire("mallory", admin));
  REQUIRE(world.realm()->change("alice", secret(hers), secret(her_next), admin)->code ==
          Code::accepted);
  const auto today = world.keep();
  // The journal is gone as well: the anchor alone tells.
  world.put_back(yesterday, {"cred.db", "journal"});
  const fs::path anchor = world.root() / "anchor" / world.id();
  const std::string whole = today.files.at("anchor/" + world.id());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i == 64) i = 4096;  // zeros between the slots
    std::string altered = whole;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    std::ofstream(anchor, std::ios::binary) << altered;
    INFO("byte " << i);
    CHECK(world.login("alice", hers) == Code::integrity);
  }
}
