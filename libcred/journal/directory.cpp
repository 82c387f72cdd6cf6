#include "journal/directory.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <memory>
#include <sys/file.h>
#include <unistd.h>

namespace cred::journal {
namespace {

// A symbolic link or a pipe may have been put where one of our files should be.
constexpr int careful = O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;

std::string parent_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

// What root makes in a directory of the service's own user is that user's. `made` is new
// and open, so that nobody can have put anything else in its place.
void give_to_owner_of(int parent, int made, const std::string& path) {
  if (geteuid() != 0) return;
  struct stat owner {};
  if (fstat(parent, &owner) != 0) fail_by_errno("cannot look at the directory of " + path);
  if (owner.st_uid != 0 && fchown(made, owner.st_uid, owner.st_gid) != 0)
    fail_by_errno("cannot give " + path + " to its directory's owner");
}

}  // namespace

void fail_by_errno(const std::string& what) {
  const int reason = errno;
  const bool ours = reason == EACCES || reason == EPERM || reason == EROFS || reason == ELOOP ||
                    reason == ENOTDIR || reason == EISDIR || reason == ENXIO;
  throw Failure(ours ? Code::configuration : Code::unavailable,
                what + ": " + std::strerror(reason));
}

std::size_t read_at(const Descriptor& file, std::uint64_t at, std::span<std::byte> into,
                    const std::string& path) {
  std::size_t done = 0;
  while (done < into.size()) {
    const ssize_t got =
        pread(file.get(), into.data() + done, into.size() - done, static_cast<off_t>(at + done));
    if (got == 0) break;
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail_by_errno("cannot read " + path);
    done += static_cast<std::size_t>(got);
  }
  return done;
}

void write_at(const Descriptor& file, std::uint64_t at, std::span<const std::byte> bytes,
              const std::string& path) {
  // One call, unless the kernel takes less.
  while (!bytes.empty()) {
    const ssize_t put = pwrite(file.get(), bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail_by_errno("cannot write " + path);
    at += static_cast<std::uint64_t>(put);
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void lock_file(const Descriptor& file, const std::string& path) {
  while (flock(file.get(), LOCK_EX) != 0)
    if (errno != EINTR) fail_by_errno("cannot lock " + path);
}

struct stat status_of(const Descriptor& file, const std::string& path) {
  struct stat status {};
  if (fstat(file.get(), &status) != 0) fail_by_errno("cannot look at " + path);
  return status;
}

std::optional<Directory> Directory::existing(const std::string& path) {
  Descriptor fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd) return Directory(path, std::move(fd));
  if (errno == ENOENT) return std::nullopt;
  fail_by_errno("cannot open the directory " + path);
}

Directory Directory::made(const std::string& path) {
  if (auto directory = existing(path)) return std::move(*directory);
  const std::string parent = parent_of(path);
  auto above = existing(parent);
  if (!above)
    throw Failure(Code::configuration,
                  "cannot make the directory " + path + ": there is no directory " + parent);
  const bool ours = mkdir(path.c_str(), 0700) == 0;
  if (!ours && errno != EEXIST) fail_by_errno("cannot make the directory " + path);
  auto directory = existing(path);
  if (!directory) throw Failure(Code::unavailable, "the directory " + path + " vanished");
  if (ours) {
    const Descriptor made(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!made) fail_by_errno("cannot open the directory " + path);
    give_to_owner_of(above->fd_.get(), made.get(), path);
    above->sync();
  }
  return std::move(*directory);
}

Descriptor Directory::open(const std::string& name, int flags) const {
  Descriptor file(openat(fd_.get(), name.c_str(), flags | careful));
  if (!file && errno == ENOENT) return file;
  if (!file) fail_by_errno("cannot open " + path_of(name));
  if (!S_ISREG(status_of(file, path_of(name)).st_mode))
    throw Failure(Code::configuration, path_of(name) + " is not a regular file");
  return file;
}

Descriptor Directory::create(const std::string& name) const {
  Descriptor file(openat(fd_.get(), name.c_str(), O_RDWR | O_CREAT | O_EXCL | careful, 0600));
  if (!file && errno == EEXIST) return file;
  if (!file) fail_by_errno("cannot create " + path_of(name));
  give_to_owner_of(fd_.get(), file.get(), path_of(name));
  return file;
}

bool Directory::names_file(const std::string& name, const Descriptor& file) const {
  struct stat named {};
  if (fstatat(fd_.get(), name.c_str(), &named, AT_SYMLINK_NOFOLLOW) != 0) return false;
  const auto opened = status_of(file, path_of(name));
  return named.st_dev == opened.st_dev && named.st_ino == opened.st_ino;
}

std::vector<std::string> Directory::names() const {
  // A description of its own: the position in the directory is not shared.
  const int fd = openat(fd_.get(), ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) fail_by_errno("cannot open the directory " + path_);
  const auto shut = [](DIR* stream) { (void)closedir(stream); };
  const std::unique_ptr<DIR, decltype(shut)> stream(fdopendir(fd), shut);
  if (!stream) {
    (void)close(fd);
    fail_by_errno("cannot read the directory " + path_);
  }
  std::vector<std::string> names;
  for (;;) {
    errno = 0;
    const dirent* one = readdir(stream.get());
    if (one == nullptr) break;
    names.emplace_back(one->d_name);
  }
  if (errno != 0) fail_by_errno("cannot read the directory " + path_);
  return names;
}

void Directory::rename(const std::string& from, const std::string& to) const {
  if (renameat(fd_.get(), from.c_str(), fd_.get(), to.c_str()) != 0)
    fail_by_errno("cannot rename " + path_of(from));
}

void Directory::remove(const std::string& name) const {
  if (unlinkat(fd_.get(), name.c_str(), 0) != 0 && errno != ENOENT)
    fail_by_errno("cannot remove " + path_of(name));
}

void Directory::sync() const {
  if (fsync(fd_.get()) != 0) fail_by_errno("cannot sync the directory " + path_);
}

}  // namespace cred::journal
