#include "policy/policy.hpp"
#include "policy/word_list.hpp"

#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <fstream>
#include <set>

using namespace cred;
using namespace cred::test;

namespace {

std::set<std::string> refusing(const policy::Policy& policy, std::string_view text) {
  std::set<std::string> rules;
  for (const auto& verdict : policy.judge(*policy::normalise(secret(text)), {}).verdicts)
    if (verdict.violation) rules.insert(verdict.rule);
  return rules;
}

bool banned(const policy::Policy& policy, std::string_view text) {
  return refusing(policy, text).count("banned") == 1;
}

policy::Policy with_list(const std::string& path) {
  auto options = *policy::preset("quarterly");
  options.banned_lists = {path};
  return policy::Policy(options);
}

}  // namespace

TEST_CASE("of the ten thousand most common passwords each that has the composition is refused") {
  const policy::Policy policy(*policy::preset("quarterly"));
  const std::set<std::string> composition{"min_length", "max_length", "min_alphanumeric",
                                          "min_upper",  "min_lower",  "min_digit"};
  std::ifstream list(CRED_TEST_DATA "/../common-10000.txt");
  std::size_t count = 0;
  std::size_t composed = 0;
  for (std::string line; std::getline(list, line); ++count) {
    // As it is, and as people bring it through a composition rule.
    std::string capital = line;
    capital[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(capital[0])));
    for (const std::string& candidate : {line, capital, capital + "1", capital + "123!"}) {
      const auto rules = refusing(policy, candidate);
      const bool passes = std::none_of(rules.begin(), rules.end(), [&](const auto& rule) {
        return composition.count(rule) == 1;
      });
      if (!passes) continue;
      ++composed;
      CAPTURE(candidate);
      CHECK_FALSE(rules.empty());
    }
  }
  CHECK(count == 10'000);
  CHECK(composed > 1000);
}

TEST_CASE("a common password is known in disguise, and several words are not") {
  const policy::Policy policy(*policy::preset("quarterly"));
  for (const char* text : {"Password123!", "P@ssw0rd1", "1Letmein!", "Qwerty12345", "iLoveYou99",
                           "Dragondragon7", "M-o-n-k-e-y-42"}) {
    INFO(text);
    CHECK(banned(policy, text));
  }
  for (const char* text :
       {"Correct-Horse-42", "Tricky4Battery", "Bobsled-Run9", "Distelfink+Zaun4"}) {
    INFO(text);
    CHECK_FALSE(banned(policy, text));
  }
}

TEST_CASE("with match = whole only the whole password is compared") {
  const policy::Policy policy(*policy::preset("nist-800-63b-4"));
  CHECK(banned(policy, "password"));
  CHECK(banned(policy, "PassWord"));
  CHECK_FALSE(banned(policy, "password-of-the-day-17"));
  CHECK_FALSE(banned(policy, "P@ssword"));
}

TEST_CASE("the administrator's words are refused, whole and as the core") {
  auto options = *policy::preset("quarterly");
  options.banned_words = {"Skyline-Tower", "Hölderlin"};
  const policy::Policy policy(options);
  CHECK(banned(policy, "Skyline-Tower"));
  CHECK(banned(policy, "sKyL1ne-t0wer2026"));
  CHECK(banned(policy, "H0lderlin99"));
  CHECK_FALSE(banned(policy, "Skyline-Anchor7"));
}

TEST_CASE("a list in a file is read, and read anew when it changes") {
  TemporaryDirectory directory;
  const auto path = directory / "banned.txt";
  std::ofstream(path) << "# words\r\n\nKornblume\r\n";
  const auto policy = with_list(path);
  CHECK(banned(policy, "Kornblume-17"));
  CHECK_FALSE(banned(policy, "Distelfink-17"));
  std::ofstream(path) << "Kornblume\nDistelfink\n";
  CHECK(banned(policy, "Distelfink-17"));
}

TEST_CASE("a list that cannot be used is named, with the line, and no verdict is given") {
  TemporaryDirectory directory;
  const auto path = directory / "banned.txt";
  const auto policy = with_list(path);
  const auto problem = [&] {
    const auto report = policy.judge(secret("Distelfink-17"), {});
    REQUIRE(report.data_failures.size() == 1);
    CHECK(std::none_of(report.verdicts.begin(), report.verdicts.end(),
                       [](const auto& verdict) { return verdict.rule == "banned"; }));
    return report.data_failures.front();
  };
  CHECK(problem().code == Code::configuration);
  CHECK(problem().message.find(path) != std::string::npos);
  std::ofstream(path) << "word\n\xff\xfe\n";
  CHECK(problem().code == Code::integrity);
  CHECK(problem().message.find(path + ":2") != std::string::npos);
  std::ofstream(path) << "word\nfine\n";
  CHECK(policy.judge(secret("Distelfink-17"), {}).data_failures.empty());
}
