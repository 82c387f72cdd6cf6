// Another root key for the whole store.

#include "base/hexadecimal.hpp"
#include "engine/engine.hpp"
#include "engine/realm_keys.hpp"
#include "engine/root_rotation.hpp"
#include "vault/root_archive.hpp"

#include "support/temporary.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

using namespace cred;
using namespace cred::test;
namespace fs = std::filesystem;

namespace {

const engine::Actor actor{"test"};
const std::string right = "Correct-Horse-42";

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

struct Store : TestRealm {
  using TestRealm::TestRealm;
  std::string key = directory / "root.key";
  engine::Engine engine() const {
    return value_or_throw(engine::Engine::open(configuration, clock));
  }
  store::KeysOfRealms keys() const { return store::open(configuration.store_url)->keys(); }
  // The ids of the root keys that wrap the keys of all realms.
  std::set<vault::KeyId> wrapped_by() const {
    std::set<vault::KeyId> ids;
    for (const auto& [realm, key_row] : keys())
      ids.insert(value_or_throw(vault::key_id_of(key_row.wrapped)));
    return ids;
  }
  vault::KeyId id_in(const std::string& url) const {
    return vault::id_of(value_or_throw(vault::load_root_key(url)));
  }
  std::size_t records_of_it(const std::string& realm = "system") const {
    std::size_t count = 0;
    auto opened = engine();
    value_or_throw(value_or_throw(opened.realm(realm)).trail(0, [&](const auto& entry) {
      count += entry.event == "root_key_rotated" ? 1 : 0;
      return true;
    }));
    return count;
  }
  // What a rotation that was killed after its transaction leaves: the store is wrapped with
  // the next key, which is not in place.
  void leave_half_done() const {
    const std::string url = configuration.root_key_url;
    value_or_throw(vault::stage_root_key(url));
    const Secret current = value_or_throw(vault::load_root_key(url));
    const auto next = value_or_throw(vault::load_staged_root_key(url));
    auto store = store::open(configuration.store_url);
    const auto before = store->keys();
    auto after = before;
    for (auto& [realm, row] : after)
      row.wrapped = value_or_throw(vault::rewrap({row.number, row.wrapped, row.retired.has_value()},
                                                 current, *next, realm))
                        .wrapped;
    REQUIRE(store->put_keys(before, after));
  }
};

}  // namespace

TEST_CASE("a rotated root key wraps every key of every realm, and the one before opens nothing") {
  Store store;
  store.enrol("ann", right);
  value_or_throw(store.engine().add_realm("shop", actor));
  const std::string old_key = content(store.key);
  const auto old_id = store.id_in(store.configuration.root_key_url);
  auto before = store.open();
  const auto rotated = value_or_throw(store.engine().rotate_root_key({}, {}, actor));
  CHECK_FALSE(rotated.continued);
  CHECK_FALSE(rotated.configure);
  CHECK(rotated.warning.empty());
  CHECK(rotated.id != old_id);
  CHECK(content(store.key) != old_key);
  CHECK(store.id_in(store.configuration.root_key_url) == rotated.id);
  CHECK(store.wrapped_by() == std::set<vault::KeyId>{rotated.id});
  CHECK_FALSE(fs::exists(store.key + ".next"));
  // A handle from before, and a new one.
  CHECK(before.authenticate("ann", secret(right))->code == Code::accepted);
  CHECK(store.login("ann", right) == Code::accepted);
  CHECK(store.records_of_it() == 1);
  CHECK(store.records_of_it("shop") == 1);

  fs::permissions(store.key, fs::perms::owner_all);
  std::ofstream(store.key, std::ios::binary | std::ios::trunc) << old_key;
  fs::permissions(store.key, fs::perms::owner_read);
  auto engine = store.engine();
  CHECK(engine.realm("system").error().code == Code::integrity);
}

TEST_CASE("an engine that was opened before the root key was rotated goes on with the new one") {
  Store store;
  store.enrol("ann", right);
  auto before = store.engine();
  (void)value_or_throw(store.engine().rotate_root_key({}, {}, actor));
  CHECK(value_or_throw(before.realm("system")).authenticate("ann", secret(right))->code ==
        Code::accepted);
  value_or_throw(before.add_realm("shop", actor));
  CHECK(store.wrapped_by().size() == 1);
  REQUIRE(value_or_throw(before.realm("shop")).rotate_data_key(actor));
  CHECK(store.wrapped_by().size() == 1);
}

