#include "locker.hpp"
#include "terminal.hpp"

#include <catch2/catch.hpp>

TEST_CASE("a locker that keeps its handle gets a fresh answer for each try") {
  const Person person = newcomer();
  Locker locker(person);
  CHECK(locker.unlock(wrong_password) == PAM_AUTH_ERR);
  CHECK(locker.unlock(person.password) == PAM_SUCCESS);
  CHECK(locker.unlock(wrong_password) == PAM_AUTH_ERR);
  CHECK(locker.unlock("") == PAM_AUTH_ERR);
  CHECK(locker.unlock(person.password) == PAM_SUCCESS);
  CHECK(locker.prompts() == 5);
}

TEST_CASE("a locker's handle sees a password that was changed behind it") {
  const Person person = newcomer();
  Locker locker(person);
  CHECK(locker.unlock(person.password) == PAM_SUCCESS);
  credctl({"passwd", person.name, "--stdin"}, second_password + "\n");
  CHECK(locker.unlock(first_password) == PAM_AUTH_ERR);
  CHECK(locker.unlock(second_password) == PAM_SUCCESS);
}

TEST_CASE("a locker opens the screen of an expired account, for it asks no more than that") {
  const Person person = newcomer();
  credctl({"expire", person.name});
  Locker locker(person);
  CHECK(locker.unlock(person.password) == PAM_SUCCESS);
}

TEST_CASE("pamtester is told each outcome by its own code") {
  const Person person = newcomer();
  const auto tried = [&](const std::string& name, const std::string& password) {
    Terminal terminal({"pamtester", "locker", name, "authenticate"});
    terminal.answer("Password: ", password);
    (void)terminal.end();
    return terminal.seen();
  };
  CHECK_THAT(tried(person.name, person.password), Catch::Contains("successfully authenticated"));
  CHECK_THAT(tried(person.name, wrong_password), Catch::Contains("Authentication failure"));
  CHECK_THAT(tried("nobodyhome", wrong_password),
             Catch::Contains("User not known to the underlying authentication module"));
}

TEST_CASE("without a running credd a locker without rights is told that nobody answers") {
  if (through_service()) return;
  const Person person = newcomer();
  Terminal terminal({"pamtester", "locker", person.name, "authenticate"}, person.name);
  terminal.answer("Password: ", person.password)
      .expect("Authentication service cannot retrieve authentication info");
  CHECK(terminal.end() != 0);
}

TEST_CASE("a locker without rights opens its own user's screen through the service alone") {
  if (!through_service()) return;
  const Person person = newcomer();
  const Person other = newcomer();
  const auto tried = [&](const Person& locked, const std::string& password) {
    Terminal terminal(
        {"setpriv", "--no-new-privs", "pamtester", "locker", locked.name, "authenticate"},
        person.name);
    terminal.answer("Password: ", password);
    (void)terminal.end();
    return terminal.seen();
  };
  CHECK_THAT(tried(person, person.password), Catch::Contains("successfully authenticated"));
  CHECK_THAT(tried(person, wrong_password), Catch::Contains("Authentication failure"));
  CHECK(status_number(person, "failures") == 1);
  CHECK_THAT(tried(other, other.password), !Catch::Contains("successfully"));
}

TEST_CASE("a missing credd lets nobody in and breaks no host") {
  if (through_service()) return;
  const Person person = newcomer();
  REQUIRE(run({"mv", CRED_CREDD, CRED_CREDD ".away"}).status == 0);
  Locker locker(person);
  const int away = locker.unlock(person.password);
  REQUIRE(run({"mv", CRED_CREDD ".away", CRED_CREDD}).status == 0);
  CHECK(away == PAM_AUTHINFO_UNAVAIL);
  CHECK(locker.unlock(person.password) == PAM_SUCCESS);
}
