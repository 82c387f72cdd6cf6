// What leaks and lists do to logins and changes.

#include "engine/engine.hpp"

#include "policy/breach_builder.hpp"
#include "policy/breach_corpus.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace cred;
using namespace cred::test;

namespace {

const engine::Actor actor{"test"};
const std::string right = "Tanne-Wolkenberg17";
const std::string other = "Distelfink+Zaun4";

// A realm whose corpus knows `known`.
struct Known {
  TestRealm realm;
  std::string corpus;
  explicit Known(policy::OnDataFailure on_failure = policy::OnDataFailure::refuse) {
    corpus = realm.directory / "breach.cred";
    realm.configuration.policy.options.breach = corpus;
    realm.configuration.policy.options.on_data_failure = on_failure;
    knows("something else");
  }
  void knows(std::string_view password) const {
    policy::BreachBuilder builder(corpus, 16);
    builder.add(policy::breach_prefix(secret(password)).value());
    builder.finish(realm.clock->now());
  }
  void damage() const { std::ofstream(corpus) << "rubbish"; }
  // Audit records that mention `text`.
  int trail(const std::string& text) const {
    int found = 0;
    value_or_throw(realm.open().trail(0, [&](const engine::TrailEntry& entry) {
      found += entry.detail.find(text) != std::string::npos ? 1 : 0;
      return true;
    }));
    return found;
  }
};

}  // namespace

TEST_CASE("a password that becomes known is compromised from the next login on") {
  Known at;
  at.realm.enrol("alice", right);
  auto realm = at.realm.open();
  CHECK(realm.authenticate("alice", secret(right))->code == Code::accepted);
  at.knows(right);
  // The same handle: a newer corpus needs no restart.
  const auto login = realm.authenticate("alice", secret(right));
  CHECK(login->code == Code::must_change);
  CHECK(login->standing.reason == engine::Reason::compromised);
  CHECK(at.trail("the breach corpus knows it") == 1);
  // The mark stays when the corpus forgets.
  at.knows("something else");
  CHECK(at.realm.login("alice", right) == Code::must_change);
  CHECK(realm.standing("alice")->reason == engine::Reason::compromised);
  CHECK(at.trail("the breach corpus knows it") == 1);
  const auto changed = realm.change("alice", secret(right), secret(other), actor);
  CHECK(changed->code == Code::accepted);
  CHECK(at.realm.login("alice", other) == Code::accepted);
}

TEST_CASE("a known password is neither enrolled nor set") {
  Known at;
  at.realm.enrol("alice", right);
  at.knows(other);
  const auto result = at.realm.open().reset("alice", secret(other), false, actor);
  CHECK(result->code == Code::refused);
  CHECK(at.realm.login("alice", right) == Code::accepted);
}

TEST_CASE("a wrong password is not looked up") {
  Known at;
  at.realm.enrol("alice", right);
  at.knows(other);
  CHECK(at.realm.login("alice", other) == Code::refused);
  CHECK(at.trail("the breach corpus knows it") == 0);
}

TEST_CASE("with a damaged corpus no password is set, logins go on, and the trail says why") {
  Known at;
  at.realm.enrol("alice", right);
  at.damage();
  const auto reset = at.realm.open().reset("alice", secret(other), false, actor);
  REQUIRE_FALSE(reset);
  CHECK(reset.error().code == Code::integrity);
  CHECK(reset.error().message.find(at.corpus) != std::string::npos);
  CHECK(at.trail(at.corpus) == 1);
  CHECK(at.realm.login("alice", other) == Code::refused);
  CHECK(at.realm.login("alice", right) == Code::accepted);
  CHECK(at.trail(at.corpus) == 2);
  CHECK_FALSE(at.realm.open().check("alice", nullptr, secret(other), engine::Realm::Depth::rules));
  CHECK(at.trail(at.corpus) == 2);  // a dry run changes nothing
  CHECK_FALSE(at.realm.open().enrol("bob", {}, secret(other), false, actor));
}

TEST_CASE("with on_data_failure = accept a missing corpus only takes its rule away") {
  Known at(policy::OnDataFailure::accept);
  at.realm.enrol("alice", right);
  std::filesystem::remove(at.corpus);
  CHECK(at.realm.open().reset("alice", secret(other), false, actor)->code == Code::accepted);
  CHECK(at.trail(at.corpus) == 1);
  const auto report =
      at.realm.open().check("alice", nullptr, secret("Short1"), engine::Realm::Depth::rules);
  REQUIRE(report);
  CHECK(report->refused());
  CHECK(report->data_failures.size() == 1);
}
