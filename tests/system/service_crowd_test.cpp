// Callers that take up room: silent, slow, half-way through, and more than there are
// descriptors for.
#include "service.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <grp.h>
#include <pwd.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

using namespace cred;
using namespace std::chrono_literals;
using Clock = std::chrono::steady_clock;

// Raises this process's own limit while it lives.
class Descriptors {
 public:
  explicit Descriptors(rlim_t wanted) {
    (void)getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit more{std::max(before_.rlim_cur, std::min(wanted, before_.rlim_max)),
                      before_.rlim_max};
    (void)setrlimit(RLIMIT_NOFILE, &more);
    enough_ = more.rlim_cur >= wanted;
  }
  ~Descriptors() { (void)setrlimit(RLIMIT_NOFILE, &before_); }
  Descriptors(const Descriptors&) = delete;
  Descriptors& operator=(const Descriptors&) = delete;
  bool enough() const { return enough_; }

 private:
  rlimit before_{};
  bool enough_ = false;
};

class Served : public Site {
 public:
  Served() {
    configure(service_settings(*this));
    init();
    add("ann");
  }
};

void put(const wire::Channel& channel, std::string_view bytes) {
  (void)send(channel.fd(), bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
}

// The longest request that there may be, and none of it but its length and a bit.
constexpr std::string_view half_a_request{"\0\0\x40\0half", 8};

// Somebody without rights who holds many connections, each with a whole request about
// the own account, and reads no answer.
class Crowd {
 public:
  Crowd(const Credd& credd, int callers) {
    int ready[2];
    REQUIRE(pipe(ready) == 0);
    child_ = fork();
    if (child_ == 0) {
      const auto* nobody = getpwnam("nobody");
      if (setgroups(0, nullptr) != 0 || setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0)
        _exit(1);
      std::vector<wire::Channel> channels;
      const auto request = asking(wire::Kind::authenticate, "nobody", wrong_password);
      for (int i = 0; i < callers; ++i) {
        channels.push_back(credd.connect());
        (void)tell(channels.back(), request);
      }
      (void)!write(ready[1], "!", 1);
      for (;;) (void)pause();
    }
    (void)close(ready[1]);
    char mark = 0;
    (void)!read(ready[0], &mark, 1);
    (void)close(ready[0]);
    REQUIRE(mark == '!');
  }
  ~Crowd() {
    (void)kill(child_, SIGKILL);
    (void)waitpid(child_, nullptr, 0);
  }
  Crowd(const Crowd&) = delete;
  Crowd& operator=(const Crowd&) = delete;

 private:
  pid_t child_;
};

bool gets_in_within(const Credd& credd, Clock::duration time) {
  const auto begin = Clock::now();
  const bool in = log_in(credd, "ann", right_password).code == Code::accepted;
  return in && Clock::now() - begin < time;
}

void limit_descriptors(const Credd& credd, const std::string& number) {
  REQUIRE(
      shell("prlimit --pid \"$1\" --nofile=\"$2:\"", {std::to_string(credd.pid()), number}).exit ==
      0);
}

}  // namespace

TEST_CASE("promise: ten thousand callers that say little or nothing keep nobody out") {
  constexpr int callers = 10'000;
  const Descriptors descriptors(callers + 200);
  if (!descriptors.enough()) {
    WARN("the hard limit of descriptors is below " << callers + 200 << ": not tested");
    return;
  }
  const Served site;
  const Credd credd(site, {"prlimit", "--nofile=16384:16384"});
  REQUIRE(gets_in_within(credd, 5s));
  const long before = credd.memory_kib("VmHWM");
  std::vector<wire::Channel> channels;
  for (int i = 0; i < callers; ++i) {
    channels.push_back(credd.connect());
    REQUIRE(channels.back().open());
    if (i % 4 == 1) put(channels.back(), std::string_view("\0\0", 2));
    if (i % 4 == 2) put(channels.back(), half_a_request);
  }
  for (int i = 0; i < 10; ++i) {
    // Byte by byte, so that none of them is done.
    for (std::size_t k = 2; k < channels.size(); k += 4) put(channels[k], "x");
    CHECK(gets_in_within(credd, 5s));
  }
  // Some KiB for each, and up to 16 for a request that has begun.
  const long each = (credd.memory_kib("VmHWM") - before) * 1024 / callers;
  INFO(each << " bytes for each");
  CHECK(each < 8 * 1024);
  channels.clear();
  CHECK(gets_in_within(credd, 5s));
}

TEST_CASE("promise: half a request on every connection that there is room for keeps nobody out") {
  const Served site;
  const Credd credd(site, {"prlimit", "--nofile=300:300"});
  std::vector<wire::Channel> channels;
  for (int i = 0; i < 500; ++i) {
    channels.push_back(credd.connect());
    put(channels.back(), half_a_request);
  }
  for (int i = 0; i < 3; ++i) CHECK(gets_in_within(credd, 5s));
}

TEST_CASE("credd recovers when its descriptors ran out") {
  const Served site;
  Credd credd(site);
  REQUIRE(gets_in_within(credd, 5s));
  limit_descriptors(credd, "40");
  std::vector<wire::Channel> channels;
  for (int i = 0; i < 60; ++i) channels.push_back(credd.connect());
  // Idle ones are let go for those who ask.
  CHECK(gets_in_within(credd, 30s));
  limit_descriptors(credd, "8");
  (void)credd.connect();
  limit_descriptors(credd, "1024");
  CHECK(gets_in_within(credd, 5s));
  CHECK(credd.process().running());
}

TEST_CASE("promise: a user who asks more than all that may wait keeps nobody else out") {
  constexpr int callers = 4500;
  const Descriptors descriptors(callers + 200);
  if (!descriptors.enough()) {
    WARN("the hard limit of descriptors is below " << callers + 200 << ": not tested");
    return;
  }
  Site site;
  // Slow enough for the line to stay full.
  site.configure("[hash]\nmemory = \"64 MiB\"\npasses = 3\nlanes = 1\n" + std::string(patient) +
                 socket_setting(site));
  site.init();
  for (const char* name : {"ann", "nobody"}) site.add(name);
  std::filesystem::permissions(site.path(), std::filesystem::perms(0755));
  SECTION("with descriptors for all of them") {
    const Credd credd(site, {"prlimit", "--nofile=20000:20000"});
    const Crowd crowd(credd, callers);
    for (int i = 0; i < 3; ++i) CHECK(gets_in_within(credd, 10s));
  }
  SECTION("with descriptors for a few of them") {
    const Credd credd(site, {"prlimit", "--nofile=300:300"});
    const Crowd crowd(credd, 400);
    for (int i = 0; i < 3; ++i) CHECK(gets_in_within(credd, 10s));
  }
}
