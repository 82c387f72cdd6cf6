#include "backup/directory.hpp"

#include "backup/files.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <utility>

namespace cred::backup {
namespace {

constexpr std::string_view archive_extension = ".backup";
constexpr std::string_view manifest_extension = ".json";
constexpr std::string_view part_extension = ".part";

using Second = std::chrono::sys_seconds;

// What a name says. In the order of age.
struct Label {
  Second second{};
  unsigned number = 0;
  bool operator==(const Label&) const = default;
  bool operator<(const Label& other) const {
    return second != other.second ? second < other.second : number < other.number;
  }
};

std::string name_of(const Label& label) {
  const auto day = std::chrono::floor<std::chrono::days>(label.second);
  const std::chrono::year_month_day date(day);
  const std::chrono::hh_mm_ss clock(label.second - day);
  std::array<char, 64> text{};
  (void)std::snprintf(text.data(), text.size(), "cred-%04d%02u%02uT%02d%02d%02dZ",
                      static_cast<int>(date.year()), static_cast<unsigned>(date.month()),
                      static_cast<unsigned>(date.day()), static_cast<int>(clock.hours().count()),
                      static_cast<int>(clock.minutes().count()),
                      static_cast<int>(clock.seconds().count()));
  return text.data() + (label.number == 0 ? "" : '-' + std::to_string(label.number));
}

int digits(std::string_view text) {
  int value = 0;
  (void)std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

std::optional<Label> label_of(std::string_view name) {
  constexpr std::size_t fixed = std::string_view("cred-00000000T000000Z").size();
  if (name.size() < fixed || name.size() > fixed + 7) return {};
  using namespace std::chrono;
  const year_month_day date(year(digits(name.substr(5, 4))),
                            month(static_cast<unsigned>(digits(name.substr(9, 2)))),
                            day(static_cast<unsigned>(digits(name.substr(11, 2)))));
  if (!date.ok()) return {};
  Label label;
  label.second = sys_days(date) + hours(digits(name.substr(14, 2))) +
                 minutes(digits(name.substr(16, 2))) + seconds(digits(name.substr(18, 2)));
  if (name.size() > fixed + 1) label.number = static_cast<unsigned>(digits(name.substr(fixed + 1)));
  // One label has one name.
  if (name_of(label) != name) return {};
  return label;
}

bool is_there(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

// Whether there was one.
bool remove_file(const std::string& path) {
  if (unlink(path.c_str()) == 0) return true;
  if (errno != ENOENT) failed("cannot remove", path);
  return false;
}

std::vector<std::string> file_names(const std::string& path) {
  std::vector<std::string> names;
  std::error_code error;
  std::filesystem::directory_iterator at(path, error);
  for (; !error && at != std::filesystem::directory_iterator(); at.increment(error))
    names.push_back(at->path().filename());
  if (error) {
    errno = error.value();
    failed("cannot list the directory", path);
  }
  return names;
}

// The label of a file named `<name><extension>`.
std::optional<Label> label_of_file(std::string_view file, std::string_view extension) {
  if (!file.ends_with(extension)) return {};
  return label_of(file.substr(0, file.size() - extension.size()));
}

bool is_left_over(std::string_view file) {
  if (!file.ends_with(part_extension)) return false;
  file.remove_suffix(part_extension.size());
  return label_of_file(file, archive_extension) || label_of_file(file, manifest_extension);
}

Expected<Manifest> look_at(const Directory& directory, const std::string& name,
                           const std::vector<PublicKey>& expected) {
  const std::string archive = directory.archive_path(name);
  struct stat status {};
  if (stat(archive.c_str(), &status) != 0)
    return errno == ENOENT ? fail(Code::not_found, "the backup " + name +
                                                       " has a manifest but no archive " + archive)
                           : fail(Code::configuration, "cannot look at " + archive);
  auto signed_manifest = read_manifest(directory.manifest_path(name));
  if (!signed_manifest) {
    if (signed_manifest.error().code != Code::not_found)
      return tl::make_unexpected(std::move(signed_manifest).error());
    return fail(Code::not_found,
                "the backup " + name + " has no manifest: it was cut off before it was finished");
  }
  if (!expected.empty() &&
      std::find(expected.begin(), expected.end(), signed_manifest->public_key) == expected.end())
    return fail(Code::integrity, "the manifest " + directory.manifest_path(name) +
                                     " is signed with another key than expected");
  Manifest& manifest = signed_manifest->manifest;
  if (manifest.archive != name + std::string(archive_extension))
    return fail(Code::integrity, "the manifest " + directory.manifest_path(name) +
                                     " belongs to another archive, " + manifest.archive);
  if (static_cast<std::uint64_t>(status.st_size) != manifest.bytes)
    return fail(Code::integrity, "the archive " + archive + " has " +
                                     std::to_string(status.st_size) + " bytes instead of " +
                                     std::to_string(manifest.bytes));
  return std::move(manifest);
}

// What prune() removes of backups that are listed oldest first.
std::vector<std::string> too_old(const std::vector<Backup>& backups, Time keep_since) {
  const Backup* newest = nullptr;
  const Backup* base = nullptr;
  for (const Backup& backup : backups) {
    if (!backup.manifest) continue;
    const Time created = backup.manifest->created;
    if (newest == nullptr || created >= newest->manifest->created) newest = &backup;
    if (created < keep_since && (base == nullptr || created >= base->manifest->created))
      base = &backup;
  }
  std::vector<std::string> names;
  for (const Backup& backup : backups) {
    if (backup.manifest) {
      if (backup.manifest->created < keep_since && &backup != base) names.push_back(backup.name);
    } else if (backup.manifest.error().code == Code::not_found && newest != nullptr) {
      const Time created = label_of(backup.name)->second;
      if (created < keep_since && created < newest->manifest->created) names.push_back(backup.name);
    }
  }
  return names;
}

}  // namespace

Directory::Directory(std::string path) : path_(std::move(path)) {
  while (path_.size() > 1 && path_.ends_with('/')) path_.pop_back();
  const bool made = mkdir(path_.c_str(), 0700) == 0;
  if (!made && errno != EEXIST) failed("cannot create the directory", path_);
  const Descriptor fd(
      open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | (made ? O_NOFOLLOW : 0)));
  if (fd.get() < 0) failed("cannot open the directory", path_);
  if (!made) return;
  try {
    give_to_owner_of_directory(fd, path_);
  } catch (...) {
    // The next run would take it as it is.
    (void)rmdir(path_.c_str());
    throw;
  }
  sync_directory(directory_of(path_));
}

std::string Directory::archive_path(std::string_view name) const {
  return path_ + '/' + std::string(name) + std::string(archive_extension);
}

std::string Directory::manifest_path(std::string_view name) const {
  return path_ + '/' + std::string(name) + std::string(manifest_extension);
}

std::string Directory::new_name(Time created) const {
  Label label{std::chrono::floor<std::chrono::seconds>(created), 0};
  while (is_there(archive_path(name_of(label))) || is_there(manifest_path(name_of(label))))
    ++label.number;
  return name_of(label);
}

std::vector<Backup> Directory::list(const std::vector<PublicKey>& expected) const {
  std::vector<Label> labels;
  for (const auto& file : file_names(path_))
    for (const auto extension : {archive_extension, manifest_extension})
      if (const auto label = label_of_file(file, extension)) labels.push_back(*label);
  std::sort(labels.begin(), labels.end());
  labels.erase(std::unique(labels.begin(), labels.end()), labels.end());
  std::vector<Backup> backups;
  for (const Label& label : labels) {
    const std::string name = name_of(label);
    backups.push_back({name, look_at(*this, name, expected)});
  }
  return backups;
}

void Directory::remove(std::string_view name) const {
  if (!label_of(name))
    throw Failure(Code::usage,
                  "no backup has such a name; one is called, for example, cred-20261125T010203Z");
  // The manifest first: half removed, a backup counts as unfinished.
  const bool had_manifest = remove_file(manifest_path(name));
  const bool had_archive = remove_file(archive_path(name));
  if (!had_manifest && !had_archive)
    throw Failure(Code::not_found, "there is no backup " + std::string(name) + " in " + path_);
  sync_directory(path_);
}

std::vector<std::string> Directory::prune(Time keep_since,
                                          const std::vector<PublicKey>& expected) const {
  for (const auto& file : file_names(path_))
    if (is_left_over(file)) (void)remove_left_over(path_ + '/' + file);
  auto names = too_old(list(expected), keep_since);
  for (const auto& name : names) remove(name);
  return names;
}

}  // namespace cred::backup