TEST_CASE("logins and changes go on while root key and data key are rotated again and again") {
  Store store;
  store.enrol("ann", right);
  store.enrol("ben", right);
  std::atomic<bool> done{false};
  std::atomic<int> wrong{0};
  std::atomic<int> logins{0};
  std::thread other([&] {
    auto realm = store.open();
    for (int i = 0; !done || logins < 10; ++i) {
      const auto answer = realm.authenticate("ann", secret(right));
      wrong += answer && answer->code == Code::accepted ? 0 : 1;
      const auto altered = realm.set_profile(
          "ben", [&](engine::Profile& profile) { profile.phone = std::to_string(i); }, actor);
      wrong += altered ? 0 : 1;
      ++logins;
    }
  });
  auto engine = store.engine();
  for (int i = 0; i < 5; ++i) {
    CHECK(engine.rotate_root_key({}, {}, actor));
    CHECK(value_or_throw(engine.realm("system")).rotate_data_key(actor));
  }
  done = true;
  other.join();
  CHECK(wrong == 0);
  CHECK(store.wrapped_by().size() == 1);
  CHECK(store.login("ben", right) == Code::accepted);
  CHECK_FALSE(value_or_throw(store.open().verify_trail()).first_bad);
}

TEST_CASE("a rotation of the root key that was killed is finished by whoever opens the store") {
  Store store;
  store.enrol("ann", right);
  store.leave_half_done();
  const auto next = content(store.key + ".next");
  CHECK(store.login("ann", right) == Code::accepted);
  CHECK(content(store.key) == next);
  CHECK_FALSE(fs::exists(store.key + ".next"));
  CHECK(store.records_of_it() == 1);
}

TEST_CASE("repeating a rotation that was killed finishes it and makes no other key") {
  Store store;
  store.enrol("ann", right);
  store.leave_half_done();
  const auto next = content(store.key + ".next");
  const auto rotated = value_or_throw(store.engine().rotate_root_key({}, {}, actor));
  CHECK(rotated.continued);
  CHECK(content(store.key) == next);
  CHECK(store.records_of_it() == 1);
}

TEST_CASE("an engine that was open while a rotation was killed uses the next key") {
  Store store;
  store.enrol("ann", right);
  auto engine = store.engine();
  store.leave_half_done();
  CHECK(value_or_throw(engine.realm("system")).authenticate("ann", secret(right))->code ==
        Code::accepted);
}

TEST_CASE("a staged root key that wraps nothing is no key, and gives way to the next rotation") {
  Store store;
  store.enrol("ann", right);
  value_or_throw(vault::stage_root_key(store.configuration.root_key_url));
  const auto current = content(store.key);
  const auto staged = content(store.key + ".next");
  CHECK(store.login("ann", right) == Code::accepted);
  CHECK(content(store.key) == current);
  const auto rotated = value_or_throw(store.engine().rotate_root_key({}, {}, actor));
  CHECK_FALSE(rotated.continued);
  CHECK(content(store.key) != staged);
  CHECK_FALSE(fs::exists(store.key + ".next"));
  CHECK(store.login("ann", right) == Code::accepted);
}

TEST_CASE("keys that were changed meanwhile are not exchanged") {
  Store store;
  auto opened = store::open(store.configuration.store_url);
  const auto before = opened->keys();
  REQUIRE(store.open().rotate_data_key(actor));
  const auto now = opened->keys();
  CHECK_FALSE(opened->put_keys(before, before));
  CHECK(opened->keys() == now);
  CHECK(opened->put_keys(now, now));
}

TEST_CASE("the root key moves to another source, which is created where it is missing") {
  Store store;
  store.enrol("ann", right);
  const std::string passphrase = "a long passphrase for a test";
  const auto answer = [&](const std::string&) -> Expected<Secret> { return secret(passphrase); };
  const std::string url = "passphrase:" + store.directory / "root.passphrase";
  const auto rotated = value_or_throw(store.engine().rotate_root_key(url, answer, actor));
  CHECK(rotated.configure);
  CHECK(rotated.url == url);
  CHECK(store.wrapped_by() == std::set<vault::KeyId>{rotated.id});
  // The configuration still names the other one.
  CHECK(store.engine().realm("system").error().code == Code::integrity);
  store.configuration.root_key_url = url;
  auto engine = value_or_throw(engine::Engine::open(store.configuration, store.clock, {}, answer));
  CHECK(value_or_throw(engine.realm("system")).authenticate("ann", secret(right))->code ==
        Code::accepted);
  CHECK(engine.root_key_status().id == rotated.id);
  CHECK(engine.rotate_root_key(url, answer, actor).error().code == Code::conflict);
  CHECK(engine.rotate_root_key({}, answer, actor).error().code == Code::usage);
}

