// Erasing people, and giving them what is stored about them.

#include "../support/stored_person.hpp"
#include "site.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sys/stat.h>

using namespace cred::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::vector<std::string> words_of_ann{"ann-marie", "aq@example.org", "Anna Quillfeather",
                                            "+49 30 7654321", "Xanten-am-Rhein"};

struct World {
  Site site;
  World() {
    site.init();
    const auto added = site.run({"user", "add", "ann-marie", "--stdin", "--full-name",
                                 "Anna Quillfeather", "--email", "aq@example.org", "--phone",
                                 "+49 30 7654321", "--attribute", "city=Xanten-am-Rhein"},
                                std::string(right_password) + "\n");
    REQUIRE(added.exit == 0);
    site.add("ben", other_password);
    CHECK(site.verify("ann-marie", wrong_password) == 1);
    CHECK(site.verify("ann-marie", right_password) == 0);
    REQUIRE(site.run({"compromise", "ben", "--reason", "as ann-marie told"}).exit == 0);
  }
  std::string store_url() const { return "sqlite:" + site.store(); }
  std::vector<cred::engine::Item> journal() const {
    return journal_items(store_url(), "file:" + site.key(), site.path() / "journal");
  }
  std::vector<std::string> archives() const {
    std::vector<std::string> all;
    for (const auto& file : fs::directory_iterator(site.path() / "backup"))
      if (file.path().extension() == ".backup") all.push_back(file.path());
    return all;
  }
  // The configuration is nobody's data.
  void files_have_nothing_of(const cred::store::AccountRow& row) const {
    for (const auto& word : words_of_ann) {
      INFO(word);
      CHECK_FALSE(contains_bytes(site.path(), word));
    }
    for (const auto* blob : {&row.credential, &row.profile, &row.history})
      CHECK_FALSE(contains_bytes(site.path(), text_of(*blob)));
    CHECK(shown_of(journal(), row.id) == 0);
  }
  void has_nothing_of(const cred::store::AccountRow& row) const {
    files_have_nothing_of(row);
    CHECK(site.sql("SELECT count(*) FROM outbox;") == "0\n");
    CHECK(site.run({"status", "ann-marie"}).exit == 5);
    CHECK(site.run({"audit", "verify"}).exit == 0);
    CHECK(site.verify("ben", other_password) == 3);
  }
};

}  // namespace

TEST_CASE("promise: after erase the files hold nothing of the person, and the trail is whole") {
  const World at;
  const auto row = stored_row(at.store_url(), "ann-marie");
  REQUIRE(contains_bytes(at.site.path(), "ann-marie"));
  REQUIRE(contains_bytes(at.site.path(), text_of(row.profile)));
  REQUIRE(shown_of(at.journal(), row.id) > 0);

  const auto erased = at.site.run({"--json", "user", "erase", "ann-marie", "--yes"});
  REQUIRE(erased.exit == 0);
  CHECK(json::parse(erased.out)["id"] == cred::to_string(row.id));
  at.has_nothing_of(row);
  CHECK(at.site.run({"audit", "show"}).out.find("ann-marie") == std::string::npos);

  REQUIRE(at.site.run({"backup", "create"}).exit == 0);
  at.files_have_nothing_of(row);
  const auto archives = at.archives();
  REQUIRE(archives.size() == 1);
  const auto backed_up = backup_items(archives.front(), "file:" + at.site.key());
  CHECK(backed_up.size() > 3);
  CHECK(shown_of(backed_up, row.id) == 0);

  at.site.add("ann-marie");
  CHECK(at.site.status("ann-marie")["id"] != cred::to_string(row.id));
  CHECK(at.site.verify("ann-marie", right_password) == 0);
}

TEST_CASE("erase asks on a terminal, and without one wants --yes") {
  const World at;
  CHECK(at.site.run({"user", "erase", "ann-marie"}).exit == 2);
  CHECK(at.site.verify("ann-marie", right_password) == 0);
  const auto asked = [&](const char* name, const char* answer) {
    return run(on_terminal(at.site.credctl({"user", "erase", name}, answer))).exit;
  };
  for (const char* no : {"no\n", "\n", "y\n"}) CHECK(asked("ann-marie", no) == 2);
  CHECK(at.site.verify("ann-marie", right_password) == 0);
  CHECK(asked("ben", "yes\n") == 0);
  CHECK(at.site.run({"status", "ben"}).exit == 5);
  CHECK(at.site.run({"user", "erase", "zoe", "--yes"}).exit == 5);
  CHECK(at.site.run({"--realm", "shop", "user", "erase", "ann-marie", "--yes"}).exit == 5);
}

