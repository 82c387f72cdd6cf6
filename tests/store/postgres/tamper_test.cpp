// A malicious server: whoever has every right on it, and no key, is caught as on a file.

#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::test;

namespace {

const engine::Actor admin{"admin"};
constexpr const char* hers = "Correct-Horse-42";
constexpr const char* her_next = "Velvet-Kettledrum7";
constexpr const char* his = "Battery-Staple-77";

struct Attacked : TestRealm {
  Attacked() : TestRealm([](engine::Configuration& c) { c.attempts.patience = Duration(0); }) {
    enrol("alice", hers);
    enrol("mallory", his);
  }
  void sql(const std::string& statements) const { attack(configuration.store_url, statements); }
  std::string database() const {
    const std::string& url = configuration.store_url;
    const auto begin = url.find("@/") + 2;
    return url.substr(begin, url.find('?') - begin);
  }
  std::string text(const std::string& query) const {
    return shared_server().sql(database(), "SET search_path = cred;\n" + query);
  }
  // As a process that starts now; `accepted`: the password opens the account.
  Code try_login(const std::string& name, const char* password) const {
    sql("DELETE FROM lease; DELETE FROM attempts");
    auto engine = engine::Engine::open(configuration, clock);
    if (!engine) return engine.error().code;
    auto opened = engine->realm("system");
    if (!opened) return opened.error().code;
    const auto answer = opened->authenticate(name, secret(password));
    return answer ? answer->code : answer.error().code;
  }
  void change(const char* password) const {
    REQUIRE(value_or_throw(open().reset("alice", secret(password), false, admin)).code ==
            Code::accepted);
  }
  // What a start, the check of the trail and the daily work find.
  bool is_told() const {
    auto engine = value_or_throw(engine::Engine::open(configuration, clock));
    auto opened = engine.realm("system");
    if (!opened) return opened.error().code == Code::integrity;
    const auto trail = opened->verify_trail();
    if (!trail || trail->first_bad) return true;
    const auto work = engine.maintain(admin);
    return !work || std::any_of(work->begin(), work->end(),
                                [](const auto& done) { return done.code == Code::integrity; });
  }
  void is_shut_and_told() const {
    for (const char* password : {hers, her_next, his}) {
      INFO(password);
      CHECK(try_login("alice", password) != Code::accepted);
    }
    CHECK(is_told());
  }
};

constexpr const char* columns = "(id, generation, credential, profile, history, bucket)";
constexpr const char* values = "id, generation, credential, profile, history, bucket";

}  // namespace

TEST_CASE("on a server: nothing is told of what nobody altered") {
  Attacked at;
  CHECK(at.try_login("alice", hers) == Code::accepted);
  CHECK_FALSE(at.is_told());
}

TEST_CASE("on a server: rows that were swapped, replayed or invented open nothing, and it shows") {
  Attacked at;
  SECTION("two accounts swapped") {
    at.sql(
        "UPDATE account SET name = '*' WHERE name = 'alice'; "
        "UPDATE account SET name = 'alice' WHERE name = 'mallory'; "
        "UPDATE account SET name = 'mallory' WHERE name = '*'");
    at.is_shut_and_told();
  }
  SECTION("one credential for another") {
    at.sql(
        "UPDATE account SET credential = (SELECT credential FROM account WHERE name = "
        "'mallory') WHERE name = 'alice'");
    at.is_shut_and_told();
  }
  SECTION("an older row") {
    at.sql("CREATE TABLE old AS SELECT * FROM account");
    at.change(her_next);
    at.sql(std::string("UPDATE account SET ") + columns + " = (SELECT " + values +
           " FROM old WHERE name = 'alice') WHERE name = 'alice'");
    at.is_shut_and_told();
  }
  SECTION("an older row with its tree") {
    at.sql("CREATE TABLE old AS SELECT * FROM account; CREATE TABLE nodes AS SELECT * FROM node");
    at.change(her_next);
    at.sql(std::string("DELETE FROM node; INSERT INTO node SELECT * FROM nodes; "
                       "UPDATE account SET ") +
           columns + " = (SELECT " + values +
           " FROM old WHERE name = 'alice') "
           "WHERE name = 'alice'");
    at.is_shut_and_told();
  }
  SECTION("a row that is gone") {
    at.sql("DELETE FROM account WHERE name = 'alice'");
    CHECK(at.try_login("alice", hers) == Code::integrity);
    at.is_shut_and_told();
  }
  SECTION("a row that nobody made") {
    at.sql(
        "INSERT INTO account SELECT realm, decode(repeat('07', 16), 'hex'), 'eve', generation, "
        "credential, profile, history, bucket FROM account WHERE name = 'mallory'");
    CHECK(at.try_login("eve", his) != Code::accepted);
    CHECK(at.is_told());
  }
}

