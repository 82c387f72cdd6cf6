// Hosts of every shape, and the service that comes and goes.
#include "locker.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <csignal>
#include <functional>
#include <fstream>
#include <memory>
#include <pwd.h>
#include <sstream>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace {

using namespace std::chrono_literals;

// Nobody answers; a host must learn that at once.
constexpr auto quick = 3000ms;

void limit(__rlimit_resource resource, rlim_t most) {
  const rlimit few{most, most};
  if (setrlimit(resource, &few) != 0) _exit(124);
}

rlim_t address_space() {
  std::ifstream status("/proc/self/statm");
  rlim_t pages = 0;
  status >> pages;
  return pages * static_cast<rlim_t>(sysconf(_SC_PAGESIZE));
}

void ignore_children() { (void)signal(SIGCHLD, SIG_IGN); }
void close_standard() {
  for (int fd = 0; fd <= 2; ++fd) (void)close(fd);
}
// As much as libpam and the modules themselves take.
void little_memory() { limit(RLIMIT_AS, address_space() + (rlim_t{8} << 20)); }
void no_processes() { limit(RLIMIT_NPROC, 0); }
void few_descriptors() { limit(RLIMIT_NOFILE, 16); }
void no_mask() { (void)umask(0); }

struct Shape {
  const char* what;
  void (*take)();
};
constexpr std::array<Shape, 7> shapes{{{"SIGCHLD is ignored", ignore_children},
                                       {"descriptors 0 to 2 are closed", close_standard},
                                       {"little address space", little_memory},
                                       {"no further process", no_processes},
                                       {"sixteen descriptors", few_descriptors},
                                       {"umask 0", no_mask},
                                       {"all of it", [] {
                                          ignore_children();
                                          close_standard();
                                          little_memory();
                                          no_processes();
                                          few_descriptors();
                                          no_mask();
                                        }}}};

// Right, wrong, right.
void answers(LockerProgram& host, const Person& person) {
  CHECK(host.unlock(person.password) == PAM_SUCCESS);
  CHECK(host.unlock(wrong_password) == PAM_AUTH_ERR);
  CHECK(host.unlock(person.password) == PAM_SUCCESS);
}

void is_told_at_once_that_nobody_answers(LockerProgram& host, const Person& person) {
  for (const std::string& typed : {person.password, wrong_password, std::string()}) {
    CHECK(host.unlock(typed) == PAM_AUTHINFO_UNAVAIL);
    CHECK(host.took() < quick);
  }
}

// Two threads with a handle each, in a process of `user`'s. Right and wrong passwords
// come by turns, so that no delay begins. Gives how many answers were amiss.
int two_threads(const Person& one, const Person& other, const std::string& user, int rounds) {
  const auto* entry = getpwnam(user.c_str());
  const pid_t child = fork();
  if (child == 0) {
    if (setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0) _exit(126);
    std::array<int, 2> amiss{};
    const auto work = [rounds](const Person& person, int& count) {
      Locker handle(person);
      for (int i = 0; i < rounds; ++i) {
        const bool right = i % 2 == 0;
        const int expected = right ? PAM_SUCCESS : PAM_AUTH_ERR;
        count += handle.unlock(right ? person.password : wrong_password) != expected;
      }
    };
    std::thread first(work, std::cref(one), std::ref(amiss[0]));
    std::thread second(work, std::cref(other), std::ref(amiss[1]));
    first.join();
    second.join();
    _exit(std::min(amiss[0] + amiss[1], 100));
  }
  return status_of(child);
}

// Clears every setuid and setgid bit on the system, and gives them back at the end.
class NothingSetuid {
 public:
  NothingSetuid() {
    std::istringstream files(run({"find", "/usr", "-xdev", "-type", "f", "-perm", "/6000"}).output);
    for (std::string file; std::getline(files, file);) {
      struct stat info {};
      if (stat(file.c_str(), &info) != 0) continue;
      modes_.emplace_back(file, info.st_mode & 07777U);
      (void)chmod(file.c_str(), info.st_mode & 01777U);
    }
  }
  ~NothingSetuid() {
    for (const auto& [file, mode] : modes_) (void)chmod(file.c_str(), mode);
  }
  NothingSetuid(const NothingSetuid&) = delete;
  NothingSetuid& operator=(const NothingSetuid&) = delete;
  std::size_t cleared() const { return modes_.size(); }

 private:
  std::vector<std::pair<std::string, mode_t>> modes_;
};

bool is_setuid(const char* file) {
  struct stat info {};
  return stat(file, &info) == 0 && (info.st_mode & S_ISUID) != 0;
}

}  // namespace