TEST_CASE("who sets a store up types a new passphrase twice, and an old one once") {
  const TemporaryDirectory place;
  engine::Configuration configuration;
  configuration.root_key_url = "passphrase:" + place / "root.passphrase";
  int asked = 0;
  const auto answer = [&](const std::string&) -> Expected<Secret> {
    ++asked;
    return secret("a long passphrase for a test");
  };
  for (const int questions : {2, 1}) {
    asked = 0;
    const std::string store = place / "cred" + std::to_string(questions) + ".db";
    configuration.store_url = "sqlite:" + store;
    REQUIRE(engine::Engine::initialise(configuration, answer));
    CHECK(asked == questions);
    asked = 0;
    auto engine = engine::Engine::open(configuration, std::make_shared<SystemClock>(), {}, answer);
    REQUIRE(engine);
    CHECK(engine->realm("system"));
    CHECK(asked == 1);
  }
}

TEST_CASE("who moves the root key to a passphrase types it twice") {
  Store store;
  int asked = 0;
  const auto answer = [&](const std::string&) -> Expected<Secret> {
    ++asked;
    return secret("a long passphrase for a test");
  };
  REQUIRE(store.engine().rotate_root_key("passphrase:" + store.directory / "root.passphrase",
                                         answer, actor));
  CHECK(asked == 2);
}

TEST_CASE("a restore asks for a passphrase once") {
  Store store;
  store.enrol("ann", right);
  int asked = 0;
  const auto answer = [&](const std::string&) -> Expected<Secret> {
    ++asked;
    return secret("a long passphrase for a test");
  };
  const std::string url = "passphrase:" + store.directory / "root.passphrase";
  (void)value_or_throw(store.engine().rotate_root_key(url, answer, actor));
  store.configuration.root_key_url = url;
  auto engine = value_or_throw(engine::Engine::open(store.configuration, store.clock, {}, answer));
  (void)value_or_throw(engine.create_backup(actor));
  asked = 0;
  const auto report =
      engine::Engine::restore(store.configuration, store.clock, {}, {}, actor, {}, answer);
  REQUIRE(report);
  CHECK(report->warning.empty());
  CHECK_FALSE(report->fresh_backup.empty());
  CHECK(asked == 1);
}

TEST_CASE("repeating a move of the root key changes nothing and still says what to configure") {
  Store store;
  const std::string url = "file:" + store.directory / "other.key";
  auto opened = store.engine();
  const auto first = value_or_throw(store.engine().rotate_root_key(url, {}, actor));
  const auto again = value_or_throw(store.engine().rotate_root_key(url, {}, actor));
  CHECK(again.continued);
  CHECK(again.configure);
  CHECK(again.id == first.id);
  store.configuration.root_key_url = url;
  CHECK(store.records_of_it() == 1);
}

TEST_CASE("a rotation that cannot keep the old root key changes nothing") {
  Store store([](engine::Configuration& configuration) {
    configuration.backup_directory = configuration.root_key_url.substr(5) + "/backups";
  });
  store.enrol("ann", right);
  const auto before = store.keys();
  CHECK_FALSE(store.engine().rotate_root_key({}, {}, actor));
  CHECK(store.keys() == before);
  CHECK_FALSE(fs::exists(store.key + ".next"));
  CHECK(store.login("ann", right) == Code::accepted);
}

TEST_CASE("backups from before several rotations are verified and restored") {
  Store store;
  store.enrol("ann", right);
  const auto first = value_or_throw(store.engine().create_backup(actor)).name;
  store.clock->advance(std::chrono::seconds(10));
  (void)value_or_throw(store.engine().rotate_root_key({}, {}, actor));
  REQUIRE(store.open().rotate_data_key(actor));
  value_or_throw(store.engine().add_realm("shop", actor));
  (void)value_or_throw(store.engine().rotate_root_key({}, {}, actor));
  REQUIRE(store.open().begin_session("ann", {}, "192.0.2.9"));
  REQUIRE(store.open().rotate_data_key(actor));
  store.enrol("ben", right);
  CHECK(value_or_throw(engine::verify_backup(store.configuration, first)).name == first);
  CHECK_FALSE(value_or_throw(engine::list_backups(store.configuration)).front().problem);
  SECTION("with the store there") {}
  SECTION("without it") {
    for (const char* part : {"", "-wal", "-shm"}) fs::remove(store.directory / "cred.db" + part);
  }
  const auto report = engine::Engine::restore(store.configuration, store.clock, {}, {}, actor);
  REQUIRE(report);
  CHECK(report->warning.empty());
  CHECK(report->backup == first);
  REQUIRE(report->realms.size() == 2);
  CHECK(report->realms.front().altered == 0);
  CHECK(store.wrapped_by() ==
        std::set<vault::KeyId>{store.id_in(store.configuration.root_key_url)});
  CHECK(store.login("ann", right) == Code::accepted);
  CHECK(store.login("ben", right) == Code::accepted);
  auto engine = store.engine();
  CHECK(engine.realm("shop"));
  for (const auto& name : {"system", "shop"}) {
    auto realm = value_or_throw(engine.realm(name));
    const auto checked = value_or_throw(realm.verify_trail());
    INFO(name << ": " << checked.why);
    CHECK_FALSE(checked.first_bad);
    for (const auto& key : value_or_throw(realm.key_status()))
      CHECK((key.seals || key.uses.values() == 0));
    const auto rotated = realm.rotate_data_key(actor);
    INFO((rotated ? "" : rotated.error().message));
    CHECK(rotated);
  }
}

