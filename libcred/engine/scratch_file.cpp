#include "engine/scratch_file.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::engine {
namespace {

[[noreturn]] void failed(const std::string& path) {
  const bool permission = errno == EACCES || errno == EPERM || errno == EROFS;
  throw Failure(permission ? Code::configuration : Code::unavailable,
                "cannot create " + path + ": " + std::strerror(errno));
}

bool is_named(const std::string& path, int fd) {
  struct stat by_name {};
  struct stat by_descriptor {};
  return lstat(path.c_str(), &by_name) == 0 && fstat(fd, &by_descriptor) == 0 &&
         by_name.st_dev == by_descriptor.st_dev && by_name.st_ino == by_descriptor.st_ino;
}

}  // namespace

ScratchFile::ScratchFile(std::string path, const std::string& what) : path_(std::move(path)) {
  for (;;) {
    fd_ = open(path_.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd_ < 0) failed(path_);
    // SQLite's own locks are of another kind.
    if (flock(fd_, LOCK_EX | LOCK_NB) != 0) {
      close(fd_);
      throw Failure(Code::conflict, what + " is under way in another process; wait for its end");
    }
    // Whoever had it may have removed it meanwhile.
    if (is_named(path_, fd_)) break;
    close(fd_);
  }
  clear();
}

void ScratchFile::clear() const {
  for (const char* part : {"-journal", "-wal", "-shm"}) (void)unlink((path_ + part).c_str());
  if (ftruncate(fd_, 0) != 0) failed(path_);
}

ScratchFile::~ScratchFile() {
  if (!kept_) {
    for (const char* part : {"-journal", "-wal", "-shm"}) (void)unlink((path_ + part).c_str());
    (void)unlink(path_.c_str());
  }
  close(fd_);
}

}  // namespace cred::engine