TEST_CASE("promise: a locker's one handle outlives the service's absence") {
  if (!through_service()) return;
  const Person person = newcomer();
  LockerProgram locker(person);
  const auto tries = [&] {
    CHECK(locker.unlock(wrong_password) == PAM_AUTH_ERR);
    CHECK(locker.unlock(person.password) == PAM_SUCCESS);
    CHECK(locker.unlock(wrong_password) == PAM_AUTH_ERR);
    CHECK(locker.unlock("") == PAM_AUTH_ERR);
    CHECK(locker.unlock(person.password) == PAM_SUCCESS);
    CHECK(locker.prompts() == 1);
  };
  tries();
  for (const auto how : {ServiceAway::How::stopped, ServiceAway::How::killed}) {
    {
      const ServiceAway away(how);
      is_told_at_once_that_nobody_answers(locker, person);
    }
    tries();
  }
}

TEST_CASE("promise: two handles at once in the threads of one program do not disturb one another") {
  constexpr int rounds = 100;
  const Person one = newcomer();
  const Person other = newcomer();
  CHECK(two_threads(one, other, "root", rounds) == 0);
  if (through_service()) CHECK(two_threads(one, one, one.name, rounds) == 0);
}

TEST_CASE("promise: a host of root's is answered whatever its limits, signals and descriptors") {
  for (const auto& [what, take] : shapes) {
    CAPTURE(what);
    const Person person = newcomer();
    LockerProgram host(person, "root", take);
    answers(host, person);
    if (!through_service()) continue;
    {
      const ServiceAway away;
      answers(host, person);
    }
    answers(host, person);
  }
}

TEST_CASE("promise: a host without rights is answered whatever its limits and descriptors") {
  if (!through_service()) return;
  std::vector<std::pair<Person, std::unique_ptr<LockerProgram>>> hosts;
  for (const auto& [what, take] : shapes) {
    CAPTURE(what);
    const Person person = newcomer();
    hosts.emplace_back(person, std::make_unique<LockerProgram>(person, person.name, take));
    answers(*hosts.back().second, person);
  }
  {
    const ServiceAway away;
    for (const auto& [person, host] : hosts) is_told_at_once_that_nobody_answers(*host, person);
  }
  for (const auto& [person, host] : hosts) answers(*host, person);
}

TEST_CASE("promise: a host of little address space is answered, and so is what it starts") {
  const Person person = newcomer();
  const auto tried = [&](const std::string& password, const std::string& user) {
    // Enough for the host and not for a credd.
    Terminal terminal(
        {"prlimit", "--as=12582912:unlimited", "pamtester", "locker", person.name, "authenticate"},
        user);
    terminal.answer("Password: ", password);
    (void)terminal.end();
    return terminal.seen();
  };
  const auto answered = [&](const std::string& user) {
    CHECK_THAT(tried(wrong_password, user), Catch::Contains("Authentication failure"));
    CHECK_THAT(tried(person.password, user), Catch::Contains("successfully authenticated"));
  };
  answered("root");
  if (!through_service()) return;
  answered(person.name);
  {
    const ServiceAway away;
    answered("root");
  }
  answered("root");
}

TEST_CASE("a stack falls back when the service is gone, and asks once") {
  if (!through_service()) return;
  const Person person = newcomer();
  const std::string spare = "The-spare-key";
  write_file("/run/spare-key", "#!/bin/sh\n[ \"$(tr -d '\\0')\" = " + spare + " ]\n", 0755);
  write_file("/etc/pam.d/fallback",
             "auth [success=1 authinfo_unavail=ignore default=die] " CRED_MODULE
             " nodelay\n"
             "auth required pam_exec.so expose_authtok quiet /run/spare-key\n"
             "auth required pam_permit.so\n");
  LockerProgram host(person, person.name, {}, "fallback");
  const auto by_itself = [&] {
    CHECK(host.unlock(person.password) == PAM_SUCCESS);
    CHECK(host.unlock(wrong_password) == PAM_AUTH_ERR);
    CHECK(host.unlock(spare) == PAM_AUTH_ERR);
  };
  by_itself();
  {
    const ServiceAway away;
    CHECK(host.unlock(spare) == PAM_SUCCESS);
    CHECK(host.prompts() == 1);
    CHECK(host.unlock(person.password) != PAM_SUCCESS);
    CHECK(host.prompts() == 1);
  }
  by_itself();
}

TEST_CASE("a password that an earlier module gathered is not asked for again") {
  if (!through_service()) return;
  const Person person = newcomer();
  write_file("/etc/pam.d/second",
             "auth optional pam_unix.so nodelay\n"
             "auth required " CRED_MODULE " nodelay\n");
  LockerProgram host(person, person.name, {}, "second");
  CHECK(host.unlock(person.password) == PAM_SUCCESS);
  CHECK(host.prompts() == 1);
  CHECK(host.unlock(wrong_password) == PAM_AUTH_ERR);
  CHECK(host.prompts() == 1);
}

TEST_CASE("promise: nothing on the machine has to be setuid for a locker to work") {
  if (!through_service()) return;
  const Person person = newcomer();
  {
    const NothingSetuid none;
    REQUIRE(none.cleared() > 0);
    REQUIRE_FALSE(is_setuid("/usr/bin/su"));
    LockerProgram locker(person);
    answers(locker, person);
  }
  CHECK(is_setuid("/usr/bin/su"));
}
