#include "backup/files.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace cred::backup {
namespace {

Code code_of(int reason) {
  switch (reason) {
    case EACCES:
    case EPERM:
    case EROFS:
    case ENOENT:
    case ENOTDIR:
    case EISDIR:
    case ELOOP:
    case ENAMETOOLONG: return Code::configuration;
    default: return Code::unavailable;
  }
}

bool is_still_at(const Descriptor& fd, const std::string& path) {
  struct stat opened {};
  struct stat named {};
  return fstat(fd.get(), &opened) == 0 && lstat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

bool lock(const Descriptor& fd, const std::string& path) {
  if (flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return true;
  if (errno != EWOULDBLOCK) failed("cannot lock", path);
  return false;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

Descriptor create(const std::string& part, const std::string& path) {
  // More than once, because somebody who clears up may take the file for a left-over
  // before it is locked.
  for (int attempt = 0; attempt < 10; ++attempt) {
    Descriptor fd(open(part.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (fd.get() < 0) {
      if (errno != EEXIST) failed("cannot create", part);
      if (!remove_left_over(part)) break;
      continue;
    }
    if (lock(fd, part) && is_still_at(fd, part)) return fd;
  }
  throw Failure(Code::conflict, path + " is being written by another process");
}

}  // namespace

void failed(const std::string& what, const std::string& path) {
  const int reason = errno;
  throw Failure(code_of(reason), what + ' ' + path + ": " + std::strerror(reason));
}

Descriptor open_for_reading(const std::string& path) {
  // Not waiting for a writer where somebody put a pipe.
  Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == ENOENT) throw Failure(Code::not_found, "there is no " + path);
    failed("cannot open", path);
  }
  struct stat status {};
  if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    throw Failure(Code::configuration, path + " is not a regular file");
  (void)posix_fadvise(fd.get(), 0, 0, POSIX_FADV_SEQUENTIAL);
  return fd;
}

std::size_t read_up_to(const Descriptor& fd, std::span<std::byte> buffer, const std::string& path) {
  std::size_t done = 0;
  while (done < buffer.size()) {
    const ssize_t n = read(fd.get(), buffer.data() + done, buffer.size() - done);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed("cannot read", path);
    if (n == 0) break;
    done += static_cast<std::size_t>(n);
  }
  return done;
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

void sync_directory(const std::string& directory) {
  const Descriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) failed("cannot open the directory", directory);
  if (fsync(fd.get()) != 0) failed("cannot sync the directory", directory);
}

void give_to_owner_of_directory(const Descriptor& made, const std::string& path) {
  if (geteuid() != 0) return;
  struct stat directory {};
  if (stat(directory_of(path).c_str(), &directory) != 0)
    failed("cannot look at the directory of", path);
  if (directory.st_uid == 0) return;
  if (fchown(made.get(), directory.st_uid, directory.st_gid) != 0)
    throw Failure(Code::configuration, path + " cannot be given to its directory's owner");
}

bool remove_left_over(const std::string& part) {
  const Descriptor fd(open(part.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == ENOENT) return true;
    failed("cannot remove what another run left,", part);
  }
  if (!lock(fd, part)) return false;
  if (is_still_at(fd, part) && unlink(part.c_str()) != 0)
    failed("cannot remove what another run left,", part);
  return true;
}

NewFile::NewFile(std::string path) : path_(std::move(path)), part_(path_ + ".part") {
  fd_ = create(part_, path_);
  try {
    give_to_owner_of_directory(fd_, part_);
  } catch (...) {
    (void)unlink(part_.c_str());
    throw;
  }
}

NewFile::~NewFile() {
  if (!in_place_) (void)unlink(part_.c_str());
}

void NewFile::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_.get(), bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) failed("cannot write", part_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

void NewFile::put_in_place(Existing existing) {
  if (fsync(fd_.get()) != 0) failed("cannot write", part_);
  const unsigned flags = existing == Existing::keep ? RENAME_NOREPLACE : 0U;
  int renamed = renameat2(AT_FDCWD, part_.c_str(), AT_FDCWD, path_.c_str(), flags);
  // Not every file system can refuse to replace.
  if (renamed != 0 && (errno == EINVAL || errno == ENOSYS)) {
    errno = EEXIST;
    if (existing == Existing::replace || !is_there(path_))
      renamed = rename(part_.c_str(), path_.c_str());
  }
  if (renamed != 0) {
    if (errno == EEXIST) throw Failure(Code::conflict, path_ + " exists already");
    failed("cannot put into its place", path_);
  }
  in_place_ = true;
  sync_directory(directory_of(path_));
}

}  // namespace cred::backup
