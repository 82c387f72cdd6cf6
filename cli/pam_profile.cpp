#include "cli/pam_profile.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <spawn.h>
#include <sstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

namespace cred::cli {
namespace {

namespace fs = std::filesystem;

constexpr const char* tool = "/usr/sbin/pam-auth-update";
// Where it looks for profiles, and where a prefix other than /usr has ours.
constexpr const char* profile = "/usr/share/pam-configs/cred";
constexpr const char* installed_profile = CRED_PAM_PROFILE;
constexpr const char* module = CRED_PAM_MODULE;
constexpr std::array stacks{"/etc/pam.d/common-auth", "/etc/pam.d/common-account",
                            "/etc/pam.d/common-password"};
// What it remembers of the stack that it wrote.
constexpr const char* written_by_tool = "/var/lib/pam/auth";

bool has_line(const char* file, std::string_view part) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);)
    if (!line.starts_with('#') && line.find(part) != std::string::npos) return true;
  return false;
}

// The first stack that the module stands in, or in which it is missing; null: none.
const char* stack_with(bool there) {
  for (const char* stack : stacks)
    if (has_line(stack, "pam_cred.so") == there) return stack;
  return nullptr;
}

struct Ran {
  int status = -1;
  std::string output;
};

// Nobody is asked anything: what it would ask has been answered.
Expected<Ran> run(const std::vector<const char*>& arguments) {
  std::vector<char*> argv;
  for (const char* argument : arguments) argv.push_back(const_cast<char*>(argument));
  argv.push_back(nullptr);
  std::array<const char*, 4> environment{"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                         "DEBIAN_FRONTEND=noninteractive", "LC_ALL=C", nullptr};
  std::array<int, 2> ends{};
  if (pipe2(ends.data(), O_CLOEXEC) != 0)
    return fail(Code::unavailable, std::string("no pipe: ") + std::strerror(errno));
  posix_spawn_file_actions_t actions;
  (void)posix_spawn_file_actions_init(&actions);
  (void)posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
  (void)posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
  pid_t child = -1;
  const int error = posix_spawn(&child, argv.front(), &actions, nullptr, argv.data(),
                                const_cast<char**>(environment.data()));
  (void)posix_spawn_file_actions_destroy(&actions);
  (void)close(ends[1]);
  Ran ran;
  if (error == 0) {
    std::array<char, 4096> part{};
    for (ssize_t got = 0; (got = read(ends[0], part.data(), part.size())) > 0;)
      ran.output.append(part.data(), static_cast<std::size_t>(got));
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR) {}
    ran.status = WIFEXITED(status) ? WEXITSTATUS(status) : 128;
  }
  (void)close(ends[0]);
  if (error != 0)
    return fail(Code::configuration,
                std::string("cannot start ") + argv.front() + ": " + std::strerror(error));
  return ran;
}

// Its last words, in one line.
std::string last_words(const std::string& output) {
  std::istringstream lines(output);
  std::string last;
  for (std::string line; std::getline(lines, line);)
    if (!line.empty()) last = line;
  return last.empty() ? "it does not say why" : last;
}

Expected<void> change_stacks(const char* option, bool wanted) {
  const auto ran = run({tool, "--package", option, "cred"});
  if (!ran) return tl::make_unexpected(ran.error());
  // It ends well, too, when it leaves stacks alone that somebody edited.
  if (const char* stack = stack_with(!wanted); ran->status != 0 || stack != nullptr)
    return fail(Code::configuration,
                "pam-auth-update did not change " + std::string(stack ? stack : stacks.front()) +
                    ": " + last_words(ran->output) +
                    "; compare the files /etc/pam.d/common-*, then run pam-auth-update --force, "
                    "which saves them beside, and repeat this");
  return {};
}

}  // namespace

bool profile_enabled() {
  return stack_with(false) == nullptr && has_line(written_by_tool, "pam_cred.so");
}

Expected<void> can_enable_profile() {
  if (access(tool, X_OK) != 0)
    return fail(Code::configuration,
                "this machine has no pam-auth-update: put the lines of pam_cred(8) into its "
                "stacks by hand, and take the accounts over with credctl import shadow");
  if (access(module, R_OK) != 0)
    return fail(Code::configuration, std::string("there is no ") + module + ": install it first");
  if (access(profile, R_OK) != 0 && access(installed_profile, R_OK) != 0)
    return fail(Code::configuration,
                std::string("there is no ") + installed_profile + ": install libcred again");
  if (const char* stack = stack_with(true); stack != nullptr && !profile_enabled())
    return fail(Code::configuration,
                std::string(stack) +
                    " has a line with pam_cred.so that pam-auth-update did not "
                    "write: take it out first");
  return {};
}

Expected<void> enable_profile() {
  if (profile_enabled()) return {};
  if (auto possible = can_enable_profile(); !possible) return possible;
  if (std::error_code error;
      access(profile, F_OK) != 0 && !fs::copy_file(installed_profile, profile, error))
    return fail(Code::configuration, std::string(profile) + ": " + error.message());
  return change_stacks("--enable", true);
}

Expected<void> disable_profile() {
  if (stack_with(true) == nullptr) return {};
  return change_stacks("--disable", false);
}

}  // namespace cred::cli
