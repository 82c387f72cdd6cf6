// Whether there is a way back, and how old it is.

#include "cli/doctor/subjects.hpp"
#include "engine/backups.hpp"
#include "engine/engine.hpp"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <sys/stat.h>

namespace cred::doctor {
namespace {

// A timer makes one a day; the machine may have been off on one.
constexpr auto oldest = std::chrono::hours(48);

}  // namespace

void look_at_backups(const Patient& patient, Report& report) {
  constexpr const char* mend =
      "credctl backup create; systemctl enable --now cred-backup.timer makes one each day";
  const std::string& directory = patient.configuration.backup_directory;
  // To list what is not there would make the directory.
  if (struct stat status{}; stat(directory.c_str(), &status) != 0 && errno == ENOENT)
    return report.warning("there is no backup, and no directory " + directory, mend);
  const auto backups = engine::list_backups(patient.configuration, patient.ask);
  if (!backups) {
    report.error("the backups cannot be listed: " + backups.error().message, "credctl backup list");
    return;
  }
  if (backups->empty()) {
    report.warning("there is no backup in " + patient.configuration.backup_directory, mend);
    return;
  }
  for (const auto& backup : *backups)
    if (backup.problem && backup.problem->code == Code::integrity) {
      report.error("backup " + backup.name + " is of no use: " + backup.problem->message,
                   "credctl backup create; then remove the damaged one", Code::integrity);
      return;
    }
  std::optional<Time> newest;
  for (const auto& backup : *backups)
    if (!backup.problem) newest = std::max(newest.value_or(backup.created), backup.created);
  if (!newest) {
    report.warning("there is no whole backup in " + patient.configuration.backup_directory, mend);
    return;
  }
  const auto age = patient.surroundings.clock->now() - *newest;
  if (age > oldest)
    report.warning(
        "the newest backup is " +
            std::to_string(std::chrono::duration_cast<std::chrono::hours>(age).count() / 24) +
            " days old",
        mend);
}

}  // namespace cred::doctor
