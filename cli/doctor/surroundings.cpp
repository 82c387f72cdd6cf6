#include "cli/doctor/surroundings.hpp"

#include <cstdlib>
#include <sys/statvfs.h>
#include <sys/timex.h>

namespace cred::doctor {
namespace {

std::optional<bool> kernel_clock_is_synchronised() {
  timex state{};
  const int answer = adjtimex(&state);
  if (answer < 0) return std::nullopt;
  return answer != TIME_ERROR && (state.status & STA_UNSYNC) == 0;
}

std::optional<Space> space_at(const std::string& path) {
  struct statvfs disk {};
  if (statvfs(path.c_str(), &disk) != 0) return std::nullopt;
  // Some file systems make files as they need them, and say nought.
  const std::uint64_t files = disk.f_files == 0 ? UINT64_MAX : disk.f_favail;
  return Space{std::uint64_t{disk.f_bavail} * disk.f_frsize, files, disk.f_fsid};
}

}  // namespace

Surroundings this_machine(const std::string& path) {
  Surroundings here;
  here.configuration = path;
  here.module_directories = {CRED_PAM_FULL_DIR, "/usr/lib64/security", "/usr/lib/security"};
  here.credd = CRED_CREDD_PATH;
  here.clock = std::make_shared<SystemClock>();
  here.synchronised = kernel_clock_is_synchronised;
  here.space = space_at;
  here.argon2 = [] { return hash::implementation(); };
  here.argon2_named = secure_getenv("CRED_ARGON2") != nullptr;
  return here;
}

}  // namespace cred::doctor
