// Who may do what on the server: least rights, and realms apart a second time.

#include "engine/store_copy.hpp"
#include "support/failures.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace cred;
using namespace cred::test;

namespace {

// Made by an administrator from what credctl prints; used by members of the roles.
struct Prepared {
  TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  std::string database;

  Prepared() {
    const std::string url = configuration.store_url;
    const auto begin = url.find("@/") + 2;
    database = url.substr(begin, url.find('?') - begin);
    (void)shared_server().sql(database, value_or_throw(engine::server_tables()));
    for (const char* role : {"owner", "service", "auditor", "backup"})
      (void)shared_server().sql(
          "postgres", std::string("DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = "
                                  "'member_") +
                          role + "') THEN CREATE ROLE member_" + role + " LOGIN IN ROLE cred_" +
                          role + "; END IF; END $$");
    use("service");
    value_or_throw(engine::Engine::initialise(configuration));
  }
  void use(const std::string& role) {
    std::string url = shared_server().url(database);
    configuration.store_url = url.replace(url.find("postgres@"), 9, "member_" + role + "@");
  }
  engine::Engine open() const {
    return value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
  }
  // What a member of the role is told; "" where it is let.
  std::string as(const std::string& role, const std::string& statements) const {
    try {
      (void)shared_server().sql(database,
                                "SET SESSION AUTHORIZATION member_" + role + ";\n" + statements);
      return "";
    } catch (const std::exception& error) {
      return error.what();
    }
  }
  void denied(const std::string& role, const std::string& statements) const {
    const auto said = as(role, statements);
    INFO(role << ": " << statements << ": " << said);
    CHECK((said.find("permission denied") != std::string::npos ||
           said.find("must be owner") != std::string::npos));
  }
  std::string count_as(const std::string& role, const std::string& statements) const {
    return shared_server().sql(database,
                               "SET SESSION AUTHORIZATION member_" + role + ";\n" + statements);
  }
};

}  // namespace

TEST_CASE("the service's role does what every day needs, and cannot delete the trail") {
  Prepared site;
  auto engine = site.open();
  auto realm = value_or_throw(engine.realm("system"));
  value_or_throw(realm.enrol("alice", {}, secret("Tricky4Battery"), false, {"test"}));
  CHECK(value_or_throw(realm.authenticate("alice", secret("Tricky4Battery"))).code ==
        Code::accepted);
  CHECK(value_or_throw(realm.authenticate("alice", secret("Wrong9Battery"))).code == Code::refused);
  value_or_throw(engine.add_realm("shop", {"test"}));
  value_or_throw(realm.rotate_data_key({"test"}));
  value_or_throw(engine.rotate_root_key(std::nullopt, {}, {"test"}));
  value_or_throw(realm.erase("alice", {"test"}));
  for (const auto& done : value_or_throw(engine.maintain({"test"}))) {
    INFO(done.what);
    CHECK(done.code == Code::accepted);
  }
  site.denied("service", "DELETE FROM cred.audit");
  site.denied("service", "UPDATE cred.audit SET record = record");
  site.denied("service", "TRUNCATE cred.audit");
  site.denied("service", "DELETE FROM cred.checkpoint");
  site.denied("service", "DELETE FROM cred.tombstone");
  site.denied("service", "DROP TABLE cred.lease");
  site.denied("service", "CREATE TABLE cred.mine (x int)");
  site.denied("service", "SELECT cred.erase_realm('x', 1)");
  site.denied("service", "UPDATE cred.settings SET least_audit_retention = '0'");
  const std::string young =
      site.as("service",
              "SELECT set_config('cred.realm', encode(id, 'hex'), false) FROM "
              "cred.realm WHERE name = 'system'; "
              "SELECT cred.prune_audit(id, 1) FROM cred.realm WHERE name = 'system'");
  CHECK(young.find("least_audit_retention") != std::string::npos);
  // With a realm its trail goes: the owner's affair.
  const auto erased = engine.erase_realm("shop", {"test"});
  REQUIRE_FALSE(erased);
  CHECK(erased.error().code == Code::configuration);
  site.use("owner");
  auto owner = site.open();
  CHECK(owner.erase_realm("shop", {"test"}));
}

TEST_CASE("a transaction sees the rows of the realm that it named, and of no other") {
  Prepared site;
  auto engine = site.open();
  value_or_throw(value_or_throw(engine.realm("system"))
                     .enrol("alice", {}, secret("Tricky4Battery"), false, {"test"}));
  value_or_throw(engine.add_realm("shop", {"test"}));
  const std::string shop =
      "SELECT set_config('cred.realm', encode(id, 'hex'), false) AS ignored FROM cred.realm "
      "WHERE name = 'shop' \\gset\n";
  for (const char* table : {"account", "realm_key", "head", "node", "attempts", "lease", "audit",
                            "audit_body", "checkpoint", "outbox", "tombstone", "document"}) {
    INFO(table);
    const std::string all = std::string("SELECT count(*) FROM cred.") + table;
    CHECK(site.count_as("service", all) == "0");
    CHECK(site.count_as("owner", all) == "0");
    CHECK(site.count_as("service", shop + all +
                                       " WHERE realm <> (SELECT id FROM cred.realm WHERE name = "
                                       "'shop')") == "0");
  }
  CHECK(site.count_as("service", shop + "SELECT count(*) > 0 FROM cred.head") == "t");
  const auto moved = site.as(
      "service", shop +
                     "INSERT INTO cred.lease (realm, subject, expires) SELECT id, "
                     "decode(repeat('00', 32), 'hex'), 0 FROM cred.realm WHERE name = 'system'");
  CHECK(moved.find("row-level security") != std::string::npos);
}

TEST_CASE("an auditor reads the trail and nothing else, a backup reads and writes nothing") {
  Prepared site;
  auto engine = site.open();
  value_or_throw(value_or_throw(engine.realm("system"))
                     .enrol("alice", {}, secret("Tricky4Battery"), false, {"test"}));
  CHECK(site.count_as("auditor",
                      "SELECT count(*) > 0 FROM cred.audit JOIN cred.audit_body "
                      "USING (realm, number)") == "t");
  for (const char* table : {"account", "realm_key", "head", "attempts", "document"})
    site.denied("auditor", std::string("SELECT count(*) FROM cred.") + table);
  site.denied("auditor", "DELETE FROM cred.audit");
  site.denied("auditor", "INSERT INTO cred.audit SELECT * FROM cred.audit");
  CHECK(site.count_as("backup", "SELECT count(*) FROM cred.account") == "1");
  CHECK(site.count_as("backup", "SELECT count(*) > 1 FROM cred.realm_key") == "t");
  site.denied("backup", "DELETE FROM cred.account");
  site.denied("backup", "UPDATE cred.head SET number = number");
}

TEST_CASE("who may make no tables is told who makes them") {
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  (void)shared_server().sql(
      "postgres",
      "DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'nobody_else') "
      "THEN CREATE ROLE nobody_else LOGIN; END IF; END $$");
  std::string& url = configuration.store_url;
  url.replace(url.find("postgres@"), 9, "nobody_else@");
  const auto made = engine::Engine::initialise(configuration);
  REQUIRE_FALSE(made);
  CHECK(made.error().code == Code::configuration);
  CHECK(made.error().message.find("--print-ddl") != std::string::npos);
}
