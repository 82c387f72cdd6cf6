#include "engine/engine.hpp"

#include "backup/directory.hpp"
#include "support/stored_person.hpp"
#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>
#include <filesystem>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

const engine::Actor actor{"uid 0 (root) by credctl", 0, "uid 0", "credctl"};
const std::string right = "Tanne-Wolkenberg17";

// ann with a past, and ben, whom a reason names together with her.
struct World {
  TestRealm realm;
  store::AccountRow row;
  World() {
    engine::Profile profile;
    profile.full_name = "Anna Quillfeather";
    profile.email = "aq@example.org";
    profile.phone = "+49 30 7654321";
    profile.attributes["city"] = "Xanten-am-Rhein";
    REQUIRE(realm.open().enrol("ann-marie", profile, secret(right), false, actor)->code ==
            Code::accepted);
    realm.enrol("ben", right);
    CHECK(realm.login("ann-marie", "Guessing9badly") == Code::refused);
    CHECK(realm.login("ann-marie", right) == Code::accepted);
    REQUIRE(realm.open().begin_session("ann-marie", {.source = "host 192.0.2.7"}, "192.0.2.7"));
    REQUIRE(realm.open().compromise("ben", "told by ANNA  QuillFeather", false, actor));
    REQUIRE(realm.open().expire("ben", {"uid 7 (ann-marie) by credctl"}));
    REQUIRE(realm.open().expire("ben", actor));
    row = stored_row(realm.configuration.store_url, "ann-marie");
  }
  std::vector<engine::Item> journal() const {
    return journal_items(realm.configuration.store_url, realm.configuration.root_key_url,
                         realm.directory / "journal");
  }
  std::string journal_texts() const {
    return bodies_of(journal(),
                     stored_vault(realm.configuration.store_url, realm.configuration.root_key_url));
  }
  int count(const std::string& what) const {
    SQLite::Database database(realm.directory / "cred.db", SQLite::OPEN_READONLY);
    return database.execAndGet("SELECT count(*) FROM " + what).getInt();
  }
  std::vector<engine::TrailEntry> trail() const {
    std::vector<engine::TrailEntry> all;
    REQUIRE(realm.open().trail(0, [&](const engine::TrailEntry& entry) {
      all.push_back(entry);
      return true;
    }));
    return all;
  }
};

}  // namespace

TEST_CASE("promise: an erased account leaves no byte of its rows, and nothing to open") {
  World at;
  const auto files = std::filesystem::path(at.realm.directory / "");
  const std::vector<std::string> rows{text_of(at.row.credential), text_of(at.row.profile),
                                      text_of(at.row.history)};
  REQUIRE(contains_bytes(files, "ann-marie"));
  for (const auto& bytes : rows) REQUIRE(contains_bytes(files, bytes));
  REQUIRE(shown_of(at.journal(), at.row.id) >= 2);
  REQUIRE(at.count("attempts") > 0);

  // Another process that has the store open keeps its write-ahead log from being removed.
  SQLite::Database other(at.realm.directory / "cred.db", SQLite::OPEN_READONLY);
  REQUIRE(other.execAndGet("SELECT count(*) FROM account").getInt() == 2);
  const auto erased = at.realm.open().erase("ann-marie", actor);
  REQUIRE(erased);
  CHECK(erased->account == at.row.id);
  CHECK_FALSE(contains_bytes(files, "ann-marie"));
  for (const auto& bytes : rows) CHECK_FALSE(contains_bytes(files, bytes));
  CHECK(shown_of(at.journal(), at.row.id) == 0);
  CHECK(at.count("attempts") == 0);
  CHECK(at.count("lease") == 0);
  CHECK(at.count("outbox") == 0);
  CHECK(at.count("tombstone") == 1);
  CHECK(at.realm.open().status("ann-marie").error().code == Code::not_found);
  CHECK(at.realm.login("ben", right) == Code::must_change);
}

TEST_CASE(
    "records about an erased account, or that name its owner, lose their bodies; others do not") {
  World at;
  REQUIRE(at.realm.open().erase("ann-marie", actor));
  const auto trail = at.trail();
  std::size_t about_ben = 0;
  for (const auto& entry : trail) {
    INFO(entry.number << " " << entry.event);
    if (entry.event == "erased") {
      CHECK(entry.account_id == at.row.id);
      CHECK(entry.actor == actor.name);
      CHECK(entry.detail.empty());
    } else if (entry.account_id == at.row.id) {
      CHECK(entry.erased);
    } else {
      ++about_ben;
      const bool named = about_ben == 2 || about_ben == 3;
      CHECK(entry.erased == named);
    }
  }
  CHECK(about_ben == 4);
  const auto check = at.realm.open().verify_trail();
  REQUIRE(check);
  CHECK_FALSE(check->first_bad);
  CHECK(check->records == trail.size());
}

