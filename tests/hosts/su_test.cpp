#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

namespace {

std::vector<std::string> su(const Person& person) {
  return {"su", person.name, "-c", "echo inside as $(id -un)"};
}

std::string inside(const Person& person) { return "inside as " + person.name; }

bool let_in(const Person& person, const std::string& password) {
  Terminal terminal(su(person), visitor());
  terminal.answer("Password: ", password);
  const bool ran = terminal.end() == 0;
  CHECK(terminal.times(inside(person)) == (ran ? 1 : 0));
  if (!ran) CHECK(terminal.times("Authentication failure") == 1);
  return ran;
}

}  // namespace

TEST_CASE("su asks another user for the password and takes the right one alone") {
  const Person person = newcomer();
  CHECK_FALSE(let_in(person, wrong_password));
  CHECK_FALSE(let_in(person, ""));
  CHECK(let_in(person, person.password));
}

TEST_CASE("su - asks as su does and gives a login shell") {
  const Person person = newcomer();
  Terminal wrong({"su", "-", person.name, "-c", "pwd"}, visitor());
  wrong.answer("Password: ", wrong_password);
  CHECK(wrong.end() != 0);
  Terminal right({"su", "-", person.name, "-c", "pwd"}, visitor());
  right.answer("Password: ", person.password).expect("/var/lib/" + person.name);
  CHECK(right.end() == 0);
}

TEST_CASE("su lets root become a user without a password") {
  const Person person = newcomer();
  const Outcome outcome = run({"su", person.name, "-c", "id -un"});
  CHECK(outcome.status == 0);
  CHECK(outcome.output == person.name + "\n");
}

TEST_CASE("su keeps the right password of a locked account out") {
  const Person person = newcomer();
  credctl({"user", "lock", person.name});
  CHECK_FALSE(let_in(person, person.password));
}

TEST_CASE("su forces an expired password to be changed, and the old one is no good afterwards") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Terminal terminal(su(person), visitor());
  terminal.answer("Password: ", person.password)
      .expect("An administrator requires you to change your password now.")
      .answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect(inside(person));
  CHECK(terminal.end() == 0);
  CHECK_FALSE(let_in(person, first_password));
  CHECK(let_in(person, second_password));
}

TEST_CASE("su ends without a shell when the forced change is abandoned") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Terminal terminal(su(person), visitor());
  terminal.answer("Password: ", person.password)
      .answer("Current password: ", person.password)
      .expect("New password: ")
      .press(control_d);
  CHECK(terminal.end() != 0);
  CHECK(terminal.times(inside(person)) == 0);
  CHECK(verdict_on(person, first_password) == 3);
}

TEST_CASE("after five wrong passwords at su even the right one has to wait") {
  const Person person = newcomer();
  for (int i = 0; i < 5; ++i) CHECK_FALSE(let_in(person, wrong_password));
  CHECK_FALSE(let_in(person, person.password));
}

TEST_CASE("promise: su takes the right password alone while the service is stopped, and after") {
  if (!through_service()) return;
  const Person person = newcomer();
  {
    const ServiceAway away;
    CHECK_FALSE(let_in(person, wrong_password));
    CHECK(let_in(person, person.password));
  }
  CHECK_FALSE(let_in(person, wrong_password));
  CHECK(let_in(person, person.password));
}
