// A store that somebody attacks who writes to the database, and to journal and anchor, but
// has no key.
#pragma once

#include "engine/engine.hpp"
#include "engine/realm_state.hpp"
#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <vector>

namespace cred::test {

namespace fs = std::filesystem;
using namespace engine;

inline const Actor admin{"admin"};
inline constexpr const char* hers = "Correct-Horse-42";
inline constexpr const char* her_next = "Velvet-Kettledrum7";
inline constexpr const char* his = "Battery-Staple-77";

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
inline void is_shut_and_told(const World& world) {
  for (const char* password : {hers, her_next, his}) {
    INFO(password);
    const Code code = world.login("alice", password);
    CHECK((code == Code::integrity || code == Code::refused));
  }
  CHECK(world.complaints() != "");
}

inline void is_refused_as_older(const World& world) {
  const auto opened = world.realm();
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::integrity);
  INFO(opened.error().message);
  CHECK(opened.error().message.find("accept-rollback") != std::string::npos);
  CHECK(std::any_of(world.told.begin(), world.told.end(),
                    [](const auto& line) { return line.starts_with("rollback_noticed"); }));
  is_shut_and_told(world);
}

// Ten days of records with checkpoints between them, the first of them pruned, an account
// that was erased.
struct OldWorld : World {
  OldWorld() {
    enrol("gone", "Zebra-Crossing-19");
    for (int day = 0; day < 10; ++day) {
      clock->advance(std::chrono::days(1));
      REQUIRE(open().expire("mallory", admin));
    }
    REQUIRE(open().erase("gone", admin));
    clock->advance(std::chrono::days(1));
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

}  // namespace cred::test
