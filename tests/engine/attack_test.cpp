// What somebody tries who writes to the database, and to journal and anchor, but has no key:
// each attack is noticed, and none lets anyone in.

#include "attacked_store.hpp"
#include "base/bytes.hpp"
#include "engine/store_check.hpp"
#include "vault/root_key.hpp"

#include <sodium.h>

using namespace cred;
using namespace cred::engine;
using namespace cred::test;
using std::chrono::days;

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
