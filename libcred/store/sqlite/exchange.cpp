// A whole store takes the place of another.

#include "store/sqlite/connection.hpp"
#include "store/sqlite/sqlite_store.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <sqlite3.h>
#include <thread>
#include <unistd.h>

namespace cred::store::sqlite {
namespace {

// SQLite's online backup holds the target's write lock from its first step on and commits
// with its last, so that the store is exchanged in one transaction.
class SqliteExchange final : public Exchange {
 public:
  SqliteExchange(const std::string& path, const std::string& scratch)
      : path_(path),
        target_(connect(path, Mode::existing)),
        source_(connect(scratch, Mode::scratch)),
        backup_(sqlite3_backup_init(target_->getHandle(), "main", source_->getHandle(), "main")) {
    if (backup_ == nullptr) failed(sqlite3_errcode(target_->getHandle()));
    try {
      step(1);
    } catch (...) {
      (void)sqlite3_backup_finish(backup_);
      throw;
    }
  }
  ~SqliteExchange() override {
    if (backup_ != nullptr) (void)sqlite3_backup_finish(backup_);
  }

  void finish() override {
    step(-1);
    const int result = sqlite3_backup_finish(std::exchange(backup_, nullptr));
    if (result != SQLITE_OK) failed(result);
    // What was there before is in the log until then.
    sqlite3_wal_checkpoint_v2(target_->getHandle(), nullptr, SQLITE_CHECKPOINT_TRUNCATE, nullptr,
                              nullptr);
  }

 private:
  [[noreturn]] void failed(int result) const {
    throw Failure(Code::unavailable, "the store " + path_ + " cannot be exchanged: " +
                                         sqlite3_errstr(result) + "; it is as it was");
  }
  void step(int pages) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      const int result = sqlite3_backup_step(backup_, pages);
      if (result == SQLITE_DONE || (pages > 0 && result == SQLITE_OK)) return;
      const bool busy = result == SQLITE_BUSY || result == SQLITE_LOCKED || result == SQLITE_OK;
      if (!busy || std::chrono::steady_clock::now() >= give_up) failed(result);
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
  }

  const std::string path_;
  std::unique_ptr<SQLite::Database> target_;
  std::unique_ptr<SQLite::Database> source_;
  sqlite3_backup* backup_;
};

void sync(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC);
  const bool synced = fd >= 0 && fsync(fd) == 0;
  const int error = errno;
  if (fd >= 0) close(fd);
  if (!synced)
    throw Failure(Code::unavailable, "cannot write " + path + " to disk: " + std::strerror(error));
}

void rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0 && errno != ENOENT)
    throw Failure(Code::unavailable,
                  "cannot rename " + from + " to " + to + ": " + std::strerror(errno));
}

}  // namespace

std::unique_ptr<Exchange> begin_exchange(const std::string& path, const std::string& scratch) {
  return std::make_unique<SqliteExchange>(path, scratch);
}

void move_into_place(const std::string& path, const std::string& scratch,
                     const std::string& suffix) {
  sync(scratch, O_RDONLY);
  // The log goes first: beside another database it would be taken for its own.
  for (const char* part : {"-wal", "-shm", ""}) rename(path + part, path + suffix + part);
  rename(scratch, path);
  sync(path.substr(0, path.rfind('/') + 1), O_RDONLY | O_DIRECTORY);
}

}  // namespace cred::store::sqlite
