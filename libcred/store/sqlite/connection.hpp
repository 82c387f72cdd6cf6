// Connections to the database file, and SQLite's errors in our words.
#pragma once

#include "base/error.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cred::store::sqlite {

[[noreturn]] void rethrow(const SQLite::Exception& error, const std::string& path);

// Runs `work`, turning what SQLite throws into a Failure.
template <typename Work>
auto guarded(const std::string& path, Work work) -> decltype(work()) {
  try {
    return work();
  } catch (const SQLite::Exception& error) {
    rethrow(error, path);
  }
}

enum class Mode : std::uint8_t { existing, create };

// A connection with the pragmas that the promises need.
std::unique_ptr<SQLite::Database> connect(const std::string& path, Mode mode);

// Idle connections: a transaction borrows one, so that threads do not share any.
class Pool {
 public:
  explicit Pool(std::string path) : path_(std::move(path)) {}
  const std::string& path() const { return path_; }
  std::unique_ptr<SQLite::Database> take();
  void put_back(std::unique_ptr<SQLite::Database> database);

 private:
  std::string path_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SQLite::Database>> idle_;
};

}  // namespace cred::store::sqlite
