// The C interface, as libcred.so.1 exports it.
#include "api/site.hpp"
#include "cred/cred.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

using cred::test::Site;

namespace {

// Closes what a test opened; an answer is kept until the next call.
class Calls {
 public:
  explicit Calls(const Site& site, const char* name = "system", cred_event_function told = nullptr,
                 void* context = nullptr) {
    cred_options options = CRED_INIT(cred_options);
    options.configuration = site.configuration.c_str();
    options.on_event = told;
    options.event_context = context;
    REQUIRE(cred_open(&options, &library, place()) == CRED_ACCEPTED);
    REQUIRE(cred_realm_open(library, name, &realm, place()) == CRED_ACCEPTED);
  }
  Calls(const Calls&) = delete;
  Calls& operator=(const Calls&) = delete;
  ~Calls() {
    cred_answer_free(answer);
    cred_realm_close(realm);
    cred_close(library);
  }
  cred_answer** place() {
    cred_answer_free(answer);
    answer = nullptr;
    return &answer;
  }
  cred_code enrol(const char* name, const char* password) {
    return cred_enrol(realm, name, nullptr, password, std::strlen(password), 0, nullptr, place());
  }
  cred_code authenticate(const char* name, const char* password) {
    return cred_authenticate(realm, name, password, std::strlen(password), nullptr, place());
  }
  std::string reason() const { return cred_answer_reason(answer); }
  std::string message() const { return cred_answer_message(answer); }

  cred_library* library = nullptr;
  cred_realm* realm = nullptr;
  cred_answer* answer = nullptr;
};

const char* const first = "Correct-Horse-42";
const char* const second = "Purple-Tractor-77";

}  // namespace

