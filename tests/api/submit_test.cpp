// Submissions: what an event loop relies on.
#include "api/site.hpp"
#include "cred/cred.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <cstring>
#include <map>
#include <poll.h>
#include <string>
#include <unistd.h>

using cred::test::Site;

namespace {

const char* const right = "Correct-Horse-42";
const char* const wrong = "Purple-Tractor-77";

// A library, its realm and a queue on it.
class Loop {
 public:
  explicit Loop(const Site& site, std::uint32_t workers = 0, std::uint32_t waiting = 0,
                std::uint32_t patience = 0) {
    cred_options options = CRED_INIT(cred_options);
    options.configuration = site.configuration.c_str();
    options.on_event = [](void* count, const cred_event*) {
      ++*static_cast<std::atomic<int>*>(count);
    };
    options.event_context = &events;
    REQUIRE(cred_open(&options, &library, nullptr) == CRED_ACCEPTED);
    REQUIRE(cred_realm_open(library, "system", &realm, nullptr) == CRED_ACCEPTED);
    cred_queue_options limits = CRED_INIT(cred_queue_options);
    limits.workers = workers;
    limits.waiting = waiting;
    limits.patience = patience;
    REQUIRE(cred_queue_open(library, &limits, &queue, nullptr) == CRED_ACCEPTED);
  }
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop() {
    cred_queue_close(queue);
    cred_realm_close(realm);
    cred_close(library);
  }
  cred_code submit(std::uint64_t ticket, const std::string& name, const char* password,
                   const char* host = nullptr) {
    cred_origin origin = CRED_INIT(cred_origin);
    origin.host = host;
    return cred_submit_authenticate(queue, realm, name.c_str(), password, std::strlen(password),
                                    &origin, ticket);
  }
  bool readable(int milliseconds) const {
    pollfd ready{cred_queue_descriptor(queue), POLLIN, 0};
    return poll(&ready, 1, milliseconds) == 1;
  }
  // The answers of so many, as they come, by ticket.
  std::map<std::uint64_t, cred_code> answers(std::size_t count) {
    std::map<std::uint64_t, cred_code> all;
    while (all.size() < count && readable(120'000)) {
      std::uint64_t ticket = 0;
      cred_answer* answer = nullptr;
      while (cred_take(queue, &ticket, &answer) == 1) {
        CHECK(all.emplace(ticket, cred_answer_code(answer)).second);
        cred_answer_free(answer);
      }
    }
    return all;
  }

  std::atomic<int> events{0};
  cred_library* library = nullptr;
  cred_realm* realm = nullptr;
  cred_queue* queue = nullptr;
};

void enrol(const Loop& loop, const char* name) {
  REQUIRE(cred_enrol(loop.realm, name, nullptr, right, std::strlen(right), 0, nullptr, nullptr) ==
          CRED_ACCEPTED);
}

}  // namespace

TEST_CASE("a poll loop gets the answer of each of a hundred submissions, once") {
  const Site site("[attempts]\nthreshold = 100\n");
  Loop loop(site);
  for (const char* name : {"ann", "ben", "cleo", "dan"}) enrol(loop, name);
  const char* names[] = {"ann", "ben", "cleo", "dan", "nobody"};
  CHECK(!loop.readable(0));
  for (std::uint64_t i = 0; i < 100; ++i)
    REQUIRE(loop.submit(i, names[i % 5], i % 2 == 0 ? right : wrong) == CRED_ACCEPTED);
  const auto all = loop.answers(100);
  REQUIRE(all.size() == 100);
  for (const auto& [ticket, code] : all) {
    const bool accepted = ticket % 2 == 0 && ticket % 5 != 4;
    CHECK(code == (accepted ? CRED_ACCEPTED : CRED_REFUSED));
  }
  CHECK(!loop.readable(0));
  CHECK(cred_take(loop.queue, nullptr, nullptr) == 0);
}

TEST_CASE("enrolments, checks, changes and resets are submitted, too") {
  const Site site;
  Loop loop(site, 1);
  cred_person person = CRED_INIT(cred_person);
  std::string full_name = "Alice Miller";
  person.full_name = full_name.c_str();
  REQUIRE(cred_submit_enrol(loop.queue, loop.realm, "alice", &person, right, 16, 0, nullptr, 1) ==
          CRED_ACCEPTED);
  full_name.assign("xxxxxxxxxxxx");  // what was passed is the caller's again
  REQUIRE(cred_submit_change(loop.queue, loop.realm, "alice", right, 16, wrong, 17, nullptr, 2) ==
          CRED_ACCEPTED);
  REQUIRE(cred_submit_reset(loop.queue, loop.realm, "alice", "Yellow-Lantern-19", 17, 1, nullptr,
                            3) == CRED_ACCEPTED);
  REQUIRE(cred_submit_authenticate(loop.queue, loop.realm, "alice", "Yellow-Lantern-19", 17,
                                   nullptr, 4) == CRED_ACCEPTED);
  const auto all = loop.answers(4);
  CHECK(all ==
        std::map<std::uint64_t, cred_code>{
            {1, CRED_ACCEPTED}, {2, CRED_ACCEPTED}, {3, CRED_ACCEPTED}, {4, CRED_MUST_CHANGE}});
  REQUIRE(cred_submit_check(loop.queue, loop.realm, "alice", "Miller-Tractor-12", 17, nullptr, 5) ==
          CRED_ACCEPTED);
  REQUIRE(cred_submit_check(loop.queue, loop.realm, nullptr, "Miller-Tractor-12", 17, nullptr, 6) ==
          CRED_ACCEPTED);
  const auto checked = loop.answers(2);
  CHECK(checked.at(5) == CRED_REFUSED);
  CHECK(checked.at(6) == CRED_ACCEPTED);
}

TEST_CASE("a password is copied when it is submitted") {
  const Site site;
  Loop loop(site, 1);
  enrol(loop, "ann");
  std::string password = right;
  for (std::uint64_t i = 0; i < 3; ++i)
    REQUIRE(loop.submit(i, "ann", password.c_str()) == CRED_ACCEPTED);
  explicit_bzero(password.data(), password.size());
  for (const auto& [ticket, code] : loop.answers(3)) CHECK(code == CRED_ACCEPTED);
}

TEST_CASE("a full queue answers unavailable at once, and counts no attempt") {
  const Site site;
  Loop loop(site, 1, 2);
  enrol(loop, "ann");
  std::size_t taken = 0;
  std::size_t refused = 0;
  for (std::uint64_t i = 0; i < 20; ++i) {
    const auto code = loop.submit(i, "ann", wrong);
    REQUIRE((code == CRED_ACCEPTED || code == CRED_UNAVAILABLE));
    ++(code == CRED_ACCEPTED ? taken : refused);
  }
  CHECK(refused > 0);
  CHECK(loop.answers(taken).size() == taken);
  cred_status status = CRED_INIT(cred_status);
  REQUIRE(cred_get_status(loop.realm, "ann", &status, nullptr) == CRED_ACCEPTED);
  CHECK(status.failures <= taken);
  // There is room again.
  CHECK(loop.submit(100, "nobody", wrong) == CRED_ACCEPTED);
  CHECK(loop.answers(1).count(100) == 1);
}

TEST_CASE("what nobody takes fills the queue, too") {
  const Site site;
  Loop loop(site, 1, 1);
  std::uint64_t ticket = 0;
  // Three are finished: a fourth has no place, though none waits.
  for (std::size_t accepted = 0, in_vain = 0; accepted < 3;) {
    if (loop.submit(ticket++, "nobody", wrong) == CRED_ACCEPTED)
      ++accepted;
    else
      REQUIRE((usleep(10'000), ++in_vain < 6000));
  }
  while (loop.events < 3) usleep(10'000);
  CHECK(loop.submit(ticket, "nobody", wrong) == CRED_UNAVAILABLE);
  CHECK(loop.answers(3).size() == 3);
  CHECK(loop.submit(ticket, "nobody", wrong) == CRED_ACCEPTED);
}

TEST_CASE("one host that fills the queue keeps no other out") {
  const Site site("[attempts]\nthreshold = 100\n");
  Loop loop(site, 1, 20);
  enrol(loop, "ann");
  std::uint64_t taken = 0;
  while (loop.submit(taken, "guess" + std::to_string(taken), wrong, "192.0.2.66") == CRED_ACCEPTED)
    ++taken;
  CHECK(taken >= 20);
  // The line is the other's: its last one gives way.
  REQUIRE(loop.submit(1000, "ann", right, "192.0.2.7") == CRED_ACCEPTED);
  const auto all = loop.answers(taken + 1);
  CHECK(all.size() == taken + 1);
  CHECK(all.at(1000) == CRED_ACCEPTED);
  CHECK(all.at(0) == CRED_REFUSED);
}

TEST_CASE("closing a queue forgets what waits, and waits for what runs") {
  const Site site;
  Loop loop(site, 1);
  enrol(loop, "ann");
  const int before = loop.events;
  for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(loop.submit(i, "ann", right) == CRED_ACCEPTED);
  cred_queue_close(loop.queue);
  loop.queue = nullptr;
  const int computed = loop.events - before;
  CHECK(computed < 1000);
  cred_status status = CRED_INIT(cred_status);
  REQUIRE(cred_get_status(loop.realm, "ann", &status, nullptr) == CRED_ACCEPTED);
  // No lease was left behind, and nobody goes on.
  CHECK(status.attempts_left == 5);
  CHECK(loop.events - before == computed);
}

TEST_CASE("what waits longer than the queue's patience is answered unavailable") {
  const Site site;
  Loop loop(site, 1, 0, 1);
  enrol(loop, "ann");
  for (std::uint64_t i = 0; i < 1000; ++i) REQUIRE(loop.submit(i, "ann", right) == CRED_ACCEPTED);
  const auto all = loop.answers(1000);
  REQUIRE(all.size() == 1000);
  std::size_t accepted = 0;
  for (const auto& [ticket, code] : all) {
    CHECK((code == CRED_ACCEPTED || code == CRED_UNAVAILABLE));
    accepted += code == CRED_ACCEPTED ? 1 : 0;
  }
  CHECK(accepted > 0);
  CHECK(accepted < 1000);
}

TEST_CASE("a realm and a library may be closed before their submissions are computed") {
  const Site site;
  Loop loop(site, 1);
  enrol(loop, "ann");
  for (std::uint64_t i = 0; i < 5; ++i) REQUIRE(loop.submit(i, "ann", right) == CRED_ACCEPTED);
  cred_realm_close(loop.realm);
  cred_close(loop.library);
  loop.realm = nullptr;
  loop.library = nullptr;
  for (const auto& [ticket, code] : loop.answers(5)) CHECK(code == CRED_ACCEPTED);
}

TEST_CASE("what is no submission says so at once") {
  const Site site;
  Loop loop(site, 1);
  CHECK(cred_submit_authenticate(nullptr, loop.realm, "a", right, 16, nullptr, 1) == CRED_USAGE);
  CHECK(cred_submit_authenticate(loop.queue, nullptr, "a", right, 16, nullptr, 1) == CRED_USAGE);
  CHECK(cred_submit_authenticate(loop.queue, loop.realm, nullptr, right, 16, nullptr, 1) ==
        CRED_USAGE);
  CHECK(cred_submit_authenticate(loop.queue, loop.realm, "a", nullptr, 16, nullptr, 1) ==
        CRED_USAGE);
  cred_queue_options limits = CRED_INIT(cred_queue_options);
  limits.workers = 1000;
  cred_queue* queue = nullptr;
  CHECK(cred_queue_open(loop.library, &limits, &queue, nullptr) == CRED_USAGE);
  CHECK(queue == nullptr);
  CHECK(!loop.readable(0));
}
