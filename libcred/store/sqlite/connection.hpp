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

// `scratch`: a file that is thrown away when its process is killed.
enum class Mode : std::uint8_t { existing, create, scratch };

// A connection with the pragmas that the promises need.
std::unique_ptr<SQLite::Database> connect(const std::string& path, Mode mode);

// Idle connections: a transaction borrows one, so that threads do not share any.
class Pool {
 public:
  explicit Pool(std::string path, Mode mode = Mode::existing)
      : path_(std::move(path)), mode_(mode) {}
  const std::string& path() const { return path_; }
  Mode mode() const { return mode_; }
  std::unique_ptr<SQLite::Database> take();
  void put_back(std::unique_ptr<SQLite::Database> database);

 private:
  const std::string path_;
  const Mode mode_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<SQLite::Database>> idle_;
};

}  // namespace cred::store::sqlite