TEST_CASE("a body that somebody else takes away is still missed after an erasure") {
  World at;
  REQUIRE(at.realm.open().erase("ann-marie", actor));
  SQLite::Database(at.realm.directory / "cred.db", SQLite::OPEN_READWRITE)
      .exec("DELETE FROM audit_body WHERE number = (SELECT max(number) FROM audit_body)");
  CHECK(at.realm.open().verify_trail()->first_bad);
}

TEST_CASE("whoever erases themself is not named by the record of it") {
  World at;
  REQUIRE(at.realm.open().erase("ann-marie", {"uid 7 (Ann-Marie) by credctl", 7, "uid 7"}));
  const auto last = at.trail().back();
  CHECK(last.event == "erased");
  CHECK(last.actor.empty());
  CHECK_FALSE(last.uid);
}

TEST_CASE("an erased name can be enrolled anew, with nothing of before") {
  World at;
  REQUIRE(at.realm.open().erase("ann-marie", actor));
  at.realm.enrol("ann-marie", right);
  const auto status = at.realm.open().status("ann-marie");
  REQUIRE(status);
  CHECK(status->id != at.row.id);
  CHECK(status->passwords == 1);
  CHECK_FALSE(status->last_login);
  CHECK_FALSE(status->last_session.login);
  // Erasing that one completes nothing of it twice, and leaves two tombstones.
  REQUIRE(at.realm.open().erase("ann-marie", actor));
  CHECK(at.count("tombstone") == 2);
  CHECK_FALSE(at.realm.open().verify_trail()->first_bad);
}

TEST_CASE("who is not there is not erased, and nothing changes for others") {
  World at;
  const auto before = at.trail().size();
  CHECK(at.realm.open().erase("zoe", actor).error().code == Code::not_found);
  CHECK(at.trail().size() == before);
  CHECK(at.realm.login("ann-marie", right) == Code::accepted);
  REQUIRE(at.realm.open().finish_erasures());
  CHECK(shown_of(at.journal(), at.row.id) >= 2);
}

TEST_CASE("a login that ends after its account was erased writes nothing about it") {
  World at;
  REQUIRE(at.realm.open().erase("ann-marie", actor));
  CHECK(at.realm.login("ann-marie", right) == Code::refused);
  CHECK(at.realm.open().begin_session("ann-marie", {}, "h").error().code == Code::not_found);
  CHECK(at.trail().back().account_id == Uuid{});
}

TEST_CASE("an export has the person's records and nobody else's, and is in the trail") {
  World at;
  const auto data = at.realm.open().export_person("ann-marie", actor);
  REQUIRE(data);
  CHECK(data->status.profile.email == "aq@example.org");
  REQUIRE(data->records.size() == 3);
  for (const auto& record : data->records) CHECK(record.account_id == at.row.id);
  CHECK(at.trail().back().event == "exported");
  CHECK(at.realm.open().export_person("zoe", actor).error().code == Code::not_found);
}

