#include "broker/sandbox.hpp"

#include <catch2/catch.hpp>

#include <cerrno>
#include <cstdio>
#include <functional>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;  // its runtime makes calls of its own
#else
constexpr bool sanitized = false;
#endif

namespace {

// What `work` gives in a child that has entered the sandbox.
int inside(const std::function<int()>& work) {
  const pid_t child = fork();
  if (child == 0) _exit(cred::broker::enter_sandbox() ? work() : 100);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

bool refused(bool failed) { return failed && errno == EPERM; }

}  // namespace

TEST_CASE("promise: a credd that was taken over starts nothing and reaches no network") {
  if (sanitized) return;
  CHECK(inside([] {
          char name[] = "true";
          char* const argv[] = {name, nullptr};
          return refused(execv("/bin/true", argv) < 0) ? 0 : 1;
        }) == 0);
  CHECK(inside([] {
          const pid_t child = fork();
          if (child == 0) _exit(0);
          return refused(child < 0) ? 0 : 1;
        }) == 0);
  CHECK(inside([] { return refused(vfork() < 0) ? 0 : 1; }) == 0);
  for (const int family : {AF_INET, AF_INET6, AF_NETLINK, AF_PACKET})
    CHECK(inside([&] { return refused(socket(family, SOCK_STREAM, 0) < 0) ? 0 : 1; }) == 0);
}

TEST_CASE("a credd whose store is on a server reaches the network, and no more") {
  if (sanitized) return;
  const auto reaching = [](int family) {
    const pid_t child = fork();
    if (child == 0) {
      if (!cred::broker::enter_sandbox(cred::broker::Network::reached)) _exit(100);
      _exit(socket(family, SOCK_STREAM, 0) >= 0 ? 0 : refused(true) ? 1 : 2);
    }
    int status = 0;
    REQUIRE(waitpid(child, &status, 0) == child);
    return WEXITSTATUS(status);
  };
  CHECK(reaching(AF_INET) == 0);
  CHECK(reaching(AF_UNIX) == 0);
  CHECK(reaching(AF_PACKET) == 1);
}

TEST_CASE("promise: a credd that was taken over writes no code and sets no limit") {
  if (sanitized) return;
  CHECK(inside([] {
          void* memory = mmap(nullptr, 4096, PROT_READ | PROT_WRITE | PROT_EXEC,
                              MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          return refused(memory == MAP_FAILED) ? 0 : 1;
        }) == 0);
  CHECK(inside([] {
          void* memory =
              mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
          if (memory == MAP_FAILED) return 2;
          return refused(mprotect(memory, 4096, PROT_READ | PROT_EXEC) != 0) ? 0 : 1;
        }) == 0);
  CHECK(inside([] {
          const rlimit none{0, 0};
          return refused(setrlimit(RLIMIT_CORE, &none) != 0) ? 0 : 1;
        }) == 0);
  CHECK(inside([] { return refused(kill(getppid(), 0) != 0) ? 0 : 1; }) == 0);
}

TEST_CASE("what a service does goes on in the sandbox") {
  if (sanitized) return;
  CHECK(inside([] {
          int sum = 0;
          std::thread thread([&] { sum = 1; });
          thread.join();
          const int unix_socket = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
          std::FILE* file = std::fopen("/etc/passwd", "re");
          return sum == 1 && unix_socket >= 0 && file != nullptr && std::fgetc(file) != EOF ? 0 : 1;
        }) == 0);
}
