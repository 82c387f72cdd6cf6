#include "vault/root_archive.hpp"

#include "base/hexadecimal.hpp"
#include "vault/key_source.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sodium.h>
#include <string_view>
#include <sys/stat.h>

namespace cred::vault {
namespace {

constexpr std::string_view what = "the old root key";
constexpr std::string_view prefix = "root-";
constexpr std::string_view suffix = ".sealed";
constexpr std::string_view unfinished = ".new.";
constexpr std::size_t id_digits = 2 * sizeof(KeyId);
// Format, id, nonce, key, MAC.
constexpr std::size_t file_bytes = 1 + sizeof(KeyId) + 24 + key_bytes + 16;

std::string path_of(const std::string& directory, KeyId id) {
  return directory + '/' + std::string(prefix) + hexadecimal(id) + std::string(suffix);
}

bool is_named_as_one(std::string_view file) {
  if (file.size() != prefix.size() + id_digits + suffix.size() || !file.starts_with(prefix) ||
      !file.ends_with(suffix))
    return false;
  const auto digits = file.substr(prefix.size(), id_digits);
  return digits.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

// What somebody who was killed left of one.
bool is_left_of_one(std::string_view file) {
  const std::size_t end = prefix.size() + id_digits + suffix.size();
  return file.size() > end && is_named_as_one(file.substr(0, end)) &&
         file.substr(end).starts_with(unfinished);
}

Expected<std::vector<std::string>> files_in(const std::string& directory,
                                            bool (*wanted)(std::string_view) = is_named_as_one) {
  std::vector<std::string> paths;
  std::error_code error;
  std::filesystem::directory_iterator at(directory, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error))
    if (wanted(at->path().filename().native())) paths.push_back(at->path());
  if (error == std::errc::no_such_file_or_directory) return paths;
  if (error)
    return fail(error == std::errc::permission_denied ? Code::configuration : Code::unavailable,
                "cannot list the directory " + directory + ": " + error.message());
  std::sort(paths.begin(), paths.end());
  return paths;
}

// Whoever makes backups there reads it.
Expected<void> write_for_owner(const std::string& directory, const std::string& temporary,
                               const Sealed& sealed) {
  struct stat owner {};
  if (stat(directory.c_str(), &owner) != 0)
    return fail(Code::unavailable, "cannot look at " + directory + because());
  const Descriptor fd(
      open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0400));
  if (fd.get() < 0)
    return fail(errno == EACCES || errno == EROFS ? Code::configuration : Code::unavailable,
                "cannot create " + temporary + because());
  if (geteuid() == 0 && owner.st_uid != 0 && fchown(fd.get(), owner.st_uid, owner.st_gid) != 0)
    return fail(Code::configuration,
                "cannot give " + temporary + " to the owner of its directory" + because());
  if (write(fd.get(), sealed.data(), sealed.size()) != static_cast<ssize_t>(sealed.size()) ||
      fsync(fd.get()) != 0)
    return fail(Code::unavailable, "cannot write " + temporary + because());
  return {};
}

}  // namespace

Expected<void> keep_old_root(const std::string& directory, const Secret& old, const Secret& next) {
  const std::string path = path_of(directory, id_of(old));
  const std::string temporary =
      path + std::string(unfinished) + std::to_string(randombytes_random());
  auto written = write_for_owner(directory, temporary, wrap_old_root(next, old));
  if (written && rename(temporary.c_str(), path.c_str()) != 0)
    written = fail(Code::unavailable, "cannot create " + path + because());
  if (!written) {
    (void)unlink(temporary.c_str());
    return written;
  }
  return sync_directory_of(path);
}

Expected<std::vector<Secret>> old_roots(const std::string& directory, const Secret& current) {
  const auto paths = files_in(directory);
  if (!paths) return tl::make_unexpected(paths.error());
  struct Kept {
    std::string path;
    Secret sealed;
  };
  std::vector<Kept> kept;
  for (const auto& path : *paths) {
    auto file = find_guarded(path, what, {file_bytes, file_bytes}, Guard::owner);
    if (file && *file) kept.push_back({path, std::move(**file)});
  }
  std::vector<Secret> found;
  // Each file is opened once at most, so that keys that led to one another end.
  for (std::size_t next = 0; next <= found.size(); ++next) {
    std::erase_if(kept, [&](const Kept& file) {
      auto opened = unwrap_old_root(next == 0 ? current : found[next - 1], file.sealed.bytes());
      if (!opened) return false;
      // Under another key's name it would be another key's.
      const KeyId id = id_of(*opened);
      if (file.path == path_of(directory, id) && id != id_of(current))
        found.push_back(std::move(*opened));
      return true;
    });
  }
  return found;
}

Expected<std::optional<Secret>> find_root(const std::string& directory, const Secret& current,
                                          KeyId id) {
  auto found = old_roots(directory, current);
  if (!found) return tl::make_unexpected(found.error());
  for (Secret& key : *found)
    if (id_of(key) == id) return std::optional<Secret>(std::move(key));
  return std::nullopt;
}

Expected<std::size_t> prune_old_roots(const std::string& directory, Time before) {
  const auto paths = files_in(directory, [](std::string_view file) {
    return is_named_as_one(file) || is_left_of_one(file);
  });
  if (!paths) return tl::make_unexpected(paths.error());
  std::size_t removed = 0;
  for (const auto& path : *paths) {
    struct stat status {};
    if (lstat(path.c_str(), &status) != 0) continue;
    const Time changed(std::chrono::seconds(status.st_mtim.tv_sec));
    if (changed >= before) continue;
    if (unlink(path.c_str()) != 0 && errno != ENOENT)
      return fail(Code::unavailable, "cannot remove " + path + because());
    ++removed;
  }
  if (removed > 0)
    if (auto synced = sync_directory_of(directory + '/'); !synced)
      return tl::make_unexpected(synced.error());
  return removed;
}

}  // namespace cred::vault