TEST_CASE("an account is enrolled, logs in, changes, is reset, expires and is marked, in C") {
  const Site site;
  Calls c(site);
  cred_person person = CRED_INIT(cred_person);
  person.full_name = "Alice Miller";
  CHECK(cred_enrol(c.realm, "alice", &person, "miller", 6, 0, nullptr, c.place()) == CRED_REFUSED);
  REQUIRE(cred_answer_violations(c.answer) >= 5);
  std::set<std::string> rules;
  for (std::size_t i = 0; i < cred_answer_violations(c.answer); ++i) {
    rules.insert(cred_answer_rule(c.answer, i));
    CHECK(std::strlen(cred_answer_advice(c.answer, i)) > 10);
  }
  CHECK(rules.count("min_length") == 1);
  CHECK(cred_answer_rule(c.answer, cred_answer_violations(c.answer)) == nullptr);

  CHECK(cred_enrol(c.realm, "alice", &person, first, 16, 0, nullptr, c.place()) == CRED_ACCEPTED);
  CHECK(c.message().empty());
  CHECK(c.enrol("alice", second) == CRED_CONFLICT);
  CHECK(c.authenticate("alice", first) == CRED_ACCEPTED);
  CHECK(cred_answer_due(c.answer) > 1'700'000'000);
  CHECK(cred_answer_warn(c.answer) == 0);
  CHECK(c.authenticate("alice", second) == CRED_REFUSED);
  CHECK(c.message() == "wrong name or password");
  CHECK(c.authenticate("nobody", second) == CRED_REFUSED);
  CHECK(c.message() == "wrong name or password");
  CHECK(cred_change(c.realm, "alice", second, 17, second, 17, nullptr, c.place()) == CRED_REFUSED);
  CHECK(c.reason() == "old_password");
  CHECK(cred_change(c.realm, "alice", first, 16, second, 17, nullptr, c.place()) == CRED_ACCEPTED);
  CHECK(cred_check(c.realm, "alice", first, 16, nullptr, c.place()) == CRED_REFUSED);
  CHECK(std::string(cred_answer_rule(c.answer, 0)) == "history");
  CHECK(cred_check(c.realm, nullptr, first, 16, nullptr, c.place()) == CRED_ACCEPTED);
  CHECK(cred_expire(c.realm, "alice", nullptr, c.place()) == CRED_ACCEPTED);
  CHECK(c.authenticate("alice", second) == CRED_MUST_CHANGE);
  CHECK(c.reason() == "forced");
  CHECK(cred_reset(c.realm, "alice", "Yellow-Lantern-19", 17, 0, nullptr, c.place()) ==
        CRED_ACCEPTED);

  std::uint64_t before = 0;
  std::uint64_t after = 0;
  REQUIRE(cred_session_epoch(c.realm, "alice", &before, c.place()) == CRED_ACCEPTED);
  CHECK(cred_compromise(c.realm, "alice", "", 0, nullptr, c.place()) == CRED_USAGE);
  CHECK(cred_compromise(c.realm, "alice", "phished", 0, nullptr, c.place()) == CRED_ACCEPTED);
  REQUIRE(cred_session_epoch(c.realm, "alice", &after, c.place()) == CRED_ACCEPTED);
  CHECK(after > before);
  CHECK(c.authenticate("alice", "Yellow-Lantern-19") == CRED_MUST_CHANGE);
  CHECK(c.reason() == "compromised");

  cred_status status = CRED_INIT(cred_status);
  REQUIRE(cred_get_status(c.realm, "alice", &status, c.place()) == CRED_ACCEPTED);
  CHECK(status.state == CRED_STATE_ACTIVE);
  CHECK(status.standing == CRED_MUST_CHANGE);
  CHECK(std::string(status.reason) == "compromised");
  CHECK(status.session_epoch == after);
  CHECK(status.attempts_left == 5);
  CHECK(status.failures == 0);
  CHECK(status.blocked_until == CRED_NO_TIME);
  CHECK(status.last_login >= status.set);
  CHECK(cred_get_status(c.realm, "nobody", &status, c.place()) == CRED_NOT_FOUND);
}

TEST_CASE("what cannot be opened says why, and leaves no handle") {
  const Site site;
  cred_library* library = reinterpret_cast<cred_library*>(1);
  cred_answer* answer = nullptr;
  cred_options options = CRED_INIT(cred_options);
  options.configuration = "/nonexistent/cred.conf";
  CHECK(cred_open(&options, &library, &answer) == CRED_CONFIGURATION);
  CHECK(library == nullptr);
  CHECK(std::string(cred_answer_message(answer)).find("/nonexistent") != std::string::npos);
  cred_answer_free(answer);
  options.configuration = site.configuration.c_str();
  options.access = 7;
  CHECK(cred_open(&options, &library, nullptr) == CRED_USAGE);
  options.access = CRED_ACCESS_STORE;
  REQUIRE(cred_open(&options, &library, nullptr) == CRED_ACCEPTED);
  CHECK(cred_access(library) == CRED_ACCESS_STORE);
  cred_realm* realm = reinterpret_cast<cred_realm*>(1);
  CHECK(cred_realm_open(library, "nowhere", &realm, nullptr) == CRED_NOT_FOUND);
  CHECK(realm == nullptr);
  cred_close(library);
}

TEST_CASE("a NULL where none may be is an answer, not a crash") {
  const Site site;
  Calls c(site);
  cred_realm* realm = nullptr;
  CHECK(cred_open(nullptr, nullptr, nullptr) == CRED_USAGE);
  CHECK(cred_realm_open(nullptr, "system", &realm, nullptr) == CRED_USAGE);
  CHECK(cred_realm_open(c.library, nullptr, &realm, nullptr) == CRED_USAGE);
  CHECK(cred_authenticate(nullptr, "alice", first, 16, nullptr, c.place()) == CRED_USAGE);
  CHECK(c.message() == "a handle is NULL");
  CHECK(cred_authenticate(c.realm, nullptr, first, 16, nullptr, nullptr) == CRED_USAGE);
  CHECK(cred_authenticate(c.realm, "alice", nullptr, 16, nullptr, nullptr) == CRED_USAGE);
  CHECK(cred_authenticate(c.realm, "alice", nullptr, 0, nullptr, nullptr) == CRED_REFUSED);
  CHECK(cred_get_status(c.realm, "alice", nullptr, nullptr) == CRED_USAGE);
  CHECK(cred_session_epoch(c.realm, "alice", nullptr, nullptr) == CRED_USAGE);
  CHECK(cred_take(nullptr, nullptr, nullptr) == 0);
  CHECK(cred_answer_code(nullptr) == CRED_UNAVAILABLE);
  CHECK(std::string(cred_answer_reason(nullptr)) == "none");
  cred_answer_free(nullptr);
  cred_realm_close(nullptr);
  cred_queue_close(nullptr);
  cred_close(nullptr);
}

TEST_CASE("a struct of another version is understood or refused, never misread") {
  const Site site;
  Calls c(site);
  REQUIRE(c.enrol("alice", first) == CRED_ACCEPTED);
  cred_origin unset{};
  CHECK(cred_authenticate(c.realm, "alice", first, 16, &unset, c.place()) == CRED_USAGE);
  CHECK(c.message().find("CRED_INIT") != std::string::npos);

  struct {
    cred_origin known;
    const char* later;
  } newer{};
  newer.known.size = sizeof newer;
  CHECK(cred_authenticate(c.realm, "alice", first, 16, &newer.known, nullptr) == CRED_ACCEPTED);
  newer.later = "something";
  CHECK(cred_authenticate(c.realm, "alice", first, 16, &newer.known, c.place()) == CRED_USAGE);

  struct {
    cred_status known;
    std::uint64_t later;
  } status{};
  status.known.size = sizeof status;
  status.later = 7;
  CHECK(cred_get_status(c.realm, "alice", &status.known, nullptr) == CRED_ACCEPTED);
  CHECK(status.known.size == sizeof status);
  CHECK(status.later == 0);
  status.known.size = 8;
  CHECK(cred_get_status(c.realm, "alice", &status.known, nullptr) == CRED_USAGE);
}

TEST_CASE("a password that is none is an answer, and one of a gigabyte is not read") {
  const Site site;
  Calls c(site);
  REQUIRE(c.enrol("alice", first) == CRED_ACCEPTED);
  // Behind the 1,025th byte there is nothing to read.
  const std::string longer(1025, 'a');
  CHECK(cred_authenticate(c.realm, "alice", longer.data(), std::size_t{1} << 30, nullptr,
                          nullptr) == CRED_REFUSED);
  CHECK(cred_reset(c.realm, "alice", longer.data(), std::size_t{1} << 30, 0, nullptr, nullptr) ==
        CRED_USAGE);
  CHECK(cred_check(c.realm, nullptr, "a\0b", 3, nullptr, nullptr) == CRED_USAGE);
}

TEST_CASE("failures are counted by the host that the caller names") {
  const Site site("[attempts]\nthreshold = 2\n");
  Calls c(site);
  REQUIRE(c.enrol("alice", first) == CRED_ACCEPTED);
  cred_origin bad = CRED_INIT(cred_origin);
  bad.host = "192.0.2.7";
  for (int i = 0; i < 2; ++i)
    CHECK(cred_authenticate(c.realm, "alice", second, 17, &bad, nullptr) == CRED_REFUSED);
  CHECK(cred_authenticate(c.realm, "alice", first, 16, &bad, nullptr) == CRED_REFUSED);
  cred_origin good = CRED_INIT(cred_origin);
  good.host = "192.0.2.8";
  CHECK(cred_authenticate(c.realm, "alice", first, 16, &good, nullptr) == CRED_ACCEPTED);
}

TEST_CASE("a service learns of each event, and no event holds a password") {
  struct Told {
    std::mutex mutex;
    std::vector<std::string> lines;
  } told;
  const auto listen = [](void* context, const cred_event* event) {
    auto& to = *static_cast<Told*>(context);
    const std::lock_guard lock(to.mutex);
    std::string line = std::string(event->event) + " " + event->outcome;
    for (const char* text : {event->realm, event->account, event->actor, event->source,
                             event->service, event->terminal, event->reason, event->detail})
      line += std::string(" ") + (text != nullptr ? text : "-");
    to.lines.push_back(line);
    CHECK(event->size == sizeof(cred_event));
    CHECK(event->time > 1'700'000'000);
  };
  const Site site;
  Calls c(site, "system", listen, &told);
  cred_origin origin = CRED_INIT(cred_origin);
  origin.host = "192.0.2.7";
  origin.service = "shop";
  origin.actor = "admin carol";
  REQUIRE(cred_enrol(c.realm, "alice", nullptr, first, 16, 0, &origin, nullptr) == CRED_ACCEPTED);
  CHECK(cred_authenticate(c.realm, "alice", second, 17, &origin, nullptr) == CRED_REFUSED);
  // A name that is no account's may be a password.
  CHECK(cred_authenticate(c.realm, second, second, 17, &origin, nullptr) == CRED_REFUSED);
  REQUIRE(told.lines.size() == 3);
  CHECK(told.lines[0].find("enrolled accepted system alice admin carol host 192.0.2.7 shop") == 0);
  CHECK(told.lines[1].find("authentication refused system alice - host 192.0.2.7 shop") == 0);
  for (const auto& line : told.lines) {
    CHECK(line.find(first) == std::string::npos);
    CHECK(line.find(second) == std::string::npos);
  }
}

TEST_CASE("handles are closed in any order, and used from many threads at once") {
  const Site site;
  Calls c(site);
  REQUIRE(c.enrol("alice", first) == CRED_ACCEPTED);
  REQUIRE(c.enrol("ben", second) == CRED_ACCEPTED);
  cred_close(c.library);
  c.library = nullptr;
  std::vector<std::thread> threads;
  std::atomic<int> amiss{0};
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&, i] {
      const bool alice = i % 2 == 0;
      for (int k = 0; k < 3; ++k) {
        if (cred_authenticate(c.realm, alice ? "alice" : "ben", alice ? first : second,
                              alice ? 16 : 17, nullptr, nullptr) != CRED_ACCEPTED)
          ++amiss;
        std::uint64_t epoch = 0;
        if (cred_session_epoch(c.realm, "alice", &epoch, nullptr) != CRED_ACCEPTED) ++amiss;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(amiss == 0);
}

TEST_CASE("codes are credctl's exit statuses, with the same words") {
  CHECK(std::string(cred_code_word(CRED_MUST_CHANGE)) == "must_change");
  CHECK(std::string(cred_code_word(CRED_INTERNAL)) == "internal");
  CHECK(std::string(cred_version()) == CRED_VERSION);
}
