#include "engine/engine.hpp"

#include "support/stored_person.hpp"
#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>

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
