#include "machine.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

namespace {

constexpr int pam_failed = 10;  // passwd(1)

}  // namespace

TEST_CASE("passwd changes its caller's password: the new one works, the old one no longer") {
  const Person person = newcomer();
  Terminal terminal({"passwd"}, person.name);
  terminal.answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("password updated successfully");
  CHECK(terminal.end() == 0);
  CHECK(verdict_on(person, second_password) == 0);
  CHECK(verdict_on(person, first_password) == 1);
}

TEST_CASE("passwd refuses its caller who does not know the current password") {
  const Person person = newcomer();
  for (const std::string& typed : {wrong_password, std::string()}) {
    CAPTURE(typed);
    Terminal terminal({"passwd"}, person.name);
    terminal.answer("Current password: ", typed);
    CHECK(terminal.end() == pam_failed);
    CHECK(terminal.times("New password: ") == 0);
  }
  CHECK(verdict_on(person, first_password) == 0);
}

TEST_CASE("passwd lets nobody change another one's password") {
  const Person person = newcomer();
  Terminal terminal({"passwd", person.name}, visitor());
  CHECK(terminal.end() == 1);
  CHECK(terminal.times("assword: ") == 0);
}

TEST_CASE("passwd tells its caller why a new password is refused") {
  const Person person = newcomer();
  const struct {
    std::string typed;
    const char* reason;
  } cases[] = {{weak_password, "it is too short"},
               {first_password, "similar"},
               {first_password + "x1", "similar"},
               {"onlylowercase9", "upper"},
               {"X" + person.name + "77", "login name"}};
  for (const auto& [typed, reason] : cases) {
    CAPTURE(typed);
    Terminal terminal({"passwd"}, person.name);
    terminal.answer("Current password: ", person.password)
        .answer("New password: ", typed)
        .expect("BAD PASSWORD: ")
        .expect(reason)
        .expect("New password: ")
        .press(control_d);
    CHECK(terminal.end() != 0);
  }
  CHECK(verdict_on(person, first_password) == 0);
}

TEST_CASE("passwd takes no password of the past back") {
  const Person person = newcomer();
  credctl({"passwd", person.name, "--stdin"}, second_password + "\n");
  Terminal terminal({"passwd"}, person.name);
  terminal.answer("Current password: ", second_password)
      .answer("New password: ", first_password)
      // The history costs a hash and is looked up last, when the new one is set.
      .answer("Retype new password: ", first_password)
      .expect("BAD PASSWORD: ")
      .expect("recent")
      .answer("New password: ", third_password)
      .answer("Retype new password: ", third_password)
      .expect("password updated successfully");
  CHECK(terminal.end() == 0);
  CHECK(verdict_on(person, third_password) == 0);
}

TEST_CASE("passwd gives up after three bad passwords and changes nothing") {
  const Person person = newcomer();
  Terminal terminal({"passwd"}, person.name);
  terminal.answer("Current password: ", person.password);
  for (int i = 0; i < 3; ++i) terminal.answer("New password: ", weak_password);
  CHECK(terminal.end() == pam_failed);
  CHECK(terminal.times("password unchanged") == 1);
  CHECK(verdict_on(person, first_password) == 0);
}

TEST_CASE("passwd sets nothing that was not typed the same twice") {
  const Person person = newcomer();
  Terminal terminal({"passwd"}, person.name);
  terminal.answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", third_password)
      .expect("Sorry, passwords do not match.")
      .expect("New password: ")
      .press(control_d);
  CHECK(terminal.end() != 0);
  CHECK(verdict_on(person, first_password) == 0);
}

TEST_CASE("passwd asks root for no current password and holds root to the policy") {
  const Person person = newcomer();
  Terminal terminal({"passwd", person.name});
  terminal.answer("New password: ", weak_password)
      .expect("BAD PASSWORD: ")
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("password updated successfully");
  CHECK(terminal.end() == 0);
  CHECK(terminal.times("Current password: ") == 0);
  CHECK(verdict_on(person, second_password) == 0);
  CHECK(verdict_on(person, first_password) == 1);
}

TEST_CASE("passwd -k changes an expired password alone") {
  const Person person = newcomer();
  Terminal fresh({"passwd", "-k"}, person.name);
  fresh.expect("Your password is not expired.");
  CHECK(fresh.end() == pam_failed);
  credctl({"expire", person.name});
  Terminal expired({"passwd", "-k"}, person.name);
  expired.answer("Current password: ", person.password)
      .answer("New password: ", second_password)
      .answer("Retype new password: ", second_password)
      .expect("password updated successfully");
  CHECK(expired.end() == 0);
  CHECK(verdict_on(person, second_password) == 0);
}

// passwd ignores ^C.
TEST_CASE("passwd whose caller gives up or hangs up at any prompt changes nothing") {
  for (const bool hangs_up : {false, true})
    for (int prompts = 0; prompts < 3; ++prompts) {
      CAPTURE(hangs_up, prompts);
      const Person person = newcomer();
      Terminal terminal({"passwd"}, person.name);
      if (prompts > 0) terminal.answer("Current password: ", person.password);
      if (prompts > 1) terminal.answer("New password: ", second_password);
      terminal.expect("password: ");
      if (hangs_up) {
        CHECK(terminal.hang_up() != 0);
      } else {
        CHECK(terminal.press(control_d).end() != 0);
      }
      CHECK(verdict_on(person, first_password) == 0);
    }
}
