#include "vault/root_key.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sodium.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::vault {
namespace {

class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (fd_ >= 0) (void)close(fd_);
  }
  int get() const { return fd_; }

 private:
  int fd_;
};

Expected<std::string> path_of(const std::string& url) {
  constexpr std::string_view scheme = "file:";
  if (!url.starts_with(scheme) || url.size() == scheme.size() || url[scheme.size()] != '/')
    return fail(Code::configuration,
                "keys.root is '" + url + "'; it must be file: and an absolute path");
  return url.substr(scheme.size());
}

constexpr std::string_view credential_scheme = "credential:";

// systemd.exec(5), LoadCredential=: a file in a directory of the service's own.
Expected<std::string> credential_path(const std::string& url) {
  const std::string name = url.substr(credential_scheme.size());
  if (name.empty() || name.front() == '.' || name.find('/') != std::string::npos)
    return fail(Code::configuration,
                "keys.root is '" + url + "'; credential: is followed by a credential's name");
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  if (directory == nullptr || *directory != '/')
    return fail(Code::unavailable,
                "keys.root is '" + url + "', but systemd started this program with no credentials");
  return std::string(directory) + '/' + name;
}

std::string because() { return std::string(": ") + std::strerror(errno); }

Expected<void> sync_directory_of(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const Descriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0)
    return fail(Code::unavailable, "cannot sync " + directory + because());
  return {};
}

// Writes the key under a temporary name and links it into place, so that a crash
// leaves no half-written key.
Expected<void> place(const Secret& key, const std::string& path, const std::string& temporary) {
  const Descriptor fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (fd.get() < 0)
    return fail(errno == EACCES || errno == EROFS ? Code::configuration : Code::unavailable,
                "cannot create the root key " + path + because());
  const ssize_t written = write(fd.get(), key.uchars(), key.size());
  if (written != static_cast<ssize_t>(key.size()) || fsync(fd.get()) != 0)
    return fail(Code::unavailable, "cannot write the root key " + path + because());
  if (link(temporary.c_str(), path.c_str()) != 0)
    return fail(errno == EEXIST ? Code::conflict : Code::unavailable,
                "cannot create the root key " + path + because());
  return {};
}

}  // namespace

Expected<Secret> load_root_key(const std::string& url) {
  const bool credential = url.starts_with(credential_scheme);
  const auto path = credential ? credential_path(url) : path_of(url);
  if (!path) return tl::make_unexpected(path.error());
  const Descriptor fd(open(path->c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0) {
    const Code code = errno == EACCES || errno == ELOOP ? Code::configuration : Code::unavailable;
    return fail(code, "cannot open the root key " + *path + because());
  }
  struct stat status {};
  if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(Code::configuration, "the root key " + *path + " is not a regular file");
  // systemd sees to who may read a credential, by an ACL where there are such.
  if (!credential && (status.st_mode & 077) != 0)
    return fail(Code::configuration, "the root key " + *path + " is open to others: chmod 0400 " +
                                         *path + ", and rotate it if anybody may have read it");
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return fail(Code::configuration, "the root key " + *path + " belongs to another user");
  if (status.st_size != static_cast<off_t>(key_bytes))
    return fail(Code::configuration, "the root key " + *path + " has " +
                                         std::to_string(status.st_size) +
                                         " bytes instead of 32: restore it from its backup");
  Secret key(key_bytes);
  if (!key.ok()) return fail(Code::unavailable, "no memory for the root key");
  if (read(fd.get(), key.uchars(), key.size()) != static_cast<ssize_t>(key.size()))
    return fail(Code::unavailable, "cannot read the root key " + *path + because());
  return key;
}

Expected<void> create_root_key(const std::string& url) {
  const auto path = path_of(url);
  if (!path) return tl::make_unexpected(path.error());
  Secret key(key_bytes);
  if (!key.ok()) return fail(Code::unavailable, "no memory for the root key");
  randombytes_buf(key.uchars(), key.size());
  const std::string temporary = *path + ".new." + std::to_string(randombytes_random());
  auto placed = place(key, *path, temporary);
  (void)unlink(temporary.c_str());
  if (!placed) return placed;
  return sync_directory_of(*path);
}

}  // namespace cred::vault
