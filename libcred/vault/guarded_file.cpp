#include "vault/key_source.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sodium.h>
#include <sys/stat.h>

namespace cred::vault {
namespace {

std::string expected_size(Sizes sizes) {
  if (sizes.smallest == sizes.largest) return std::to_string(sizes.largest);
  return std::to_string(sizes.smallest) + " to " + std::to_string(sizes.largest);
}

// Under a temporary name and linked into place, so that a crash leaves no half-written
// file and nothing is replaced.
Expected<void> place(const std::string& path, const std::string& temporary, const std::string& name,
                     std::span<const std::byte> bytes) {
  const Descriptor fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (fd.get() < 0)
    return fail(errno == EACCES || errno == EROFS ? Code::configuration : Code::unavailable,
                "cannot create " + name + because());
  const ssize_t written = write(fd.get(), bytes.data(), bytes.size());
  if (written != static_cast<ssize_t>(bytes.size()) || fsync(fd.get()) != 0)
    return fail(Code::unavailable, "cannot write " + name + because());
  if (link(temporary.c_str(), path.c_str()) != 0)
    return fail(errno == EEXIST ? Code::conflict : Code::unavailable,
                "cannot create " + name + because());
  return {};
}

struct Found {
  std::optional<Secret> bytes;
  bool nameless = false;  // since it was opened; its bytes may have been overwritten
};

Expected<Found> look(const std::string& path, std::string_view what, Sizes sizes, Guard guard) {
  const std::string name = std::string(what) + ' ' + path;
  const Descriptor fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (fd.get() < 0) {
    if (errno == ENOENT) return Found{};
    const Code code = errno == EACCES || errno == ELOOP ? Code::configuration : Code::unavailable;
    return fail(code, "cannot open " + name + because());
  }
  struct stat status {};
  if (fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return fail(Code::configuration, name + " is not a regular file");
  const mode_t open_to_others = guard == Guard::owner ? 077 : guard == Guard::group ? 037 : 0;
  if ((status.st_mode & open_to_others) != 0)
    return fail(Code::configuration, name + " is open to others: chmod 0400 " + path +
                                         ", and rotate it if anybody may have read it");
  if (status.st_uid != geteuid() && status.st_uid != 0)
    return fail(Code::configuration, name + " belongs to another user");
  if (status.st_size < static_cast<off_t>(sizes.smallest) ||
      status.st_size > static_cast<off_t>(sizes.largest))
    return fail(Code::configuration, name + " has " + std::to_string(status.st_size) +
                                         " bytes instead of " + expected_size(sizes) +
                                         ": restore it from its backup");
  Secret bytes(static_cast<std::size_t>(status.st_size));
  if (!bytes.ok()) return fail(Code::unavailable, "no memory for " + name);
  if (read(fd.get(), bytes.uchars(), bytes.size()) != static_cast<ssize_t>(bytes.size()))
    return fail(Code::unavailable, "cannot read " + name + because());
  if (fstat(fd.get(), &status) != 0)
    return fail(Code::unavailable, "cannot look at " + name + because());
  return Found{std::move(bytes), status.st_nlink == 0};
}

}  // namespace

std::string because() { return std::string(": ") + std::strerror(errno); }

Expected<std::optional<Secret>> find_guarded(const std::string& path, std::string_view what,
                                             Sizes sizes, Guard guard) {
  // One that gives way to another meanwhile is looked for again.
  constexpr int most_tries = 8;
  for (int i = 1;; ++i) {
    auto found = look(path, what, sizes, guard);
    if (!found) return tl::make_unexpected(found.error());
    if (!found->nameless || i == most_tries) return std::move(found->bytes);
  }
}

Expected<Secret> read_guarded(const std::string& path, std::string_view what, Sizes sizes,
                              Guard guard) {
  auto found = find_guarded(path, what, sizes, guard);
  if (!found) return tl::make_unexpected(found.error());
  if (!*found)
    return fail(Code::unavailable,
                "cannot open " + std::string(what) + ' ' + path + ": " + std::strerror(ENOENT));
  return std::move(**found);
}

Expected<void> create_guarded(const std::string& path, std::string_view what,
                              std::span<const std::byte> bytes) {
  const std::string temporary = path + ".new." + std::to_string(randombytes_random());
  auto placed = place(path, temporary, std::string(what) + ' ' + path, bytes);
  (void)unlink(temporary.c_str());
  if (!placed) return placed;
  return sync_directory_of(path);
}

Expected<void> sync_directory_of(const std::string& path) {
  const std::string directory = path.substr(0, path.rfind('/') + 1);
  const Descriptor fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0 || fsync(fd.get()) != 0)
    return fail(Code::unavailable, "cannot sync " + directory + because());
  return {};
}

}  // namespace cred::vault