namespace {

// A realm's parts as another process has them.
engine::Realm::Parts parts_of(const World& at) {
  auto configuration = at.realm.configuration;
  configuration.fill_in_directories();
  auto realm = store::open(configuration.store_url)->realm("system");
  const auto root = std::make_shared<engine::RootKey>(configuration.root_key_url);
  const auto keys = std::make_shared<engine::RealmKeys>(root, realm->row().id, realm->keys());
  return {std::move(realm),
          keys,
          configuration,
          at.realm.clock,
          std::make_shared<engine::Arenas>(256 * 1024, 64),
          {}};
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

engine::Engine engine_of(const World& at) {
  return value_or_throw(engine::Engine::open(at.realm.configuration, at.realm.clock));
}

}  // namespace

TEST_CASE("records that the trail forgot leave nothing of the erased in the journal") {
  World at;
  at.realm.clock->advance(48h);
  REQUIRE(at.realm.open().expire("ben", actor));
  REQUIRE(value_or_throw(at.realm.open().prune_trail(at.realm.clock->now() - 24h, actor)) > 5);
  REQUIRE(has(at.journal_texts(), "QuillFeather"));
  SECTION("at once") { REQUIRE(at.realm.open().erase("ann-marie", actor)); }
  SECTION("when it is completed later, by who does not know the name") {
    const auto parts = parts_of(at);
    engine::RealmChange change(parts);
    change.remove(*change.find("ann-marie"));
    change.commit();
    REQUIRE(has(at.journal_texts(), "QuillFeather"));
    REQUIRE(at.realm.open().finish_erasures());
  }
  CHECK_FALSE(has(at.journal_texts(), "QuillFeather"));
  CHECK_FALSE(has(at.journal_texts(), "ann-marie"));
  CHECK(shown_of(at.journal(), at.row.id) == 0);
  CHECK(has(at.journal_texts(), actor.name));
  CHECK_FALSE(at.realm.open().verify_trail()->first_bad);
}

TEST_CASE("changes that an accepted rollback undid leave nothing of the erased in the journal") {
  World at;
  const std::string path = at.realm.directory / "cred.db";
  std::filesystem::copy_file(path, at.realm.directory / "yesterday");
  for (int i = 0; i < 3; ++i) {
    REQUIRE(at.realm.open().compromise("ben", "aq@example.org wrote", false, actor));
    REQUIRE(at.realm.open().expire("ann-marie", {"somebody-else"}));
  }
  std::filesystem::remove(path + "-wal");
  std::filesystem::rename(at.realm.directory / "yesterday", path);
  REQUIRE(engine_of(at).accept_rollback("system", "an image", actor));
  REQUIRE(at.realm.open().expire("ben", {"the-last-one"}));
  REQUIRE(has(at.journal_texts(), "aq@example.org"));
  REQUIRE(has(at.journal_texts(), "somebody-else"));

  REQUIRE(at.realm.open().erase("ann-marie", actor));
  CHECK_FALSE(has(at.journal_texts(), "aq@example.org"));
  CHECK_FALSE(has(at.journal_texts(), "somebody-else"));
  CHECK(has(at.journal_texts(), "the-last-one"));
  CHECK(shown_of(at.journal(), at.row.id) == 0);
  CHECK_FALSE(at.realm.open().verify_trail()->first_bad);
}

TEST_CASE("promise: a later backup has nothing of the erased, and an earlier one erases again") {
  World at;
  const std::string root = at.realm.configuration.root_key_url;
  const backup::Directory backups(at.realm.directory / "backup");
  const auto backup = [&] {
    const auto name = value_or_throw(engine_of(at).create_backup(actor)).name;
    return backup_items(backups.archive_path(name), root);
  };
  const auto texts = [&](const std::vector<engine::Item>& items) {
    return bodies_of(items, stored_vault(at.realm.configuration.store_url, root));
  };
  const auto before = backup();
  REQUIRE(shown_of(before, at.row.id) > 1);
  REQUIRE(has(texts(before), "QuillFeather"));
  at.realm.clock->advance(1h);
  const Time then = at.realm.clock->now();
  at.realm.clock->advance(1h);
  REQUIRE(at.realm.open().erase("ann-marie", actor));

  const auto nothing_in = [&](const std::vector<engine::Item>& items) {
    CHECK(shown_of(items, at.row.id) == 0);
    CHECK_FALSE(has(texts(items), "QuillFeather"));
    CHECK_FALSE(has(texts(items), "ann-marie"));
    CHECK(has(texts(items), actor.name));
  };
  at.realm.clock->advance(1h);
  nothing_in(backup());

  const bool lost = GENERATE(false, true);
  if (lost)
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(at.realm.directory / ("cred.db" + std::string(part)));
  at.realm.clock->advance(1h);
  engine::RestoreRequest request;
  request.at = then;
  auto configuration = at.realm.configuration;
  configuration.fill_in_directories();
  const auto report =
      value_or_throw(engine::Engine::restore(configuration, at.realm.clock, {}, request, actor));
  CHECK(report.realms.front().erased == 1);
  CHECK(at.realm.open().status("ann-marie").error().code == Code::not_found);
  CHECK(at.realm.login("ben", right) == Code::must_change);
  CHECK_FALSE(at.realm.open().verify_trail()->first_bad);
  for (const auto& entry : at.trail()) CHECK_FALSE(has(entry.detail, "QuillFeather"));
  CHECK_FALSE(contains_bytes(at.realm.directory / "", "ann-marie"));
  CHECK_FALSE(contains_bytes(at.realm.directory / "", text_of(at.row.profile)));
  nothing_in(at.journal());
  nothing_in(backup());
}

TEST_CASE("what the trail has of an erased account since is in the journal as well") {
  World at;
  REQUIRE(at.realm.open().erase("ann-marie", actor));
  // As a login writes that was under way.
  parts_of(at).note(at.row.id, {}, audit::Event::data_unusable, {"late-login"}, "no corpus");
  REQUIRE(at.realm.open().finish_erasures());
  CHECK(has(at.journal_texts(), "late-login"));
  CHECK_FALSE(at.realm.open().verify_trail()->first_bad);
}
