// Promise: the program that loads pam_cred.so stays as it was.
#include "host.hpp"

#include <catch2/catch.hpp>

#include <array>
#include <atomic>
#include <cerrno>
#include <clocale>
#include <csetjmp>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sstream>
#include <string_view>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cred;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

namespace {

// Everything of a process that a module could disturb.
struct Traces {
  std::vector<std::string> environment;
  std::vector<std::string> dispositions;
  std::string locale;
  std::string directory;
  sigset_t blocked{};
  mode_t mask = 0;
  long threads = 0;
  long locked = 0;
  bool operator==(const Traces& other) const {
    return environment == other.environment && dispositions == other.dispositions &&
           locale == other.locale && directory == other.directory && mask == other.mask &&
           threads == other.threads && locked == other.locked &&
           std::memcmp(&blocked, &other.blocked, sizeof blocked) == 0;
  }
};

Traces traces() {
  Traces t;
  for (char** entry = environ; *entry != nullptr; ++entry) t.environment.emplace_back(*entry);
  for (int signal = 1; signal < NSIG; ++signal) {
    struct sigaction action {};
    if (sigaction(signal, nullptr, &action) == 0)
      t.dispositions.push_back(std::to_string(reinterpret_cast<std::uintptr_t>(action.sa_handler)) +
                               " " + std::to_string(action.sa_flags));
  }
  t.locale = std::setlocale(LC_ALL, nullptr);
  std::array<char, 4096> path{};
  t.directory = getcwd(path.data(), path.size()) != nullptr ? path.data() : "";
  (void)sigprocmask(SIG_BLOCK, nullptr, &t.blocked);
  t.mask = umask(0);
  (void)umask(t.mask);
  t.threads = status_number("Threads");
  t.locked = status_number("VmLck");
  return t;
}

bool mapped() { return file_text("/proc/self/maps").find("pam_cred") != std::string::npos; }

void exercise(Host& host) {
  (void)host.authenticate({"Correct7horse"});
  (void)host.authenticate({"Wrong7horse"});
  (void)host.account();
  (void)host.change({"Correct7horse", "Fresh8battery", "Fresh8battery"});
}

std::atomic<int> reaped{0};

extern "C" void reap_all(int) {
  const int reason = errno;
  while (waitpid(-1, nullptr, WNOHANG) > 0) ++reaped;
  errno = reason;
}

// Runs a login through a credd that the module has to start itself.
Result login_by_started_credd(const std::string& arguments = "") {
  Host host(stack_of(PAM_CRED_IMPATIENT, arguments + " nodelay"));
  Result result = host.authenticate({"Correct7horse"});
  if (host.authenticate({"Wrong7horse"}).code != PAM_AUTH_ERR) result.code = -2;
  errno = 0;
  if (waitpid(-1, nullptr, WNOHANG) != -1 || errno != ECHILD) result.code = -3;
  return result;
}

bool can_start_credd() {
  if (geteuid() == 0) return true;
  WARN("not run as root: starting a credd is not tested");
  return false;
}

}  // namespace

TEST_CASE("promise: environment, signals, locale, directory and threads stay as they were") {
  const ScriptedCredd credd;
  const Traces before = traces();
  {
    Host host(stack(credd));
    exercise(host);
    credd.wait_until_idle();  // its own thread locks memory, too
    CHECK(traces() == before);
  }
  CHECK(traces() == before);
}

TEST_CASE("promise: the module is unmapped after pam_end") {
  const ScriptedCredd credd;
  {
    Host host(stack(credd));
    exercise(host);
    CHECK(mapped());
  }
  CHECK_FALSE(mapped());
}

