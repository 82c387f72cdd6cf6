#include "store/sqlite/connection.hpp"

#include "store/sqlite/schema.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <thread>
#include <unistd.h>

namespace cred::store::sqlite {
namespace {

constexpr int busy_ms = 30'000;

Code code_of(int sqlite_error) {
  switch (sqlite_error & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB: return Code::integrity;
    case SQLITE_PERM:
    case SQLITE_AUTH: return Code::configuration;
    case SQLITE_CONSTRAINT: return Code::conflict;
    case SQLITE_MISUSE:
    case SQLITE_RANGE: return Code::internal;
    default: return Code::unavailable;
  }
}

// SQLite says "unable to open database file" for all of these.
void check_openable(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0) {
    if (errno == ENOENT)
      throw Failure(Code::unavailable,
                    "there is no credential store at " + path +
                        ": run credctl init, or credctl backup restore if there was one");
    throw Failure(errno == EACCES ? Code::configuration : Code::unavailable,
                  "cannot open the store " + path + ": " + std::strerror(errno));
  }
  if (!S_ISREG(status.st_mode))
    throw Failure(Code::unavailable,
                  "the store " + path + " is not a file" +
                      (S_ISDIR(status.st_mode) ? " but a directory: name a file in it" : ""));
  if (eaccess(path.c_str(), R_OK | W_OK) != 0)
    throw Failure(errno == EACCES ? Code::configuration : Code::unavailable,
                  "cannot write to the store " + path + ": " + std::strerror(errno));
}

// Before it can write, SQLite grows a file of shared memory, and calls that an I/O error.
bool disk_is_full(const std::string& path) {
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return false;
  return disk.f_bavail * disk.f_frsize < 64 * 1024;
}

// SQLite's own waits for up to 100 ms between two tries: whoever writes little by little
// would be kept out by those who come and go meanwhile.
int wait_for_others(void*, int tries) {
  constexpr int soon = 100;
  static thread_local std::chrono::steady_clock::time_point began;
  const auto now = std::chrono::steady_clock::now();
  if (tries == 0) began = now;
  if (now - began >= std::chrono::milliseconds(busy_ms)) return 0;
  std::this_thread::sleep_for(tries < soon ? std::chrono::microseconds(500)
                                           : std::chrono::milliseconds(5));
  return 1;
}

// SQLite does not call its busy handler for this switch, so that two processes
// that create a store at once would fail one another.
bool write_ahead(SQLite::Database& database) {
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::milliseconds(busy_ms);
  for (;;) {
    try {
      return database.execAndGet("PRAGMA journal_mode = WAL").getString() == "wal";
    } catch (const SQLite::Exception& error) {
      const bool busy = (error.getErrorCode() & 0xff) == SQLITE_BUSY;
      if (!busy || std::chrono::steady_clock::now() >= give_up) throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
}

void check_identity(SQLite::Database& database, const std::string& path, Mode mode) {
  const int version = version_of(database);
  const bool empty = database.execAndGet("SELECT count(*) FROM sqlite_schema").getInt() == 0;
  if (mode != Mode::existing && empty && version == 0) return;
  const int id = database.execAndGet("PRAGMA application_id").getInt();
  if (id != application_id || version == 0)
    throw Failure(mode == Mode::create ? Code::conflict : Code::integrity,
                  path + " is a database, but no credential store");
  if (version > newest_version())
    throw Failure(Code::unavailable, "the store " + path + " has version " +
                                         std::to_string(version) + ", made by a newer libcred; " +
                                         "this one knows versions up to " +
                                         std::to_string(newest_version()) + ": upgrade it");
}

}  // namespace

void rethrow(const SQLite::Exception& error, const std::string& path) {
  const int sqlite_error = error.getErrorCode();
  const Code code = code_of(sqlite_error);
  if (code == Code::integrity)
    throw Failure(code, "the store " + path + " is damaged or is no credential store (" +
                            error.what() + "): restore it from a backup");
  if ((sqlite_error & 0xff) == SQLITE_FULL ||
      ((sqlite_error & 0xff) == SQLITE_IOERR && disk_is_full(path)))
    throw Failure(code, "the disk that holds the store " + path + " is full; nothing was changed");
  if ((sqlite_error & 0xff) == SQLITE_BUSY)
    throw Failure(code, "the store " + path + " is busy; try again");
  throw Failure(code, "the store " + path + " failed: " + error.what());
}

std::unique_ptr<SQLite::Database> connect(const std::string& path, Mode mode) {
  if (mode == Mode::existing) check_openable(path);
  return guarded(path, [&] {
    const int create = mode == Mode::existing ? 0 : SQLite::OPEN_CREATE;
    auto database = std::make_unique<SQLite::Database>(path, SQLite::OPEN_READWRITE | create);
    (void)sqlite3_busy_handler(database->getHandle(), wait_for_others, nullptr);
    sqlite3_extended_result_codes(database->getHandle(), 1);
    database->exec("PRAGMA trusted_schema = OFF");
    // Before the first pragma that writes: another program's file stays as it is.
    check_identity(*database, path, mode);
    if (mode == Mode::scratch) {
      for (const char* pragma : {"PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF",
                                 "PRAGMA cache_size = -131072", "PRAGMA temp_store = MEMORY",
                                 // Its pages become the store's, free ones too.
                                 "PRAGMA secure_delete = ON"})
        database->exec(pragma);
      return database;
    }
    database->exec("PRAGMA cell_size_check = ON");
    database->exec("PRAGMA foreign_keys = ON");
    database->exec("PRAGMA secure_delete = ON");
    database->exec("PRAGMA temp_store = MEMORY");
    if (!write_ahead(*database))
      throw Failure(Code::unavailable, "the store " + path +
                                           " cannot use write-ahead logging; "
                                           "is it on a network file system?");
    database->exec("PRAGMA synchronous = FULL");
    return database;
  });
}

std::unique_ptr<SQLite::Database> Pool::take() {
  {
    const std::lock_guard lock(mutex_);
    if (!idle_.empty()) {
      auto database = std::move(idle_.back());
      idle_.pop_back();
      return database;
    }
  }
  return connect(path_, mode_);
}

void Pool::put_back(std::unique_ptr<SQLite::Database> database) {
  const std::lock_guard lock(mutex_);
  idle_.push_back(std::move(database));
}

}  // namespace cred::store::sqlite
