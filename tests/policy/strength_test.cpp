#include "policy/policy.hpp"
#include "policy/strength.hpp"

#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <cmath>

using namespace cred;
using namespace cred::test;

namespace {

policy::Estimate estimated(std::string_view text, const policy::Context& context = {}) {
  return policy::estimate(*policy::normalise(secret(text)), context);
}

}  // namespace

TEST_CASE("the score is that of the guesses, and follows what people call weak") {
  CHECK(estimated("password").score == 0);
  CHECK(estimated("aaaaaaaaaaaaaaaa").score <= 1);
  CHECK(estimated("correct horse battery staple").score == 4);
  CHECK(estimated("kV7#qz!Lw2").score == 4);
  for (const char* text : {"password", "Password1", "monkey77", "Tricky4B", "Distelfink-Zaun"}) {
    INFO(text);
    const auto found = estimated(text);
    const double guesses = std::pow(10, found.log10_guesses);
    CHECK(found.score == (guesses < 1e3    ? 0
                          : guesses < 1e6  ? 1
                          : guesses < 1e8  ? 2
                          : guesses < 1e10 ? 3
                                           : 4));
  }
}

TEST_CASE("what is known of the account is guessed first") {
  policy::Context context;
  context.login = "qzebrowski";
  context.full_name = "Quentin Zebrowski";
  CHECK(estimated("Zebrowski").log10_guesses > 4);
  CHECK(estimated("Zebrowski", context).log10_guesses < 3);
  CHECK(estimated("qzebrowski", context).score == 0);
}

TEST_CASE("of a long password only the beginning is judged, and no character is cut") {
  const auto judged = [](const std::string& text) { return policy::judged_bytes(secret(text)); };
  CHECK(judged("") == 0);
  CHECK(judged(std::string(100, 'a')) == 100);
  CHECK(judged(std::string(1024, 'a')) == 100);
  // The hundredth byte is in the middle of a character of two, three or four bytes.
  CHECK(judged(std::string(99, 'a') + "\u00fc\u00fc") == 99);
  CHECK(judged(std::string(98, 'a') + "\u20ac\u20ac") == 98);
  CHECK(judged(std::string(97, 'a') + "\U0001F40E\U0001F40E") == 97);
  const std::string begin(100, 'x');
  CHECK(estimated(begin + "kV7#qz!Lw2").log10_guesses == estimated(begin).log10_guesses);
}

TEST_CASE("the rule asks for a score where the policy does") {
  const auto verdict = [](std::uint32_t least, std::string_view text) {
    auto options = *policy::preset("nist-800-63b-4");
    options.min_length = 1;
    options.min_strength = least;
    const auto report = policy::Policy(options).judge(*policy::normalise(secret(text)), {});
    const auto found = std::find_if(report.verdicts.begin(), report.verdicts.end(),
                                    [](const auto& v) { return v.rule == "min_strength"; });
    return found == report.verdicts.end() ? std::nullopt : std::optional(*found);
  };
  CHECK_FALSE(verdict(0, "password"));
  const auto weak = verdict(3, "password");
  REQUIRE(weak);
  CHECK(weak->violation);
  CHECK(weak->parameters == policy::Parameters{{"least", "3"}, {"has", "0"}});
  const auto strong = verdict(3, "correct horse battery staple");
  REQUIRE(strong);
  CHECK_FALSE(strong->violation);
}
