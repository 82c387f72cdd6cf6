#include "engine/configuration.hpp"

#include "engine/units.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <fstream>

using namespace cred;
using namespace cred::engine;
using namespace std::chrono_literals;

namespace {

std::string error_of(const std::string& text) {
  Configuration configuration;
  const auto applied = apply_configuration(text, "x.conf", configuration);
  return applied ? "" : applied.error().message;
}

}  // namespace

TEST_CASE("every key has a default") {
  const Configuration c;
  CHECK(c.hash.memory == 64 * 1024);
  CHECK(c.attempts.threshold == 5);
  CHECK(c.policy.options.max_age == Duration(24h * 90));
}

TEST_CASE("keys take sizes, times and flags with their units") {
  Configuration c;
  REQUIRE(
      apply_configuration("[store]\nurl = \"sqlite:/x\"\n[keys]\nroot = \"file:/k\"\n"
                          "[hash]\nmemory = \"19 MiB\"\npasses = 2\nlanes = 1\n"
                          "[policy]\nmin_length = 12\nmax_age = \"60d\"\nwarn = \"1w\"\n"
                          "grace = \"30d\"\npersonal = false\n"
                          "[attempts]\nthreshold = 3\ndelay = \"10s\"\n"
                          "[broker]\nsocket = \"/s\"\nmemory_budget = \"256 MiB\"\n",
                          "x.conf", c));
  CHECK(c.store_url == "sqlite:/x");
  CHECK(c.hash == hash::Parameters{19 * 1024, 2, 1});
  CHECK(c.policy.options.min_length == 12);
  CHECK(c.policy.options.max_age == Duration(24h * 60));
  CHECK(c.policy.options.warn == Duration(24h * 7));
  CHECK(c.policy.options.grace == Duration(24h * 30));
  CHECK_FALSE(c.policy.options.personal);
  CHECK(c.attempts.threshold == 3);
  CHECK(c.attempts.delay == Duration(10s));
}

TEST_CASE("a realm's policy departs from the common one, wherever that stands") {
  Configuration c;
  REQUIRE(apply_configuration("[realm.shop.policy]\nmin_length = 15\n[policy]\nmin_digit = 2\n",
                              "x.conf", c));
  CHECK(c.policy_of("shop").options.min_length == 15);
  CHECK(c.policy_of("shop").options.min_digit == 2);
  CHECK(c.policy_of("system").options.min_length == 8);
}

TEST_CASE("what is wrong is named with file, line and what would be right") {
  CHECK(error_of("[policy]\nmin_lenght = 9\n") ==
        "x.conf:2: unknown key 'policy.min_lenght'; did you mean 'min_length'?");
  CHECK(error_of("\n[polcy]\n") == "x.conf:2: unknown key 'polcy'; did you mean 'policy'?");
  CHECK(error_of("[policy]\nmin_length = \"9\"\n") ==
        "x.conf:2: 'policy.min_length' must be a whole number from 1 to 1024");
  CHECK(error_of("[policy]\nmax_age = 90\n") ==
        "x.conf:2: 'policy.max_age' must be a time with its unit, such as \"90d\", or \"quarter\", "
        "or \"never\"");
  CHECK(error_of("[hash]\nmemory = \"64\"\n") ==
        "x.conf:2: 'hash.memory' must be a size with its unit, such as \"64 MiB\"");
  CHECK(error_of("[policy]\npreset = \"strict\"\n").find("x.conf:2:") == 0);
  CHECK(error_of("[hash]\nmemory = \"8 MiB\"\n").find("too weak") != std::string::npos);
  CHECK(error_of("[policy]\nmin_length = 99\nmax_length = 20\n").find("above max_length") !=
        std::string::npos);
  CHECK(error_of("[attempts]\ndelay = \"0s\"\n") ==
        "x.conf:2: 'attempts.delay' must be a time of at least \"1s\"");
  CHECK(error_of("policy = 1\n") == "x.conf:1: 'policy' must be a table");
  CHECK(error_of("[policy\n").find("x.conf:1:") == 0);
  CHECK(error_of("# Grüße\n[store] # für alle\nurl = \"sqlite:/\\u00fc#\" # ü\n") == "");
  CHECK(error_of("[store]\nurl = \"sqlite:/ü\"\n").find("x.conf:2: a character that is not") == 0);
  CHECK(error_of("[store]\nurl = \""
                 "\"\"x\"\"\"\n") == "x.conf:2: a string over several lines has no use here");
}

TEST_CASE("a configuration with an error changes nothing") {
  Configuration c;
  CHECK_FALSE(apply_configuration("[policy]\nmin_length = 20\nnonsense = 1\n", "x.conf", c));
  CHECK(c.policy.options.min_length == 8);
}

