// The C++ interface, which is a header on the C functions.
#include "api/site.hpp"
#include "cred/cred.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <map>
#include <memory>
#include <poll.h>

using cred::test::Site;

namespace {

cred::Password bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

}  // namespace

TEST_CASE("what a service does with its users, in C++") {
  const Site site;
  CHECK(cred::Library::open("/nonexistent").answer().outcome == cred::Outcome::configuration);
  auto library = cred::Library::open(site.configuration);
  REQUIRE(library.answer());
  CHECK(library.access() == cred::Options::Access::store);
  CHECK(library.realm("nowhere").answer().outcome == cred::Outcome::not_found);
  // A realm that is not there answers every call with that.
  CHECK(library.realm("nowhere").authenticate("a", {}).outcome == cred::Outcome::not_found);
  auto realm = library.realm("system");
  REQUIRE(realm.answer());

  const auto weak = realm.enrol("alice", {"Alice Miller", "", "", ""}, bytes("miller"), false, "t");
  CHECK(weak.outcome == cred::Outcome::refused);
  CHECK(weak.reason == "policy");
  CHECK(weak.violations.size() >= 5);
  CHECK(realm.enrol("alice", {}, bytes("Correct-Horse-42"), false, "test"));
  const auto login = realm.authenticate("alice", bytes("Correct-Horse-42"), {"192.0.2.7", "", ""});
  CHECK(login);
  CHECK(login.due.has_value());
  CHECK(realm.change("alice", bytes("Correct-Horse-42"), bytes("Purple-Tractor-77")));
  CHECK(realm.reset("alice", bytes("Yellow-Lantern-19"), true, "admin carol"));
  CHECK(realm.authenticate("alice", bytes("Yellow-Lantern-19")).outcome ==
        cred::Outcome::must_change);
  const auto before = realm.session_epoch("alice");
  CHECK(realm.compromise("alice", "phished", true, "admin carol"));
  const auto status = realm.status("alice");
  CHECK(status.locked);
  CHECK(status.session_epoch > before.value);
  CHECK(status.set.time_since_epoch().count() > 1'700'000'000);
  CHECK(realm.status("bob").answer.outcome == cred::Outcome::not_found);
}

TEST_CASE("a name with a NUL byte is no shorter name") {
  const Site site;
  auto realm = cred::Library::open(site.configuration).realm("system");
  REQUIRE(realm.enrol("alice", {}, bytes("Correct-Horse-42"), false, "test"));
  using namespace std::string_view_literals;
  CHECK(realm.authenticate("alice\0x"sv, bytes("Correct-Horse-42")).outcome ==
        cred::Outcome::usage);
}

TEST_CASE("a listener hears events as long as a realm or a queue lives, and may throw") {
  const Site site;
  auto heard = std::make_shared<std::atomic<int>>(0);
  {
    cred::Options options;
    options.configuration = site.configuration;
    options.on_event = [heard](const cred::Event& event) {
      if (event.realm == "system") ++*heard;
      throw 1;
    };
    auto library = std::make_unique<cred::Library>(cred::Library::open(options));
    options.on_event = nullptr;
    auto realm = library->realm("system");
    auto queue = library->queue(1);
    library.reset();
    CHECK(realm.enrol("alice", {}, bytes("Correct-Horse-42"), false, "test"));
    CHECK(*heard == 1);
    CHECK(queue.authenticate(7, realm, "alice", bytes("Correct-Horse-42")) ==
          cred::Outcome::accepted);
    pollfd ready{queue.descriptor(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 60'000) == 1);
    const auto finished = queue.take();
    REQUIRE(finished);
    CHECK(finished->ticket == 7);
    CHECK(finished->answer);
    CHECK(!queue.take());
    CHECK(*heard == 2);
    CHECK(heard.use_count() > 1);
  }
  CHECK(heard.use_count() == 1);
}

TEST_CASE("an event loop in C++ submits what a service does with its users") {
  const Site site;
  auto library = cred::Library::open(site.configuration);
  auto realm = library.realm("system");
  auto queue = library.queue(1, 10);
  REQUIRE(queue.answer());
  CHECK(queue.enrol(1, realm, "alice", {"Alice Miller"}, bytes("Correct-Horse-42"), false, "t") ==
        cred::Outcome::accepted);
  CHECK(queue.check(2, realm, std::nullopt, bytes("short")) == cred::Outcome::accepted);
  CHECK(queue.change(3, realm, "alice", bytes("Correct-Horse-42"), bytes("Purple-Tractor-77")) ==
        cred::Outcome::accepted);
  CHECK(queue.reset(4, realm, "alice", bytes("Yellow-Lantern-19"), true, "admin carol") ==
        cred::Outcome::accepted);
  std::map<std::uint64_t, cred::Answer> answers;
  while (answers.size() < 4) {
    pollfd ready{queue.descriptor(), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 60'000) == 1);
    while (auto finished = queue.take()) answers[finished->ticket] = std::move(finished->answer);
  }
  CHECK(answers.at(1));
  CHECK(answers.at(2).outcome == cred::Outcome::refused);
  CHECK(answers.at(2).violations.size() >= 2);
  CHECK(answers.at(3));
  CHECK(answers.at(4));
  auto nowhere = library.realm("nowhere");
  CHECK(queue.authenticate(5, nowhere, "alice", {}) == cred::Outcome::not_found);
  using namespace std::string_literals;
  CHECK(queue.authenticate(5, realm, "alice\0x"s, {}) == cred::Outcome::usage);
}
