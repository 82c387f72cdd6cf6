#include "backup/directory.hpp"

#include "backup/archive.hpp"
#include "support/failures.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace cred;
using namespace cred::backup;
using cred::test::code_of;

namespace {

Secret filled(unsigned char fill) {
  Secret secret(32);
  std::memset(secret.writable().data(), fill, secret.size());
  return secret;
}

// Midnight of a day in November 2026.
Time day(unsigned number) {
  return std::chrono::sys_days(std::chrono::year(2026) / 11 / std::chrono::day(number));
}

struct Place {
  test::TemporaryDirectory parent;
  Directory directory{parent / "backups"};
  std::string archive(Time created) const {
    const std::string name = directory.new_name(created);
    ArchiveWriter writer(directory.archive_path(name), {}, filled(1));
    (void)writer.finish();
    return name;
  }
  std::string backup(Time created) const {
    const std::string name = archive(created);
    const auto sum = sum_of(directory.archive_path(name));
    Manifest manifest;
    manifest.created = created;
    manifest.archive = name + ".backup";
    manifest.bytes = sum.bytes;
    manifest.digest = sum.digest;
    write_manifest(directory.manifest_path(name), manifest, filled(2));
    return name;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& backup : directory.list()) names.push_back(backup.name);
    return names;
  }
  Code only_error() const {
    const auto backups = directory.list();
    REQUIRE(backups.size() == 1);
    return backups[0].manifest ? Code::accepted : backups[0].manifest.error().code;
  }
};

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("a directory for backups is created for its owner alone") {
  test::TemporaryDirectory parent;
  const auto before = umask(0);
  const Directory directory(parent / "backups/");
  (void)umask(before);
  struct stat status {};
  REQUIRE(stat(directory.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
}

TEST_CASE("a directory that is there is left as it is") {
  test::TemporaryDirectory parent;
  REQUIRE(mkdir((parent / "backups").c_str(), 0750) == 0);
  const Directory directory(parent / "backups");
  struct stat status {};
  REQUIRE(stat(directory.path().c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0750);
}

TEST_CASE("root's directory in another user's belongs to that user") {
  if (geteuid() != 0) return;
  test::TemporaryDirectory parent;
  REQUIRE(chown((parent / "").c_str(), 4321, 4322) == 0);
  const Directory directory(parent / "backups");
  struct stat status {};
  REQUIRE(stat(directory.path().c_str(), &status) == 0);
  CHECK(status.st_uid == 4321);
  CHECK(status.st_gid == 4322);
}

TEST_CASE("a directory that cannot be is a matter of configuration") {
  test::TemporaryDirectory parent;
  CHECK(code_of([&] { Directory(parent / "missing/backups"); }) == Code::configuration);
  std::ofstream(parent / "file") << "x";
  CHECK(code_of([&] { Directory(parent / "file"); }) == Code::configuration);
}

TEST_CASE("a backup is named after its second, and the next ones of that second are numbered") {
  Place place;
  const Time created = day(25) + std::chrono::milliseconds(3'723'045);
  CHECK(place.backup(created) == "cred-20261125T010203Z");
  CHECK(place.backup(created) == "cred-20261125T010203Z-1");
  CHECK(place.archive(created) == "cred-20261125T010203Z-2");
  CHECK(place.backup(created) == "cred-20261125T010203Z-3");
}

TEST_CASE("backups are listed oldest first, and nothing else is") {
  Place place;
  const Time created = day(25);
  for (int i = 0; i < 12; ++i) (void)place.backup(created);
  (void)place.backup(day(26));
  (void)place.backup(day(24));
  for (const char* other :
       {"cred-20261125T000000Z", "cred-20261125T000000Z-0.backup",
        "cred-20261125T000000Z-01.backup", "cred-20261325T000000Z.backup",
        "cred-20261125T240000Z.backup", "cred-20261125T000000.json", "cred-20261125T000000Z-.json",
        "cred-20261125T000000Z-1x.json", "notes.json", "cred-20261125T000000Z.backup.part",
        "cred-+0261125T000000Z.json"})
    std::ofstream(place.directory.path() + '/' + other) << "x";
  const auto names = place.names();
  REQUIRE(names.size() == 14);
  CHECK(names.front() == "cred-20261124T000000Z");
  CHECK(names[1] == "cred-20261125T000000Z");
  CHECK(names[2] == "cred-20261125T000000Z-1");
  CHECK(names[11] == "cred-20261125T000000Z-10");
  CHECK(names.back() == "cred-20261126T000000Z");
}

TEST_CASE("a listed backup has its manifest, or the reason why not") {
  Place place;
  const std::string name = place.backup(day(25));
  const std::string archive = place.directory.archive_path(name);
  const std::string manifest = place.directory.manifest_path(name);
  CHECK(place.only_error() == Code::accepted);
  SECTION("the archive was cut") {
    std::filesystem::resize_file(archive, 10);
    CHECK(place.only_error() == Code::integrity);
  }
  SECTION("the archive is gone") {
    std::filesystem::remove(archive);
    CHECK(place.only_error() == Code::not_found);
  }
  SECTION("the manifest is gone") {
    std::filesystem::remove(manifest);
    CHECK(place.only_error() == Code::not_found);
  }
  SECTION("the manifest was altered") {
    std::ofstream(manifest, std::ios::app) << "x";
    CHECK(place.only_error() == Code::integrity);
  }
  SECTION("the backup was renamed") {
    std::filesystem::rename(archive, place.directory.archive_path("cred-20301125T000000Z"));
    std::filesystem::rename(manifest, place.directory.manifest_path("cred-20301125T000000Z"));
    CHECK(place.only_error() == Code::integrity);
  }
  SECTION("another key is expected") {
    const auto backups = place.directory.list({public_key_of(filled(9))});
    CHECK(backups[0].manifest.error().code == Code::integrity);
  }
}

TEST_CASE("a removed backup is gone with both files") {
  Place place;
  const std::string name = place.backup(day(25));
  const std::string other = place.backup(day(26));
  place.directory.remove(name);
  CHECK(place.names() == Names{other});
  CHECK_FALSE(std::filesystem::exists(place.directory.archive_path(name)));
  CHECK_FALSE(std::filesystem::exists(place.directory.manifest_path(name)));
  CHECK(code_of([&] { place.directory.remove(name); }) == Code::not_found);
}

TEST_CASE("nothing but a backup can be removed") {
  Place place;
  std::ofstream(place.parent / "victim.json") << "x";
  for (const char* name : {"../victim", "", "victim", "cred-20261125T000000Z/../../victim",
                           "cred-20261125T000000Z.backup"})
    CHECK(code_of([&] { place.directory.remove(name); }) == Code::usage);
  CHECK(std::filesystem::exists(place.parent / "victim.json"));
}

TEST_CASE("pruning keeps the window and the backup from which its beginning is restored") {
  Place place;
  Names all;
  for (unsigned i = 1; i <= 6; ++i) all.push_back(place.backup(day(i)));
  SECTION("in the middle") {
    CHECK(place.directory.prune(day(4)) == Names{all[0], all[1]});
    CHECK(place.names() == Names{all[2], all[3], all[4], all[5]});
    CHECK(place.directory.prune(day(4)).empty());
  }
  SECTION("between two") {
    CHECK(place.directory.prune(day(4) + std::chrono::hours(1)) == Names{all[0], all[1], all[2]});
  }
  SECTION("before the first") { CHECK(place.directory.prune(day(1)).empty()); }
  SECTION("after the first") { CHECK(place.directory.prune(day(2)).empty()); }
  SECTION("after the last, the newest stays") {
    CHECK(place.directory.prune(day(30)) == Names{all[0], all[1], all[2], all[3], all[4]});
    CHECK(place.names() == Names{all[5]});
    CHECK(place.directory.prune(day(30)).empty());
  }
}

TEST_CASE("pruning an empty directory removes nothing") {
  Place place;
  CHECK(place.directory.prune(day(30)).empty());
}

TEST_CASE("an unfinished backup neither serves as the base nor stays for ever") {
  Place place;
  const std::string whole = place.backup(day(1));
  const std::string unfinished = place.archive(day(2));
  const std::string last_unfinished = place.archive(day(5));
  SECTION("it stays while no later one is whole") { CHECK(place.directory.prune(day(30)).empty()); }
  SECTION("it goes when a later one is") {
    const std::string newest = place.backup(day(4));
    CHECK(place.directory.prune(day(3)) == Names{unfinished});
    CHECK(place.names() == Names{whole, newest, last_unfinished});
  }
}

TEST_CASE("a damaged backup neither serves as the base nor is pruned") {
  Place place;
  const std::string whole = place.backup(day(1));
  const std::string damaged = place.backup(day(2));
  std::ofstream(place.directory.manifest_path(damaged), std::ios::app) << "x";
  (void)place.backup(day(5));
  CHECK(place.directory.prune(day(4)).empty());
  CHECK(place.names().size() == 3);
  (void)place.backup(day(3));
  CHECK(place.directory.prune(day(4)) == Names{whole});
}

TEST_CASE("pruning removes what killed writers left, but nothing that is being written") {
  Place place;
  const std::string left = place.directory.archive_path("cred-20261125T000000Z") + ".part";
  const std::string left_manifest =
      place.directory.manifest_path("cred-20261125T000000Z") + ".part";
  const std::string foreign = place.directory.path() + "/notes.part";
  for (const auto& path : {left, left_manifest, foreign}) std::ofstream(path) << "x";
  ArchiveWriter writer(place.directory.archive_path("cred-20261126T000000Z"), {}, filled(1));
  CHECK(place.directory.prune(day(1)).empty());
  CHECK_FALSE(std::filesystem::exists(left));
  CHECK_FALSE(std::filesystem::exists(left_manifest));
  CHECK(std::filesystem::exists(foreign));
  (void)writer.finish();
  CHECK(place.names() == Names{"cred-20261126T000000Z"});
}