TEST_CASE("promise: an erasure that is killed at any step is completed by the next one") {
  const World at;
  const auto row = stored_row(at.store_url(), "ann-marie");
  const fs::path kept = at.site.path().string() + "-kept";
  fs::remove_all(kept);
  fs::copy(at.site.path(), kept, fs::copy_options::recursive);
  int kills = 0;
  // Synced, renamed or cut: between two of these nothing lasting happens.
  for (const std::string call : {"fdatasync", "fsync", "rename", "renameat", "ftruncate"}) {
    for (int n = 1;; ++n) {
      INFO("killed at " << call << " number " << n);
      fs::remove_all(at.site.path());
      fs::copy(kept, at.site.path(), fs::copy_options::recursive);
      const auto trace = kept.string() + "-trace";
      (void)run(under({"strace", "-f", "-qq", "-o", trace, "-e", "trace=" + call, "-e",
                       "inject=" + call + ":signal=SIGKILL:when=" + std::to_string(n)},
                      at.site.credctl({"user", "erase", "ann-marie", "--yes"})));
      const bool killed = content(trace).find("killed by SIGKILL") != std::string::npos;
      fs::remove(trace);
      if (!killed) break;
      ++kills;
      const int again = at.site.run({"user", "erase", "ann-marie", "--yes"}).exit;
      CHECK((again == 0 || again == 5));
      at.has_nothing_of(row);
      REQUIRE(n < 100);
    }
  }
  CHECK(kills >= 5);
  fs::remove_all(kept);
}

TEST_CASE("an erased account stays erased when a backup from before is restored") {
  const World at;
  const auto row = stored_row(at.store_url(), "ann-marie");
  REQUIRE(at.site.run({"backup", "create"}).exit == 0);
  REQUIRE(at.site.run({"user", "erase", "ann-marie", "--yes"}).exit == 0);
  const bool lost = GENERATE(false, true);
  if (lost)
    for (const char* part : {"", "-wal", "-shm"}) fs::remove(at.site.store() + part);
  // The newest backup is the one that still has the account.
  const auto restored = at.site.run({"backup", "restore", "--yes"});
  INFO(restored.err);
  REQUIRE(restored.exit == 0);
  for (const auto& word : words_of_ann) CHECK_FALSE(contains_bytes(at.site.path(), word));
  CHECK(shown_of(at.journal(), row.id) == 0);
  CHECK(at.site.run({"status", "ann-marie"}).exit == 5);
  CHECK(at.site.run({"audit", "verify"}).exit == 0);
  CHECK(at.site.verify("ben", other_password) == 3);
}

TEST_CASE("erase names what a restore left aside, which still has the person") {
  const World at;
  const auto aside = at.site.store() + ".damaged-2026-11-01T00:00:00Z";
  overwrite(aside, "a store");
  const auto erased = at.site.run({"user", "erase", "ann-marie", "--yes"});
  CHECK(erased.exit == 0);
  CHECK(erased.err.find(aside) != std::string::npos);
}

TEST_CASE("an export has everything of the person, no secret, and nothing of others") {
  const World at;
  const auto exported = at.site.run({"user", "export", "ann-marie"});
  REQUIRE(exported.exit == 0);
  for (const auto& word : words_of_ann) CHECK(exported.out.find(word) != std::string::npos);
  for (const char* word : {"argon2", "salt", "ben", "hash"})
    CHECK(exported.out.find(word) == std::string::npos);
  const auto data = json::parse(exported.out);
  CHECK(data["records"].size() == 3);
  CHECK(data["records"][0]["event"] == "enrolled");
  CHECK(data["session_epoch"] == 0);
  CHECK(at.site.run({"audit", "show", "--event", "exported"}).out.find("ann-marie") !=
        std::string::npos);
  CHECK(at.site.run({"user", "export", "zoe"}).exit == 5);
}

TEST_CASE("an export makes a file for its owner alone, and never writes over one") {
  const World at;
  const std::string file = at.site.path() / "export.json";
  REQUIRE(at.site.run({"user", "export", "ann-marie", "--output", file}).exit == 0);
  struct stat status {};
  REQUIRE(stat(file.c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0600);
  const auto before = content(file);
  CHECK(json::parse(before)["account"] == "ann-marie");
  CHECK(at.site.run({"user", "export", "ben", "--output", file}).exit == 6);
  CHECK(content(file) == before);
  const std::string none = at.site.path() / "none.json";
  CHECK(at.site.run({"user", "export", "zoe", "--output", none}).exit == 5);
  CHECK_FALSE(fs::exists(none));
}
