// What is SQLite's alone: files that are not what they should be.

#include "store/sqlite/sqlite_store.hpp"

#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <catch2/catch.hpp>
#include <fstream>

using namespace cred;
using namespace cred::store;

namespace {

struct File {
  test::TemporaryDirectory directory;
  std::string path = directory / "store.db";
  void create() const { REQUIRE(sqlite::create(path, {Uuid{}, "system"}, {}, {1, Blob(1)})); }
  void execute(const std::string& sql) const {
    SQLite::Database(path, SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE).exec(sql);
  }
  Code code_of_opening() const {
    try {
      (void)sqlite::open(path);
      return Code::accepted;
    } catch (const Failure& failure) {
      CHECK(failure.error().message.find(path) != std::string::npos);
      return failure.error().code;
    }
  }
};

}  // namespace

TEST_CASE("a store that is not there is unavailable") {
  CHECK(File().code_of_opening() == Code::unavailable);
}

TEST_CASE("a store that is a directory is unavailable") {
  File f;
  std::filesystem::create_directory(f.path);
  CHECK(f.code_of_opening() == Code::unavailable);
}

TEST_CASE("a file that is no database is an integrity failure") {
  File f;
  std::ofstream(f.path) << std::string(8192, 'x');
  CHECK(f.code_of_opening() == Code::integrity);
}

TEST_CASE("another program's database is refused and left as it is") {
  File f;
  f.execute("CREATE TABLE t (x)");
  CHECK(f.code_of_opening() == Code::integrity);
  CHECK_THROWS_AS(sqlite::create(f.path, {Uuid{}, "system"}, {}, {1, Blob(1)}), Failure);
  CHECK(SQLite::Database(f.path).tableExists("t"));
  CHECK(SQLite::Database(f.path).execAndGet("PRAGMA journal_mode").getString() == "delete");
}

TEST_CASE("a store from a newer version is refused") {
  File f;
  f.create();
  f.execute("PRAGMA user_version = 99");
  CHECK(f.code_of_opening() == Code::unavailable);
}

TEST_CASE("the store is written ahead, synced and checks its keys") {
  File f;
  f.create();
  CHECK(SQLite::Database(f.path).execAndGet("PRAGMA journal_mode").getString() == "wal");
  const auto store = sqlite::open(f.path);
  CHECK_THROWS_AS(f.execute("PRAGMA foreign_keys = ON; INSERT INTO account (realm, id, name, "
                            "generation, credential, profile, history) VALUES "
                            "(randomblob(16), randomblob(16), 'x', 1, x'00', x'00', x'00')"),
                  SQLite::Exception);
}