TEST_CASE("a store is rebuilt from a backup and a journal whose data key was destroyed since") {
  Store store;
  store.enrol("ann", right);
  (void)value_or_throw(store.engine().create_backup(actor));
  store.enrol("ben", right);
  REQUIRE(store.open().rotate_data_key(actor));
  store.enrol("cat", right);
  store.clock->advance(std::chrono::hours(24 * 15));
  REQUIRE(value_or_throw(store.open().destroy_retired_keys(
              store.clock->now() - std::chrono::hours(24 * 14), actor)) == 1);
  SECTION("the store is there") {}
  SECTION("it is lost") {
    for (const char* part : {"", "-wal", "-shm"}) fs::remove(store.directory / "cred.db" + part);
  }
  const auto report = engine::Engine::restore(store.configuration, store.clock, {}, {}, actor);
  INFO((report ? "" : report.error().message));
  REQUIRE(report);
  CHECK(report->warning.empty());
  auto realm = store.open();
  for (const char* name : {"ann", "ben", "cat"}) {
    INFO(name);
    const auto status = realm.status(name);
    CHECK(status);
  }
  const auto keys = value_or_throw(realm.key_status());
  REQUIRE(keys.size() == 1);
  CHECK(keys.front().number == 2);
  const auto checked = value_or_throw(realm.verify_trail());
  INFO(checked.why);
  CHECK_FALSE(checked.first_bad);
  CHECK(realm.rotate_data_key(actor));
}

TEST_CASE("maintenance forgets an old root key and a retired data key when no backup needs them") {
  Store store;
  store.enrol("ann", right);
  auto engine = store.engine();
  const auto days = [&](int count) { store.clock->advance(std::chrono::hours(24 * count)); };
  const auto back_up = [&] { (void)value_or_throw(engine.create_backup(actor)); };
  back_up();
  const auto old = hexadecimal(store.id_in(store.configuration.root_key_url));
  (void)value_or_throw(engine.rotate_root_key({}, {}, actor));
  REQUIRE(store.open().rotate_data_key(actor));
  const std::string kept = store.directory / "backup/root-" + old + ".sealed";
  REQUIRE(fs::exists(kept));
  // By the clock of the test.
  const auto ago = SystemClock().now() - store.clock->now();
  fs::last_write_time(kept, fs::file_time_type::clock::now() - ago);
  const auto keys = [&] { return value_or_throw(store.open().key_status()).size(); };
  days(6);
  back_up();
  (void)value_or_throw(engine.maintain(actor));
  CHECK(fs::exists(kept));
  CHECK(keys() == 2);
  days(9);
  back_up();
  (void)value_or_throw(engine.maintain(actor));
  CHECK_FALSE(fs::exists(kept));
  CHECK(keys() == 1);
  CHECK(store.login("ann", right) == Code::accepted);
}

namespace {

// Tries, whenever it is looked at, whether a rotation of the root key could begin.
class Trying final : public Clock {
 public:
  explicit Trying(const Store& store) : store_(store) {}
  Time now() const override {
    const auto lock = engine::lock_root(store_.configuration.store_url, store::Holding::alone,
                                        store::Waiting::no);
    ++looks;
    free += lock ? 1 : 0;
    return store_.clock->now();
  }
  mutable int looks = 0;
  mutable int free = 0;

 private:
  const Store& store_;
};

}  // namespace

TEST_CASE("no root key is exchanged while a store is restored") {
  Store store;
  store.enrol("ann", right);
  (void)value_or_throw(store.engine().create_backup(actor));
  const auto clock = std::make_shared<Trying>(store);
  REQUIRE(engine::Engine::restore(store.configuration, clock, {}, {}, actor));
  CHECK(clock->looks > 0);
  CHECK(clock->free == 0);
}
