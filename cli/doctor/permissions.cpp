// Who may read and write what.

#include "cli/doctor/subjects.hpp"

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <grp.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::doctor {
namespace {

// A directory with more files than that is not looked through to its end.
constexpr std::size_t most_files = 10'000;

std::optional<struct stat> status_of(const std::string& path) {
  struct stat status {};
  if (lstat(path.c_str(), &status) != 0) return std::nullopt;
  return status;
}

std::string octal(mode_t mode) {
  std::array<char, 8> text{};
  (void)std::snprintf(text.data(), text.size(), "%04o", static_cast<unsigned>(mode & 07777U));
  return text.data();
}

std::string user(uid_t uid) {
  const passwd* entry = getpwuid(uid);
  return entry != nullptr ? entry->pw_name : std::to_string(uid);
}

std::string owner(const struct stat& status) {
  const group* entry = getgrgid(status.st_gid);
  return user(status.st_uid) + ":" +
         (entry != nullptr ? entry->gr_name : std::to_string(status.st_gid));
}

bool is_trusted(uid_t uid) { return uid == 0 || uid == geteuid(); }

// Whoever can write to it can put anything in its place. True: nobody can but its owner and
// root.
bool guarded_from_writers(const std::string& path, const struct stat& status, bool trusted,
                          Report& report) {
  if (!trusted) {
    report.error(path + " belongs to " + user(status.st_uid) + ", who can replace what is in it",
                 "chown root " + path);
    return false;
  }
  const bool sticky = S_ISDIR(status.st_mode) && (status.st_mode & S_ISVTX) != 0;
  if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && !sticky && !S_ISLNK(status.st_mode)) {
    report.error(path + " can be written to by others (" + octal(status.st_mode) + ")",
                 "chmod go-w " + path);
    return false;
  }
  return true;
}

// A file that programs of root read, and the directories above it. The first fault ends it.
bool look_at_way_to(const std::string& path, uid_t also, Report& report) {
  const auto trusted = [&](const struct stat& status) {
    return is_trusted(status.st_uid) || status.st_uid == also;
  };
  std::filesystem::path at(path);
  for (;; at = at.parent_path()) {
    if (const auto status = status_of(at);
        status && !guarded_from_writers(at, *status, trusted(*status), report))
      return false;
    if (!at.has_relative_path()) return true;
  }
}

// Of the store's owner, and closed to everybody else.
class Private {
 public:
  Private(const struct stat& home, std::string where, Report& report)
      : home_(home), where_(std::move(where)), report_(report) {}

  bool look(const std::string& path) {
    const auto status = status_of(path);
    if (!status) return true;
    const bool directory = S_ISDIR(status->st_mode);
    if (S_ISLNK(status->st_mode)) {
      report_.warning(path + " is a link: what it points to was not looked at",
                      "name the place itself in the configuration");
      return false;
    }
    if (status->st_uid != home_.st_uid) {
      report_.error(path + " belongs to " + user(status->st_uid) + ", and " + where_ + " to " +
                        user(home_.st_uid) + ", whose programs cannot use it",
                    "chown -R " + owner(home_) + " " + path);
      return false;
    }
    if ((status->st_mode & 077) != 0) {
      report_.error(path + " is open to others (" + octal(status->st_mode) + ")",
                    std::string("chmod ") + (directory ? "0700 " : "0600 ") + path);
      return false;
    }
    return true;
  }
  // With what is in it, two directories deep. One finding is enough.
  void look_into(const std::string& path) {
    if (!look(path)) return;
    std::error_code error;
    std::filesystem::recursive_directory_iterator files(path, error);
    if (error && error != std::errc::no_such_file_or_directory)
      report_.warning("cannot look into " + path + ": " + error.message(), "run credctl as root");
    for (std::size_t seen = 0; !error && files != decltype(files)() && seen < most_files; ++seen) {
      if (!look(files->path())) return;
      if (files.depth() >= 2) files.disable_recursion_pending();
      files.increment(error);
    }
  }

 private:
  const struct stat& home_;
  const std::string where_;
  Report& report_;
};

std::string parent_of(const std::string& path) { return std::filesystem::path(path).parent_path(); }

void look_at_programs(const Surroundings& surroundings, Report& report) {
  std::vector<std::string> programs{surroundings.root + surroundings.credd};
  for (const auto& directory : surroundings.module_directories)
    programs.push_back(surroundings.root + directory + "/pam_cred.so");
  for (const std::string& program : programs)
    if (status_of(program)) (void)look_at_way_to(program, 0, report);
}

}  // namespace

void look_at_configuration_files(const Surroundings& surroundings, Report& report) {
  const std::string& path = surroundings.configuration;
  if (status_of(path) && !look_at_way_to(path, 0, report)) return;
  const std::string directory = path + ".d";
  const auto status = status_of(directory);
  if (!status) return;
  if (!guarded_from_writers(directory, *status, is_trusted(status->st_uid), report)) return;
  std::error_code error;
  for (std::filesystem::directory_iterator files(directory, error);
       !error && files != decltype(files)(); files.increment(error))
    if (const auto file = status_of(files->path());
        file && !guarded_from_writers(files->path(), *file, is_trusted(file->st_uid), report))
      return;
}

void look_at_permissions(const Patient& patient, Report& report) {
  look_at_programs(patient.surroundings, report);
  const auto& configuration = patient.configuration;
  const std::string socket = parent_of(configuration.broker_socket);
  const std::string store = patient.store_path();
  const std::string home = parent_of(store);
  const auto status = store.empty() ? std::nullopt : status_of(home);
  // Whoever can put another socket there is told passwords.
  if (status_of(socket)) (void)look_at_way_to(socket, status ? status->st_uid : 0, report);
  if (!status) {
    // Without a directory there is no store: that is told elsewhere.
    if (!store.empty() && errno == EACCES)
      report.error("cannot look at " + home + ": " + std::strerror(errno), "run credctl as root");
    return;
  }
  if (parent_of(home) != "/" && !look_at_way_to(parent_of(home), status->st_uid, report)) return;
  Private guarded(*status, home, report);
  if (!guarded.look(home)) return;
  for (const char* suffix : {"", "-wal", "-shm"})
    if (!guarded.look(store + suffix)) return;
  for (const std::string& directory :
       {configuration.journal_directory, configuration.anchor_directory,
        configuration.backup_directory})
    guarded.look_into(directory);
}

}  // namespace cred::doctor
