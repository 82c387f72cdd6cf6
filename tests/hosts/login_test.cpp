#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

namespace {

const std::vector<std::string> login{"login", "-p"};

// In a shell that login started: shows who it is and leaves it.
int leave_shell(Terminal& terminal, const Person& person) {
  terminal.expect("$ ")
      .type("echo inside as $(id -un)")
      .expect("inside as " + person.name)
      .type("exit");
  return terminal.end();
}

}  // namespace

TEST_CASE("login refuses a wrong password, asks again and takes the right one") {
  const Person person = newcomer();
  Terminal terminal(login);
  terminal.answer("login: ", person.name)
      .answer("Password: ", wrong_password)
      .expect("Login incorrect")
      .answer("login: ", person.name)
      .answer("Password: ", person.password);
  CHECK(leave_shell(terminal, person) == 0);
}

TEST_CASE("login answers an unknown name and a locked account as it answers a wrong password") {
  const Person locked = newcomer();
  credctl({"user", "lock", locked.name});
  for (const std::string& name : {std::string("nobodyhome"), locked.name}) {
    CAPTURE(name);
    Terminal terminal(login);
    terminal.answer("login: ", name)
        .answer("Password: ", first_password)
        .expect("Login incorrect")
        .expect("login: ");
  }
}

TEST_CASE("login forces an expired password to be changed, and the old one is no good afterwards") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Terminal terminal(login);
  terminal.answer("login: ", person.name)
      .answer("Password: ", person.password)
      .expect("An administrator requires you to change your password now.")
      .answer("Current password: ", person.password)
      .answer("New password: ", weak_password)
      .expect("BAD PASSWORD: ")
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password);
  CHECK(leave_shell(terminal, person) == 0);
  CHECK(verdict_on(person, first_password) == 1);
  CHECK(verdict_on(person, second_password) == 0);
}

TEST_CASE("login stopped within the forced change lets nobody in and changes nothing") {
  for (const char* key : {control_c, control_d})
    for (int prompts = 0; prompts < 3; ++prompts) {
      CAPTURE(prompts, int{*key});
      const Person person = newcomer();
      credctl({"expire", person.name});
      Terminal terminal(login);
      terminal.answer("login: ", person.name).answer("Password: ", person.password);
      if (prompts > 0) terminal.answer("Current password: ", person.password);
      if (prompts > 1) terminal.answer("New password: ", second_password);
      terminal.expect("password: ").press(key);
      CHECK(terminal.end() != 0);
      CHECK(verdict_on(person, first_password) == 3);
    }
}

TEST_CASE("login stopped at its password prompt counts no attempt") {
  const Person person = newcomer();
  Terminal terminal(login);
  terminal.answer("login: ", person.name).expect("Password: ").press(control_c);
  CHECK(terminal.end() != 0);
  CHECK(status_number(person, "failures") == 0);
}
