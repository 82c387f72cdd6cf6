// The C interface of a program that may not open the store: through credd, in this process.
#include "api/site.hpp"
#include "broker/server.hpp"
#include "cred/cred.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <filesystem>
#include <pwd.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using cred::test::Site;
using namespace cred;

namespace {

constexpr const char* first = "Correct-Horse-42";
constexpr const char* second = "Purple-Tractor-77";

// credd's server, until the end of the test.
class Running {
 public:
  explicit Running(const Site& site) : site_(site) {
    thread_ = std::thread([this] {
      served_ = broker::serve({site_.configuration, -1, site_.socket}).has_value();
    });
    for (int i = 0; i < 3000 && !listens(); ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  Running(const Running&) = delete;
  Running& operator=(const Running&) = delete;
  ~Running() {
    (void)kill(getpid(), SIGTERM);
    thread_.join();
  }

 private:
  bool listens() const {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    site_.socket.copy(address.sun_path, sizeof address.sun_path - 1);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const bool open =
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
    (void)close(fd);
    return open;
  }
  const Site& site_;
  std::atomic<bool> served_{false};
  std::thread thread_;
};

// Runs in a child without rights, the service of realm "shop". The number of what is amiss.
int as_service(const char* configuration) {
  int number = 0;
  const auto expect = [&number](bool right) {
    ++number;
    if (!right) _exit(number);
  };
  cred_options options = CRED_INIT(cred_options);
  options.configuration = configuration;
  cred_library* library = nullptr;
  cred_realm* realm = nullptr;
  cred_answer* answer = nullptr;
  expect(cred_open(&options, &library, nullptr) == CRED_ACCEPTED);
  expect(cred_access(library) == CRED_ACCESS_CREDD);
  expect(cred_realm_open(library, "shop", &realm, nullptr) == CRED_ACCEPTED);
  cred_origin origin = CRED_INIT(cred_origin);
  origin.host = "192.0.2.7";
  origin.service = "shop";
  expect(cred_authenticate(realm, "alice", first, 16, &origin, &answer) == CRED_ACCEPTED);
  expect(cred_answer_due(answer) > 1'700'000'000);
  cred_answer_free(answer);
  expect(cred_authenticate(realm, "alice", second, 17, &origin, &answer) == CRED_REFUSED);
  expect(std::strcmp(cred_answer_message(answer), "wrong name or password") == 0);
  cred_answer_free(answer);
  expect(cred_check(realm, "alice", "short", 5, &origin, &answer) == CRED_REFUSED);
  expect(cred_answer_violations(answer) >= 2);
  expect(std::strcmp(cred_answer_rule(answer, 0), "policy") == 0);
  cred_answer_free(answer);
  expect(cred_change(realm, "alice", second, 17, second, 17, &origin, &answer) == CRED_REFUSED);
  expect(std::strcmp(cred_answer_reason(answer), "old_password") == 0);
  cred_answer_free(answer);
  expect(cred_change(realm, "alice", first, 16, second, 17, &origin, nullptr) == CRED_ACCEPTED);
  // 15: a service resets its users' passwords, and they need not change them again.
  expect(cred_reset(realm, "alice", "Yellow-Lantern-19", 17, 0, &origin, nullptr) == CRED_ACCEPTED);
  cred_status status = CRED_INIT(cred_status);
  expect(cred_get_status(realm, "alice", &status, nullptr) == CRED_ACCEPTED);
  expect(status.standing == CRED_ACCEPTED && status.due > 1'700'000'000);
  expect(status.state == CRED_UNKNOWN && status.attempts_left == CRED_UNKNOWN);
  expect(cred_get_status(realm, "nobody", &status, nullptr) == CRED_NOT_FOUND);
  // 20: by its role of an operator it does the rest.
  expect(cred_enrol(realm, "ben", nullptr, "short", 5, 0, &origin, &answer) == CRED_REFUSED);
  expect(cred_answer_violations(answer) >= 2);
  cred_answer_free(answer);
  expect(cred_enrol(realm, "ben", nullptr, first, 16, 0, &origin, nullptr) == CRED_ACCEPTED);
  // It is its user's choice, and need not be changed.
  expect(cred_authenticate(realm, "ben", first, 16, &origin, nullptr) == CRED_ACCEPTED);
  expect(cred_enrol(realm, "cleo", nullptr, first, 16, 1, &origin, nullptr) == CRED_ACCEPTED);
  expect(cred_authenticate(realm, "cleo", first, 16, &origin, nullptr) == CRED_MUST_CHANGE);
  // 26
  std::uint64_t before = 0;
  std::uint64_t after = 0;
  expect(cred_session_epoch(realm, "ben", &before, nullptr) == CRED_ACCEPTED);
  expect(cred_compromise(realm, "ben", "phished", 1, &origin, nullptr) == CRED_ACCEPTED);
  expect(cred_session_epoch(realm, "ben", &after, nullptr) == CRED_ACCEPTED && after > before);
  expect(cred_authenticate(realm, "ben", first, 16, &origin, nullptr) == CRED_LOCKED);
  expect(cred_expire(realm, "alice", &origin, nullptr) == CRED_ACCEPTED);
  cred_realm_close(realm);
  // 31: another realm is not its own.
  expect(cred_realm_open(library, "system", &realm, nullptr) == CRED_ACCEPTED);
  expect(cred_authenticate(realm, "alice", first, 16, &origin, &answer) == CRED_CONFIGURATION);
  expect(std::strlen(cred_answer_message(answer)) > 0);
  cred_answer_free(answer);
  cred_realm_close(realm);
  // 34: the same by submission.
  cred_queue* queue = nullptr;
  expect(cred_queue_open(library, nullptr, &queue, nullptr) == CRED_ACCEPTED);
  expect(cred_realm_open(library, "shop", &realm, nullptr) == CRED_ACCEPTED);
  expect(cred_submit_authenticate(queue, realm, "alice", "Yellow-Lantern-19", 17, &origin, 5) ==
         CRED_ACCEPTED);
  std::uint64_t ticket = 0;
  for (int i = 0; i < 6000 && cred_take(queue, &ticket, &answer) == 0; ++i) usleep(10'000);
  expect(ticket == 5 && cred_answer_code(answer) == CRED_MUST_CHANGE);
  cred_answer_free(answer);
  cred_realm_close(realm);
  cred_queue_close(queue);
  cred_close(library);
  return 0;
}

}  // namespace

TEST_CASE("a program without a right to the store is served by credd, as its realm's service") {
  const passwd* nobody = getpwnam("nobody");
  if (getuid() != 0 || nobody == nullptr) {
    WARN("not run as root: nobody can be another user");
    return;
  }
  const Site site(
      "[realm.shop]\nservices = [\"nobody\"]\n[admins]\nnobody = { shop = \"operator\" }\n");
  std::filesystem::permissions(site.directory / "", std::filesystem::perms(0755));
  {
    auto engine =
        value_or_throw(engine::Engine::open(site.load(), std::make_shared<SystemClock>()));
    value_or_throw(engine.add_realm("shop", {}));
    auto realm = value_or_throw(engine.realm("shop"));
    REQUIRE(realm.enrol("alice", {}, test::secret(first), false, {}));
  }
  int go[2];
  REQUIRE(pipe(go) == 0);
  const pid_t child = fork();  // before there are threads
  if (child == 0) {
    char begin = 0;
    if (read(go[0], &begin, 1) != 1) _exit(200);
    if (setgid(nobody->pw_gid) != 0 || setuid(nobody->pw_uid) != 0) _exit(201);
    _exit(as_service(site.configuration.c_str()));
  }
  const Running server(site);
  REQUIRE(write(go[1], "x", 1) == 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  (void)close(go[0]);
  (void)close(go[1]);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("where no credd answers, each call says so, and the way to the store is not taken") {
  const Site site;
  cred_options options = CRED_INIT(cred_options);
  options.configuration = site.configuration.c_str();
  options.access = CRED_ACCESS_CREDD;
  cred_library* library = nullptr;
  cred_realm* realm = nullptr;
  cred_answer* answer = nullptr;
  REQUIRE(cred_open(&options, &library, nullptr) == CRED_ACCEPTED);
  REQUIRE(cred_realm_open(library, "system", &realm, nullptr) == CRED_ACCEPTED);
  CHECK(cred_authenticate(realm, "alice", first, 16, nullptr, &answer) == CRED_UNAVAILABLE);
  CHECK(std::string(cred_answer_message(answer)).find("credd") != std::string::npos);
  cred_answer_free(answer);
  cred_realm_close(realm);
  cred_close(library);
}
