#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

namespace {

// A newcomer who may do anything as root, and `true` without a password.
Person operator_of_the_machine() {
  const Person person = newcomer();
  write_file("/etc/sudoers.d/" + person.name,
             "Defaults:" + person.name +
                 " lecture=never, !use_pty, passwd_tries=1, !mail_badpass\n" + person.name +
                 " ALL=(ALL) ALL, NOPASSWD: /usr/bin/true\n",
             0440);
  return person;
}

std::string prompt_for(const Person& person) { return "[sudo] password for " + person.name + ": "; }

bool let_in(const Person& person, const std::string& password) {
  Terminal terminal({"sudo", "-k", "id", "-un"}, person.name);
  terminal.answer(prompt_for(person), password);
  const bool ran = terminal.end() == 0;
  CHECK(terminal.times("root\r\n") == (ran ? 1 : 0));
  return ran;
}

}  // namespace

TEST_CASE("sudo takes the caller's own password and no other") {
  const Person person = operator_of_the_machine();
  CHECK_FALSE(let_in(person, wrong_password));
  CHECK_FALSE(let_in(person, ""));
  CHECK(let_in(person, person.password));
}

TEST_CASE("sudo asks again after a wrong password, and then takes the right one") {
  const Person person = operator_of_the_machine();
  write_file("/etc/sudoers.d/zz-tries", "Defaults:" + person.name + " passwd_tries=3\n", 0440);
  Terminal terminal({"sudo", "-k", "id", "-un"}, person.name);
  terminal.answer(prompt_for(person), wrong_password)
      .expect("Sorry, try again.")
      .answer(prompt_for(person), person.password)
      .expect("root");
  CHECK(terminal.end() == 0);
}

TEST_CASE("sudo asks for no password where none is wanted, unless the account is locked") {
  const Person person = operator_of_the_machine();
  CHECK(run({"sudo", "-n", "/usr/bin/true"}, "", person.name).status == 0);
  CHECK(run({"sudo", "-n", "id", "-un"}, "", person.name).status != 0);
  credctl({"user", "lock", person.name});
  CHECK(run({"sudo", "-n", "/usr/bin/true"}, "", person.name).status != 0);
}

TEST_CASE("sudo runs nothing with an expired password until it is changed") {
  const Person person = operator_of_the_machine();
  credctl({"expire", person.name});
  SECTION("abandoned") {
    Terminal terminal({"sudo", "-k", "id", "-un"}, person.name);
    terminal.answer(prompt_for(person), person.password).expect("Current password: ");
    CHECK(terminal.interrupt() != 0);
    CHECK(terminal.times("root\r\n") == 0);
    CHECK(verdict_on(person, first_password) == 3);
  }
  SECTION("changed") {
    Terminal terminal({"sudo", "-k", "id", "-un"}, person.name);
    terminal.answer(prompt_for(person), person.password)
        .answer("Current password: ", person.password)
        .answer("New password: ", second_password)
        .answer("Retype new password: ", second_password)
        .expect("root");
    CHECK(terminal.end() == 0);
    CHECK_FALSE(let_in(person, first_password));
    CHECK(let_in(person, second_password));
  }
}

TEST_CASE("sudo holds nobody to a change of password where it asks for none") {
  const Person person = operator_of_the_machine();
  credctl({"expire", person.name});
  CHECK(run({"sudo", "-n", "/usr/bin/true"}, "", person.name).status == 0);
}

TEST_CASE("sudo -v asks for the password, and the next command then goes without") {
  const Person person = operator_of_the_machine();
  Terminal wrong({"sudo", "-v"}, person.name);
  wrong.answer(prompt_for(person), wrong_password);
  CHECK(wrong.end() != 0);
  Terminal terminal({"sh", "-c", "sudo -v && sudo -n id -un"}, person.name);
  terminal.answer(prompt_for(person), person.password).expect("root");
  CHECK(terminal.end() == 0);
}

TEST_CASE("promise: sudo takes the right password alone while the service is stopped, and after") {
  if (!through_service()) return;
  const Person person = operator_of_the_machine();
  {
    const ServiceAway away;
    CHECK_FALSE(let_in(person, wrong_password));
    CHECK(let_in(person, person.password));
  }
  CHECK_FALSE(let_in(person, wrong_password));
  CHECK(let_in(person, person.password));
}
