// The root key: whether it is there, whose it is, and who else can read it.

#include "cli/doctor/subjects.hpp"

#include <cerrno>
#include <cstring>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::doctor {
namespace {

std::string put_back(const std::string& path) {
  return "install -m 0400 -o root COPY " + path + ", where COPY is the copy that was kept apart";
}

bool lies_in(const std::string& path, const std::string& directory) {
  return !directory.empty() && path.starts_with(directory + "/");
}

}  // namespace

bool look_at_root_key(const Patient& patient, Report& report) {
  const std::string& url = patient.configuration.root_key_url;
  const std::string path = vault::root_key_path(url);
  struct stat status {};
  if (!path.empty() && lstat(path.c_str(), &status) != 0) {
    report.error("the root key " + path + " cannot be seen: " + std::strerror(errno) +
                     ". Nobody can log in without it",
                 errno == EACCES ? "run credctl as root" : put_back(path));
    return false;
  }
  struct stat next {};
  if (!path.empty() && lstat((path + ".next").c_str(), &next) == 0) {
    report.warning("a rotation of the root key was cut off: " + path +
                       ".next is there. The store was not opened, which would finish it",
                   "credctl maintain");
    return false;
  }
  const auto key = vault::load_root_key(url, patient.ask);
  if (!key) {
    const bool open = !path.empty() && S_ISREG(status.st_mode) && (status.st_mode & 077) != 0;
    report.error(key.error().message,
                 open ? "chmod 0400 " + path +
                            "; then, if others may have read it: credctl key rotate"
                 : path.empty() ? "see cred.conf(5), keys.root"
                                : put_back(path));
    return false;
  }
  const std::string store = patient.store_path();
  const std::string home = store.substr(0, store.rfind('/'));
  if (lies_in(path, home) || lies_in(path, patient.configuration.backup_directory))
    report.note("the root key " + path +
                    " lies beside what it seals: whoever copies the one has "
                    "the other",
                "credctl key rotate --to file:/etc/cred/root.key, then keys.root in " +
                    patient.surroundings.configuration);
  return true;
}

}  // namespace cred::doctor
