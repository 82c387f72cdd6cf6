// cron, at and user managers ask about the account and never for a password.
#include "machine.hpp"

#include <catch2/catch.hpp>

namespace {

std::string account_phase(const std::string& name) {
  return run({"pamtester", "cron", name, "acct_mgmt"}).output;
}

}  // namespace

TEST_CASE("a job runs for an account in order and for no other") {
  const Person person = newcomer();
  CHECK_THAT(account_phase(person.name), Catch::Contains("account management done"));
  credctl({"user", "lock", person.name});
  CHECK_THAT(account_phase(person.name), Catch::Contains("Permission denied"));
  credctl({"user", "disable", person.name});
  CHECK_THAT(account_phase(person.name), Catch::Contains("User account has expired"));
  CHECK_THAT(account_phase(visitor()), Catch::Contains("User not known"));
}

TEST_CASE("a job runs on though a password must be changed, unless its account is locked") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  CHECK_THAT(account_phase(person.name), Catch::Contains("account management done"));
  credctl({"compromise", person.name, "--reason", "seen in a paste"});
  CHECK_THAT(account_phase(person.name), Catch::Contains("account management done"));
  credctl({"compromise", person.name, "--reason", "seen in a paste", "--lock"});
  CHECK_THAT(account_phase(person.name), Catch::Contains("Permission denied"));
}

TEST_CASE("with expiry_stops_all a job waits for the change") {
  if (through_service()) return;  // which would have to read its configuration anew
  const Person person = newcomer();
  credctl({"expire", person.name});
  write_file(CRED_CONFIG ".d/stops.conf", "[policy]\nexpiry_stops_all = true\n");
  CHECK_THAT(account_phase(person.name), Catch::Contains("new one required"));
  REQUIRE(run({"rm", CRED_CONFIG ".d/stops.conf"}).status == 0);
  CHECK_THAT(account_phase(person.name), Catch::Contains("account management done"));
}

TEST_CASE("a job neither counts as an attempt nor forgives one") {
  const Person person = newcomer();
  CHECK(verdict_on(person, wrong_password) == 1);
  CHECK(verdict_on(person, wrong_password) == 1);
  CHECK_THAT(account_phase(person.name), Catch::Contains("account management done"));
  CHECK(status_number(person, "failures") == 2);
}