TEST_CASE("promise: ten thousand logins leave the host and its memory as they were") {
  ScriptedCredd credd;
  credd.keep_no_record();
  const std::string lines = stack(credd, "nodelay");
  const auto cycle = [&] {
    Host host(lines);
    return host.authenticate({"Correct7horse"}).code;
  };
  for (int i = 0; i < 100; ++i) REQUIRE(cycle() == PAM_SUCCESS);
  credd.wait_until_idle();
  const Traces before = traces();
  const std::size_t descriptors = open_descriptors();
  const long memory = status_number("VmRSS");
  const long address_space = status_number("VmSize");
  const int cycles = sanitized ? 300 : 10000;
  int failures = 0;
  for (int i = 0; i < cycles; ++i) failures += cycle() != PAM_SUCCESS;
  credd.wait_until_idle();
  CHECK(failures == 0);
  CHECK(open_descriptors() == descriptors);
  CHECK(traces() == before);
  if (!sanitized) {
    CHECK(status_number("VmRSS") - memory < 512);
    CHECK(status_number("VmSize") - address_space < 512);
  }
}

TEST_CASE("promise: two threads with a handle each do not disturb one another") {
  const ScriptedCredd credd;
  std::atomic<int> failures{0};
  const auto work = [&](const char* password, int expected) {
    for (int i = 0; i < 200; ++i) {
      Host host(stack(credd, "nodelay"));
      failures += host.authenticate({password}).code != expected;
      failures += host.account().code != PAM_SUCCESS;
    }
  };
  std::thread right(work, "Correct7horse", PAM_SUCCESS);
  std::thread wrong(work, "Wrong7horse", PAM_AUTH_ERR);
  right.join();
  wrong.join();
  CHECK(failures == 0);
}

TEST_CASE("promise: a host with descriptors 0 to 2 closed is served and gets none of them back") {
  const ScriptedCredd credd;
  const auto served = [](const std::string& lines) {
    return in_child([&] {
      for (int fd = 0; fd <= 2; ++fd) (void)close(fd);
      Host host(lines);
      Result result = host.authenticate({"Correct7horse"});
      for (int fd = 0; fd <= 2; ++fd)
        if (fcntl(fd, F_GETFD) != -1) result.code = -2;
      return result;
    });
  };
  CHECK(served(stack(credd)).code == PAM_SUCCESS);
  if (can_start_credd()) CHECK(served(stack_of(PAM_CRED_IMPATIENT, "")).code == PAM_SUCCESS);
}

TEST_CASE("promise: a credd is started with a clean slate and leaves no child behind") {
  if (!can_start_credd()) return;
  const Result result = in_child([] {
    const Traces before = traces();
    Result outcome = login_by_started_credd();
    if (!(traces() == before)) outcome.code = -4;
    return outcome;
  });
  CHECK(result.code == PAM_SUCCESS);
  CHECK(result.log.empty());
}

TEST_CASE("a credd that the module starts reads the configuration that config= names") {
  if (!can_start_credd()) return;
  Host host(stack_of(PAM_CRED_IMPATIENT, "config=/etc/cred/other.conf"));
  CHECK(host.account().said == std::vector<std::string>{"info: read the other file"});
}

TEST_CASE("promise: a host that ignores SIGCHLD or reaps every child is served") {
  if (!can_start_credd()) return;
  CHECK(in_child([] {
          (void)signal(SIGCHLD, SIG_IGN);
          return login_by_started_credd();
        }).code == PAM_SUCCESS);
  CHECK(in_child([] {
          struct sigaction action {};
          action.sa_handler = reap_all;
          (void)sigaction(SIGCHLD, &action, nullptr);
          Result result = login_by_started_credd();
          if (reaped != 0) result.code = -4;
          return result;
        }).code == PAM_SUCCESS);
}

namespace {

std::jmp_buf escape;

int flee(int, const pam_message**, pam_response**, void*) { std::longjmp(escape, 1); }

// No object with a destructor may live here.
bool prompt_was_fled(pam_handle_t* pamh, int (*call)(pam_handle_t*, int)) {
  if (setjmp(escape) != 0) return true;
  (void)call(pamh, 0);
  return false;
}

}  // namespace