TEST_CASE("on a server: head, tree and keys cannot be altered or taken away") {
  Attacked at;
  SECTION("no head") { at.sql("DELETE FROM head"); }
  SECTION("no tree") { at.sql("DELETE FROM node"); }
  SECTION("another head") { at.sql("UPDATE head SET record = zeroblob(length(record))"); }
  SECTION("another number") { at.sql("UPDATE head SET number = number + 1"); }
  SECTION("a key that is retired again") {
    value_or_throw(at.open().rotate_data_key(admin));
    at.sql("UPDATE realm_key SET retired = NULL");
  }
  at.is_shut_and_told();
}

TEST_CASE("on a server: a realm that was set back as a whole is refused as older") {
  Attacked at;
  const std::string kept = at.database() + "_kept";
  const auto hang_up = [&](const std::string& database) {
    (void)shared_server().sql("postgres",
                              "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE "
                              "datname = '" +
                                  database + "'");
  };
  hang_up(at.database());
  (void)shared_server().sql("postgres", "CREATE DATABASE " + kept + " TEMPLATE " + at.database());
  at.change(her_next);
  CHECK(at.try_login("alice", her_next) == Code::accepted);
  hang_up(at.database());
  (void)shared_server().sql("postgres", "DROP DATABASE " + at.database() + " WITH (FORCE)");
  (void)shared_server().sql("postgres", "CREATE DATABASE " + at.database() + " TEMPLATE " + kept);
  CHECK(at.try_login("alice", hers) == Code::integrity);
  CHECK(at.try_login("alice", her_next) == Code::integrity);
  auto engine = value_or_throw(engine::Engine::open(at.configuration, at.clock));
  const auto opened = engine.realm("system");
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("accept-rollback") != std::string::npos);
  REQUIRE(engine.accept_rollback("system", "a test", admin));
  CHECK(at.try_login("alice", hers) == Code::accepted);
}

TEST_CASE("on a server: the trail cannot be altered, shortened or cut in its middle") {
  Attacked at;
  at.change(her_next);
  CHECK_FALSE(at.is_told());
  SECTION("a record") {
    at.sql("UPDATE audit SET record = zeroblob(length(record)) WHERE number = 2");
  }
  SECTION("its MAC") { at.sql("UPDATE audit SET mac = zeroblob(32) WHERE number = 2"); }
  SECTION("a body") {
    at.sql(
        "UPDATE audit_body SET body = (SELECT body FROM audit_body WHERE number = 1) "
        "WHERE number = 2");
  }
  SECTION("one is gone") { at.sql("DELETE FROM audit WHERE number = 2"); }
  SECTION("the last is gone") {
    at.sql("DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)");
  }
  SECTION("the first is gone") { at.sql("DELETE FROM audit WHERE number = 1"); }
  CHECK(at.is_told());
}

TEST_CASE("on a server: an erasure that nobody ordered, or that was taken back, shows") {
  Attacked at;
  at.enrol("gone", "Zebra-Crossing-19");
  value_or_throw(at.open().erase("gone", admin));
  CHECK_FALSE(at.is_told());
  SECTION("another account") {
    at.sql("UPDATE tombstone SET account = (SELECT id FROM account WHERE name = 'alice')");
  }
  SECTION("none") { at.sql("DELETE FROM tombstone"); }
  CHECK(at.is_told());
}
