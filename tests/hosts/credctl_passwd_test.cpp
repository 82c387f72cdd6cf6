// credctl passwd without a name: the caller's own, through credd.

#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

TEST_CASE("credctl passwd changes the caller's own password, which it asks for") {
  credctl({"user", "add", "root", "--stdin"}, first_password + "\n");
  const Person root{"root", first_password};
  CHECK(try_credctl({"passwd", "--stdin"}, wrong_password + "\n" + second_password + "\n").status ==
        1);
  CHECK_THAT(
      try_credctl({"passwd", "--stdin"}, first_password + "\n" + weak_password + "\n").output,
      Catch::Contains("too short"));
  Terminal terminal({CRED_CREDCTL, "passwd"});
  terminal.expect("At least 8 characters")
      .answer("Current password: ", first_password)
      .answer("New password: ", weak_password)
      .expect("too short")
      .answer("New password: ", second_password)
      .answer("Retype new password: ", third_password)
      .expect("differ")
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("Your password is changed.");
  CHECK(terminal.end() == 0);
  CHECK(terminal.times(first_password) == 0);
  CHECK(verdict_on(root, second_password) == 0);
}

TEST_CASE("a generated password is shown once on the terminal and must be changed") {
  const Person person = newcomer();
  Terminal terminal({CRED_CREDCTL, "passwd", person.name, "--generate"});
  terminal.expect("One-time password for " + person.name + " (shown once): ");
  CHECK(terminal.end() == 0);
  const std::string shown = terminal.seen();
  const auto from = shown.find("): ") + 3;
  const std::string generated = shown.substr(from, shown.find_first_of("\r\n", from) - from);
  CHECK(generated.size() == 20);
  CHECK(verdict_on(person, generated) == 3);
  CHECK(try_credctl({"passwd", person.name, "--generate"}).status == 2);
}

TEST_CASE("an ordinary user changes the own password and sees its state, through the service") {
  if (!through_service()) return;
  const Person person = newcomer();
  Terminal status({"setpriv", "--no-new-privs", CRED_CREDCTL, "status"}, person.name);
  status.expect("active");
  CHECK(status.end() == 0);
  Terminal terminal({"setpriv", "--no-new-privs", CRED_CREDCTL, "passwd"}, person.name);
  terminal.answer("Current password: ", first_password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("Your password is changed.");
  CHECK(terminal.end() == 0);
  CHECK(verdict_on(person, second_password) == 0);
  Terminal wrong({CRED_CREDCTL, "passwd"}, person.name);
  wrong.answer("Current password: ", first_password).expect("the current password is wrong");
  CHECK(wrong.end() == 1);
  for (const char* command : {"status", "passwd"}) {
    Terminal other({CRED_CREDCTL, command, "root"}, person.name);
    CHECK(other.end() == 7);
  }
}
