// Tables of passwords and the rules that refuse them (data/*.txt), and what holds for
// every password.

#include "policy/policy.hpp"

#include "policy/case_table.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <rapidcheck.h>
#include <set>

using namespace cred;
using test::refusing;
using test::secret;

TEST_CASE("each line of the tables is refused for its reasons and no others") {
  std::size_t cases = 0;
  for (const auto& file : std::filesystem::directory_iterator(CRED_TEST_DATA)) {
    std::ifstream table(file.path());
    std::set<std::string> about;
    for (std::string line; std::getline(table, line);) {
      if (line.empty() || line.front() == '#') continue;
      if (line.starts_with("rules:")) {
        about = test::words(line.substr(6));
        continue;
      }
      CAPTURE(file.path().filename(), line);
      const test::Case one(line);
      std::set<std::string> found;
      for (const auto& rule : test::refusing(one))
        if (about.count(rule) == 1) found.insert(rule);
      CHECK(found == one.expected());
      ++cases;
    }
  }
  CHECK(cases >= 500);
}

TEST_CASE("all broken rules are reported at once, each with a sentence") {
  const policy::Policy policy(*policy::preset("quarterly"));
  const auto verdicts = policy.judge(secret("a"), {"alice", "", nullptr}).verdicts;
  const auto refusals = std::count_if(verdicts.begin(), verdicts.end(),
                                      [](const auto& v) { return v.violation.has_value(); });
  CHECK(refusals == 4);
  for (const auto& verdict : verdicts) {
    CHECK_FALSE(verdict.requirement.empty());
    if (verdict.violation) CHECK(verdict.violation->size() > 10);
  }
}

TEST_CASE("no reason repeats the password or the name that it matched") {
  const policy::Policy policy(*policy::preset("quarterly"));
  for (const auto& v :
       policy.judge(secret("Zebrowski1"), {"quentin", "Q. Zebrowski", nullptr}).verdicts)
    if (v.violation) {
      CHECK(v.violation->find("ebrowski") == std::string::npos);
      CHECK(v.violation->find("quentin") == std::string::npos);
    }
}

TEST_CASE("a generated password passes and no two are equal") {
  const policy::Policy policy(*policy::preset("quarterly"));
  const policy::Context context{"alice", "Alice Miller", nullptr};
  std::set<std::string> seen;
  for (int i = 0; i < 200; ++i) {
    const auto password = policy.generate(context);
    REQUIRE(password);
    const std::string text(password->chars(), password->size());
    CHECK(refusing(policy, text, context).empty());
    CHECK(seen.insert(text).second);
  }
}

TEST_CASE("a policy that nothing random satisfies is an error, not a loop") {
  auto options = *policy::preset("quarterly");
  options.min_digit = 60;
  options.min_upper = 0;
  options.min_lower = 0;
  options.min_length = 60;
  options.max_length = 60;
  CHECK(policy::Policy(options).generate({}).error().code == Code::configuration);
}

TEST_CASE("adding a rule never accepts more") {
  const policy::Policy all(*policy::preset("quarterly"));
  auto fewer_options = *policy::preset("quarterly");
  fewer_options.min_upper = 0;
  fewer_options.personal = false;
  const policy::Policy fewer(fewer_options);
  CHECK(rc::check([&] {
    const auto text =
        *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~')));
    const policy::Context context{"alice", "Alice Miller", nullptr};
    const auto with_all = refusing(all, text, context);
    for (const auto& rule : refusing(fewer, text, context)) RC_ASSERT(with_all.count(rule) == 1);
  }));
}

TEST_CASE("contradictory options are refused") {
  const auto wrong = [](auto adjust) {
    auto options = *policy::preset("quarterly");
    adjust(options);
    return !policy::consistent(options).has_value();
  };
  CHECK_FALSE(wrong([](auto&) {}));
  CHECK(wrong([](auto& o) { o.min_length = 2000; }));
  CHECK(wrong([](auto& o) { o.max_length = 8, o.min_digit = 9; }));
  CHECK(wrong([](auto& o) { o.history = 0; }));
  CHECK(wrong([](auto& o) { o.min_age = std::chrono::hours(24 * 90); }));
  CHECK(wrong([](auto& o) { o.warn = std::chrono::hours(24 * 91); }));
}
