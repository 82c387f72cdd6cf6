// What somebody can do who writes to the database, but has no key.

#include "engine/engine.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::test;

namespace {

struct Tampered {
  TestRealm realm;
  Tampered() {
    realm.enrol("alice", "Correct-Horse-42");
    realm.enrol("mallory", "Battery-Staple-77");
  }
  void execute(const std::string& sql) const { attack(realm.configuration.store_url, sql); }
  Code login(const char* name, const char* password) const {
    const auto result = realm.open().authenticate(name, secret(password));
    return result ? result->code : result.error().code;
  }
};

}  // namespace

TEST_CASE("promise: a credential moved to another account opens nothing") {
  Tampered t;
  t.execute(
      "UPDATE account SET credential = (SELECT credential FROM account WHERE name = "
      "'mallory') WHERE name = 'alice'");
  CHECK(t.login("alice", "Battery-Staple-77") == Code::integrity);
  CHECK(t.login("alice", "Correct-Horse-42") == Code::integrity);
}

TEST_CASE("promise: a renamed account opens nothing") {
  Tampered t;
  t.execute("DELETE FROM account WHERE name = 'alice'");
  t.execute("UPDATE account SET name = 'alice' WHERE name = 'mallory'");
  CHECK(t.login("alice", "Battery-Staple-77") == Code::integrity);
}

TEST_CASE("promise: an old credential put back under the new generation opens nothing") {
  Tampered t;
  t.execute("CREATE TABLE kept AS SELECT credential FROM account WHERE name = 'alice'");
  REQUIRE(
      t.realm.open().set_state("alice", engine::State::active, engine::State::locked, {"test"}));
  t.execute("UPDATE account SET credential = (SELECT credential FROM kept) WHERE name = 'alice'");
  CHECK(t.login("alice", "Correct-Horse-42") == Code::integrity);
}

TEST_CASE("promise: an edited credential opens nothing") {
  Tampered t;
  t.execute("UPDATE account SET credential = zeroblob(length(credential)) WHERE name = 'alice'");
  CHECK(t.login("alice", "Correct-Horse-42") == Code::integrity);
}

TEST_CASE("a failed opening names no secret and counts as an attempt") {
  Tampered t;
  t.execute("UPDATE account SET credential = x'00' WHERE name = 'alice'");
  const auto result = t.realm.open().authenticate("alice", secret("Correct-Horse-42"));
  REQUIRE_FALSE(result);
  CHECK(result.error().message.find("Correct") == std::string::npos);
}