TEST_CASE("promise: a conversation that never comes back leaves no descriptor or locked memory") {
  World world;
  world.account = says(Code::must_change, wire::Reason::expired);
  const ScriptedCredd credd(world);
  const Result result = in_child([&] {
    Result outcome;
    outcome.code = 0;
    // libpam cannot end a handle that was left this way.
    for (auto* call : {&pam_authenticate, &pam_acct_mgmt, &pam_chauthtok}) {
      auto* host = new Host(stack(credd));
      const pam_conv fleeing{&flee, nullptr};
      (void)pam_set_item(host->handle(), PAM_CONV, &fleeing);
      const std::size_t descriptors = open_descriptors();
      const long locked = status_number("VmLck");
      if (!prompt_was_fled(host->handle(), call)) outcome.code = 1;
      if (open_descriptors() != descriptors) outcome.code = 2;
      if (status_number("VmLck") != locked) outcome.code = 3;
    }
    return outcome;
  });
  CHECK(result.code == 0);
}

TEST_CASE("promise: a host short of descriptors gets an answer and keeps its own") {
  const ScriptedCredd credd;
  const Result result = in_child([&] {
    Host host(stack(credd));
    const rlimit few{3, 3};
    (void)setrlimit(RLIMIT_NOFILE, &few);
    return host.authenticate({"Correct7horse"});
  });
  // libpam replaces the code, for it cannot open its audit socket either.
  CHECK(result.code != PAM_SUCCESS);
  CHECK(mentions(result.log, "cannot reach credd: Too many open files"));
}

namespace {

// A password that stands in memory only where the conversation spells it out.
constexpr char key = 0x15;
constexpr std::string_view masked = "FbzgqsF|f}3GpwfsWpvgpasCz|f";

char* spelled_out() {
  auto* password = static_cast<char*>(std::calloc(1, masked.size() + 1));
  for (std::size_t i = 0; i < masked.size(); ++i) password[i] = static_cast<char>(masked[i] ^ key);
  return password;
}

int spell_out(int, const pam_message**, pam_response** responses, void*) {
  *responses = static_cast<pam_response*>(std::calloc(1, sizeof(pam_response)));
  (*responses)->resp = spelled_out();
  return PAM_SUCCESS;
}

// How often the password stands in memory that can be written. The allocator
// writes over the head of what is freed, so its tail is looked for.
int traces_of_password() {
  int found = 0;
  constexpr std::size_t head = 16;
  std::istringstream maps(file_text("/proc/self/maps"));
  for (std::string line; std::getline(maps, line);) {
    std::uintptr_t from = 0;
    std::uintptr_t to = 0;
    char mode[5] = "";
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &from, &to, mode) != 3) continue;
    if (mode[0] != 'r' || mode[1] != 'w') continue;
    const auto* bytes = reinterpret_cast<const volatile char*>(from);
    for (std::size_t i = 0; i + masked.size() <= to - from; ++i) {
      std::size_t same = 0;
      while (head + same < masked.size() && (bytes[i + same] ^ key) == masked[head + same]) ++same;
      found += head + same == masked.size();
    }
  }
  return found;
}

}  // namespace

TEST_CASE("promise: a password is nowhere in the host's memory after pam_end") {
  if (sanitized) return;
  World world;
  world.account = says(Code::must_change, wire::Reason::expired);
  const ScriptedCredd credd(world);
  const Result result = in_child([&] {
    Result outcome;
    {
      Host host(stack(credd, "nodelay debug"));
      const pam_conv conversation{&spell_out, &host};
      (void)pam_set_item(host.handle(), PAM_CONV, &conversation);
      if (pam_authenticate(host.handle(), 0) != PAM_AUTH_ERR) return outcome;
      if (pam_chauthtok(host.handle(), PAM_CHANGE_EXPIRED_AUTHTOK) != PAM_AUTH_ERR) return outcome;
      if (geteuid() == 0 && getuid() == 0 && pam_chauthtok(host.handle(), 0) != PAM_SUCCESS)
        return outcome;
    }
    char* control = spelled_out();
    const int with_control = traces_of_password();
    explicit_bzero(control, masked.size());
    outcome.code = with_control == 1 ? traces_of_password() : 1000 + with_control;
    return outcome;
  });
  CHECK(result.code == 0);
}