TEST_CASE("drop-ins are read after the file, in the order of their names") {
  test::TemporaryDirectory directory;
  const std::string main = directory / "cred.conf";
  std::filesystem::create_directory(main + ".d");
  std::ofstream(main) << "[policy]\nmin_length = 9\nmin_digit = 3\n";
  std::ofstream(main + ".d/20-b.conf") << "[policy]\nmin_length = 12\n";
  std::ofstream(main + ".d/10-a.conf") << "[policy]\nmin_length = 11\n";
  std::ofstream(main + ".d/30-c.conf~") << "[policy]\nmin_length = 13\n";
  const auto c = load_configuration(main);
  REQUIRE(c);
  CHECK(c->policy.options.min_length == 12);
  CHECK(c->policy.options.min_digit == 3);
}

TEST_CASE("a named configuration that is not there is an error") {
  test::TemporaryDirectory directory;
  CHECK(load_configuration(directory / "none").error().code == Code::configuration);
}

TEST_CASE("sizes and times are read strictly and printed in their largest unit") {
  CHECK(parse_kib("64 MiB") == 65536);
  CHECK(parse_kib("1GiB") == 1024 * 1024);
  for (const char* bad : {"", "64", "MiB", "-1 MiB", "64 MB", "64 MiB x", "99999999999 GiB"})
    CHECK_FALSE(parse_kib(bad));
  CHECK(parse_duration("90d") == Duration(24h * 90));
  CHECK(parse_duration("2 weeks") == Duration(24h * 14));
  for (const char* bad : {"", "90", "d", "-1d", "1.5d", "99999999999999d", "9 fortnights"})
    CHECK_FALSE(parse_duration(bad));
  CHECK(print_duration(24h * 90) == "90d");
  CHECK(print_duration(90s) == "90s");
  CHECK(print_duration(1500ms) == "1500ms");
  CHECK(print_time(Time(Duration(0))) == "1970-01-01T00:00:00Z");
}

TEST_CASE("a realm names its administrators' groups and its services") {
  Configuration c;
  REQUIRE(
      apply_configuration("[realm.shop]\nadministrators = [\"shop-admins\"]\n"
                          "services = [\"shopd\", \"1234\"]\n[realm.shop.policy]\n"
                          "expiry_stops_all = true\n",
                          "x.conf", c));
  CHECK(c.realm_access.at("shop").administrators == std::vector<std::string>{"shop-admins"});
  CHECK(c.realm_access.at("shop").services == std::vector<std::string>{"shopd", "1234"});
  CHECK(c.policy_of("shop").options.expiry_stops_all);
  CHECK_FALSE(c.policy_of("system").options.expiry_stops_all);
  CHECK_THAT(error_of("[realm.shop]\nadministrators = \"shop\"\n"),
             Catch::Contains("x.conf:2:") && Catch::Contains("a list of groups in quotes"));
  CHECK_THAT(error_of("[realm.shop]\nservices = [\"a:b\"]\n"), Catch::Contains("a list of users"));
  CHECK_THAT(error_of("[realm.shop]\nservice = [\"shopd\"]\n"),
             Catch::Contains("did you mean 'services'?"));
  CHECK_THAT(error_of("[realm.a]\nservices = [\"x\"]\n[realm.b]\nservices = [\"x\"]\n"),
             Catch::Contains("a service of realm 'a' and of realm 'b'"));
}

TEST_CASE("[admins] gives users and groups roles, by realm") {
  Configuration c;
  REQUIRE(
      apply_configuration("[admins]\nalice = \"operator\"\n"
                          "\"@helpdesk\" = { system = \"helpdesk\", shop = \"viewer\" }\n",
                          "x.conf", c));
  REQUIRE(apply_configuration("[admins]\nalice = { shop = \"owner\" }\n", "y.conf", c));
  CHECK(c.admins.size() == 2);
  CHECK(c.admins.at("alice").at("system") == Role::operator_);
  CHECK(c.admins.at("alice").at("shop") == Role::owner);
  CHECK(c.admins.at("@helpdesk").at("system") == Role::helpdesk);
  CHECK(c.admins.at("@helpdesk").at("shop") == Role::viewer);
  CHECK(error_of("[admins]\nalice = \"auditer\"\n") ==
        "x.conf:2: 'admins.alice': there is no role 'auditer'; did you mean 'auditor'?");
  CHECK(error_of("[admins]\nalice = { shop = \"ownr\" }\n") ==
        "x.conf:2: 'admins.alice.shop': there is no role 'ownr'; did you mean 'owner'?");
  for (const char* line : {"alice = 1", "alice = [\"owner\"]", "alice = { shop = true }",
                           "\"@\" = \"owner\"", "\"a b\" = \"owner\"", "\"\" = \"owner\""})
    CHECK_FALSE(error_of(std::string("[admins]\n") + line + "\n").empty());
  CHECK_FALSE(error_of("admins = \"owner\"\n").empty());
}
