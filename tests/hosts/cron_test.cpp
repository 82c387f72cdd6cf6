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

TEST_CASE("a job's stack is told that a password must be changed, and may ignore it") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  CHECK_THAT(account_phase(person.name), Catch::Contains("new one required"));
  write_file("/etc/pam.d/cron-ignoring",
             "account [success=ok new_authtok_reqd=ignore default=die] " CRED_MODULE
             "\n"
             "account required pam_permit.so\n");
  CHECK_THAT(run({"pamtester", "cron-ignoring", person.name, "acct_mgmt"}).output,
             Catch::Contains("account management done"));
}

TEST_CASE("a job neither counts as an attempt nor forgives one") {
  const Person person = newcomer();
  CHECK(verdict_on(person, wrong_password) == 1);
  CHECK(verdict_on(person, wrong_password) == 1);
  CHECK_THAT(account_phase(person.name), Catch::Contains("account management done"));
  CHECK(status_number(person, "failures") == 2);
}
