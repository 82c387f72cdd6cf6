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
  for (int i = 0; i < 20; ++i) {
    const auto password = policy.generate(context);
    REQUIRE(password);
    const std::string text(password->password.chars(), password->password.size());
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

namespace {

// Passwords as people and machines make them: words, names, numbers, signs, any text.
rc::Gen<std::string> passwords() {
  const auto piece = rc::gen::element<std::string>(
      "Summer", "winter", "Alice", "miller", "4l1c3", "2026", "1987", "Q3", "Passwort",
      "M\u00fcller", "zebra", "-", "!", "12", "x", "aaaa", "qwer", "\u6f22\u5b57", "  ", "ecilA");
  return rc::gen::map(
      rc::gen::nonEmpty(rc::gen::container<std::vector<std::string>>(rc::gen::oneOf(
          piece, rc::gen::container<std::string>(rc::gen::inRange<char>(' ', '~'))))),
      [](const std::vector<std::string>& pieces) {
        std::string text;
        for (const auto& p : pieces) text += p;
        return text.empty() ? std::string("x") : text.substr(0, 200);
      });
}

policy::Context alice(const Secret* current) {
  policy::Context context{"alice", "Alice M\u00fcller", current};
  context.email = "alice@winter-garten.example";
  context.phone = "+49 30 7654321";
  context.birth_date = "1987-04-03";
  return context;
}

}  // namespace

TEST_CASE("adding a rule never accepts more") {
  auto options = *policy::preset("quarterly");
  options.max_repeat = options.max_sequence = 3;
  const policy::Policy all(options);
  const std::vector<void (*)(policy::Options&)> less{
      [](auto& o) { o.min_upper = 0; },
      [](auto& o) { o.min_length = 1; },
      [](auto& o) { o.personal = false; },
      [](auto& o) { o.family_names = false; },
      [](auto& o) { o.max_age.reset(); },
      [](auto& o) { o.max_repeat = 0; },
      [](auto& o) { o.max_sequence = 0; },
      [](auto& o) { o.min_changed = 0; },
      [](auto& o) { o.max_repeat = 4; },
      [](auto& o) { o.max_sequence = 5; },
      [](auto& o) { o.match = policy::Match::whole; }};
  const Secret current = secret("Summer2025!");
  CHECK(rc::check([&] {
    const auto text = *passwords();
    if (!policy::normalise(secret(text))) return;
    const auto with_all = refusing(all, text, alice(&current));
    auto fewer = options;
    (*rc::gen::elementOf(less))(fewer);
    for (const auto& rule : refusing(policy::Policy(fewer), text, alice(&current)))
      RC_ASSERT(with_all.count(rule) == 1);
  }));
}

TEST_CASE("passwords that normalise to the same get the same answer") {
  const policy::Policy policy(*policy::preset("quarterly"));
  const Secret current = secret("Summer2025!");
  CHECK(rc::check([&] {
    auto composed = *passwords();
    std::string decomposed;
    for (std::size_t i = 0; i < composed.size(); ++i)
      if (composed.compare(i, 2, "\u00fc") == 0) {
        decomposed += "u\u0308";
        ++i;
      } else if (composed[i] == ' ') {
        decomposed += "\u3000";
      } else {
        decomposed += composed[i];
      }
    if (!policy::normalise(secret(composed))) return;
    RC_ASSERT(refusing(policy, composed, alice(&current)) ==
              refusing(policy, decomposed, alice(&current)));
  }));
}

TEST_CASE("the report is the same whatever the order of the rules") {
  const policy::Policy policy(*policy::preset("quarterly"));
  const Secret current = secret("Summer2025!");
  CHECK(rc::check([&] {
    const auto text = *passwords();
    const auto normalised = policy::normalise(secret(text));
    if (!normalised) return;
    const auto context = alice(&current);
    const auto verdicts = policy.judge(*normalised, context).verdicts;
    const policy::Candidate candidate(*normalised);
    // Backwards, and each for itself.
    auto verdict = verdicts.rbegin();
    for (auto rule = policy.rules().rbegin(); rule != policy.rules().rend(); ++rule, ++verdict) {
      const auto violation = (*rule)->judge(candidate, context);
      RC_ASSERT(verdict->rule == (*rule)->id());
      RC_ASSERT(verdict->violation.has_value() == violation.has_value());
      if (violation) RC_ASSERT(*verdict->violation == violation->sentence);
    }
  }));
}

TEST_CASE("a generated password passes every preset, near copies and all") {
  const Secret current = secret("Summer2025!");
  for (const auto& name : policy::presets()) {
    const policy::Policy policy(*policy::preset(name));
    for (int i = 0; i < 3; ++i) {
      const auto password = policy.generate(alice(&current));
      REQUIRE(password);
      CHECK_FALSE(policy.judge(password->password, alice(&current)).refused());
    }
  }
}

TEST_CASE("each rule says what to do and repeats neither password nor datum") {
  auto options = *policy::preset("quarterly");
  options.max_repeat = options.max_sequence = 3;
  const policy::Policy policy(options);
  const Secret current = secret("Zebrowski-qwertz1987");
  policy::Context context{"zebrowski", "Q. Zebrowski", &current};
  context.birth_date = "1987-04-03";
  std::set<std::string> seen;
  for (const char* text : {"Zebrowski-qwertz1987", "Winter2026aaaa!", "Schmidt1987"})
    for (const auto& verdict : policy.judge(secret(text), context).verdicts) {
      CHECK_FALSE(verdict.requirement.empty());
      if (!verdict.violation) continue;
      seen.insert(verdict.rule);
      for (const char* part : {"ebrowski", "1987", "qwertz", "inter2", "chmidt"})
        CHECK(verdict.violation->find(part) == std::string::npos);
    }
  for (const char* rule : {"personal", "rotation", "max_repeat", "max_sequence", "min_changed"})
    CHECK(seen.count(rule) == 1);
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
