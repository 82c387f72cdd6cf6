#include "vault/key_source.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

namespace cred::vault {
namespace {

constexpr std::string_view what = "the root key";
constexpr std::string_view what_next = "the next root key";
constexpr Sizes sizes{key_bytes, key_bytes};

std::string next_of(const std::string& path) { return path + ".next"; }

Expected<Secret> random_key() {
  Secret key(key_bytes);
  if (!key.ok()) return fail(Code::unavailable, "no memory for the root key");
  randombytes_buf(key.uchars(), key.size());
  return key;
}

// Readable by whom the current key is readable by, before it holds anything.
Expected<void> write_like(const struct stat& current, const std::string& temporary,
                          const Secret& key) {
  const Descriptor fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (fd.get() < 0)
    return fail(errno == EACCES || errno == EROFS ? Code::configuration : Code::unavailable,
                "cannot create " + temporary + because());
  struct stat created {};
  if (fstat(fd.get(), &created) != 0)
    return fail(Code::unavailable, "cannot look at " + temporary + because());
  const bool same = created.st_uid == current.st_uid && created.st_gid == current.st_gid;
  if (!same && fchown(fd.get(), current.st_uid, current.st_gid) != 0)
    return fail(Code::configuration,
                "cannot give " + temporary + " the owner of the root key" + because());
  // After the umask, and after a change of the owner.
  if (fchmod(fd.get(), 0400) != 0)
    return fail(Code::unavailable, "cannot close " + temporary + " to others" + because());
  if (write(fd.get(), key.uchars(), key.size()) != static_cast<ssize_t>(key.size()) ||
      fsync(fd.get()) != 0)
    return fail(Code::unavailable, "cannot write " + temporary + because());
  return {};
}

Expected<void> overwrite(int fd, const std::string& path, off_t size) {
  // A damaged file may be of any length; a key is not longer than this.
  const std::size_t bytes = static_cast<std::size_t>(std::min<off_t>(size, 4096));
  Secret noise(bytes);
  if (!noise.ok()) return fail(Code::unavailable, "no memory to overwrite " + path);
  if (!noise.empty()) randombytes_buf(noise.uchars(), noise.size());
  if (pwrite(fd, noise.uchars(), noise.size(), 0) != static_cast<ssize_t>(noise.size()) ||
      fsync(fd) != 0)
    return fail(Code::unavailable, "cannot overwrite " + path + because());
  return {};
}

}  // namespace

Expected<Secret> load_key_file(const std::string& path) {
  return read_guarded(path, what, sizes, Guard::owner);
}

Expected<Secret> create_key_file(const std::string& path) {
  auto key = random_key();
  if (!key) return key;
  if (auto created = create_guarded(path, what, key->bytes()); !created)
    return tl::make_unexpected(created.error());
  return key;
}

Expected<void> stage_key_file(const std::string& path) {
  if (const auto current = load_key_file(path); !current)
    return tl::make_unexpected(current.error());
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0)
    return fail(Code::unavailable, "cannot look at the root key " + path + because());
  const auto key = random_key();
  if (!key) return tl::make_unexpected(key.error());
  if (auto discarded = discard_staged_key_file(path); !discarded) return discarded;
  const std::string temporary = next_of(path) + ".new." + std::to_string(randombytes_random());
  auto written = write_like(status, temporary, *key);
  if (written && rename(temporary.c_str(), next_of(path).c_str()) != 0)
    written = fail(Code::unavailable, "cannot create " + next_of(path) + because());
  if (!written) {
    (void)unlink(temporary.c_str());
    return written;
  }
  return sync_directory_of(path);
}

Expected<std::optional<Secret>> load_staged_key_file(const std::string& path) {
  return find_guarded(next_of(path), what_next, sizes, Guard::owner);
}

namespace {

// The key that gave way, which has no name any more. One that has another name is somebody's
// copy. Whoever reads it at this moment notices that it has none (find_guarded).
void overwrite_nameless(int key) {
  struct stat status {};
  if (key < 0 || fstat(key, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 0 ||
      fchmod(key, 0600) != 0)
    return;
  const std::string path = "/proc/self/fd/" + std::to_string(key);
  const Descriptor fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
  if (fd.get() >= 0) (void)overwrite(fd.get(), "the old root key", status.st_size);
}

}  // namespace

Expected<void> promote_key_file(const std::string& path) {
  const auto next = load_staged_key_file(path);
  if (!next) return tl::make_unexpected(next.error());
  if (!*next) return fail(Code::not_found, "there is no next root key " + next_of(path));
  const Descriptor old(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (rename(next_of(path).c_str(), path.c_str()) != 0)
    return fail(Code::unavailable, "cannot put " + next_of(path) + " in place" + because());
  if (auto synced = sync_directory_of(path); !synced) return synced;
  overwrite_nameless(old.get());
  return {};
}

Expected<void> discard_staged_key_file(const std::string& path) {
  const std::string next = next_of(path);
  const Descriptor closed(open(next.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (closed.get() < 0) {
    if (errno == ENOENT) return {};
    return fail(Code::configuration, "cannot open " + next + because());
  }
  struct stat status {};
  if (fstat(closed.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(Code::configuration, next + " is not a regular file: see what it is");
  // Mode 0400 keeps its owner from writing too.
  if (fchmod(closed.get(), 0600) != 0)
    return fail(Code::configuration, "cannot remove " + next + because());
  const Descriptor fd(open(next.c_str(), O_WRONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  struct stat opened {};
  if (fd.get() < 0 || fstat(fd.get(), &opened) != 0 || opened.st_ino != status.st_ino ||
      opened.st_dev != status.st_dev)
    return fail(Code::unavailable, "cannot open " + next + " to overwrite it" + because());
  if (auto overwritten = overwrite(fd.get(), next, status.st_size); !overwritten)
    return overwritten;
  if (unlink(next.c_str()) != 0)
    return fail(Code::unavailable, "cannot remove " + next + because());
  return sync_directory_of(path);
}

}  // namespace cred::vault
