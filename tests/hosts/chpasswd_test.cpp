#include "machine.hpp"

#include <catch2/catch.hpp>

TEST_CASE("chpasswd sets the passwords that root gives it") {
  const Person one = newcomer();
  const Person other = newcomer();
  const Outcome outcome = run({"chpasswd"}, one.name + ":" + second_password + "\n" + other.name +
                                                ":" + third_password + "\n");
  CHECK(outcome.status == 0);
  CHECK(outcome.output == "");
  CHECK(verdict_on(one, second_password) == 0);
  CHECK(verdict_on(one, first_password) == 1);
  CHECK(verdict_on(other, third_password) == 0);
}

TEST_CASE("chpasswd fails on a password that the policy refuses, and says so") {
  const Person person = newcomer();
  for (const std::string& typed : {weak_password, first_password}) {
    CAPTURE(typed);
    const Outcome outcome = run({"chpasswd"}, person.name + ":" + typed + "\n");
    CHECK(outcome.status != 0);
    CHECK(outcome.output.find("BAD PASSWORD: ") != std::string::npos);
    CHECK(outcome.output.find(typed) == std::string::npos);
  }
  CHECK(verdict_on(person, first_password) == 0);
}

TEST_CASE("chpasswd fails on an account that the store does not have") {
  const Outcome outcome = run({"chpasswd"}, visitor() + ":" + second_password + "\n");
  CHECK(outcome.status != 0);
}
