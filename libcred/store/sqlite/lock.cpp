// Locks between processes that use one file, which SQLite's own do not do for.

#include "store/sqlite/sqlite_store.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cred::store::sqlite {
namespace {

class DirectoryLock final : public Lock {
 public:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  ~DirectoryLock() override {
    if (fd_ >= 0) (void)close(fd_);
  }

 private:
  int fd_;
};

}  // namespace

std::unique_ptr<Lock> lock(const std::string& path, Purpose purpose, Holding holding,
                           Waiting waiting) {
  // Pieces of maintenance keep themselves apart on one machine.
  if (purpose == Purpose::maintenance) return std::make_unique<DirectoryLock>(-1);
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const int fd = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    throw Failure(errno == EACCES ? Code::configuration : Code::unavailable,
                  "cannot open " + directory + ": " + std::strerror(errno));
  auto held = std::make_unique<DirectoryLock>(fd);
  const int operation =
      (holding == Holding::alone ? LOCK_EX : LOCK_SH) | (waiting == Waiting::no ? LOCK_NB : 0);
  int result = 0;
  do {
    result = flock(fd, operation);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return held;
  if (waiting == Waiting::no && errno == EWOULDBLOCK) return nullptr;
  throw Failure(Code::unavailable, "cannot lock " + directory + ": " + std::strerror(errno));
}

}  // namespace cred::store::sqlite
