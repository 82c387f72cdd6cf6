#include "policy/policy.hpp"

#include "policy/dictionary.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cmath>
#include <set>

using namespace cred;
using namespace cred::test;

namespace {

std::string text_of(const policy::Generated& made) {
  return {made.password.chars(), made.password.size()};
}

}  // namespace

TEST_CASE("what is generated satisfies its policy, in every preset") {
  const policy::Context context{"alice", "Alice Miller"};
  for (const auto& name : policy::presets()) {
    INFO(name);
    const policy::Policy policy(*policy::preset(name));
    for (int i = 0; i < 1; ++i) {
      const auto password = policy.generate(context);
      REQUIRE(password);
      CHECK_FALSE(policy.judge(password->password, context).refused());
      const auto phrase = policy.generate_words(context, 5);
      REQUIRE(phrase);
      CHECK_FALSE(policy.judge(phrase->password, context).refused());
    }
  }
}

TEST_CASE("demanding policies get longer passwords") {
  auto options = *policy::preset("quarterly");
  options.min_digit = 6;
  options.min_symbol = 5;
  options.min_upper = 8;
  options.min_length = 30;
  const policy::Policy policy(options);
  const auto made = policy.generate({});
  REQUIRE(made);
  CHECK_FALSE(policy.judge(made->password, {}).refused());
}

TEST_CASE("a short maximum is kept") {
  auto options = *policy::preset("quarterly");
  options.max_length = 9;
  const auto made = policy::Policy(options).generate({});
  REQUIRE(made);
  CHECK(made->password.size() == 9);
  CHECK(made->entropy_bits < 9 * std::log2(57.0));
}

TEST_CASE("the entropy is that of the accepted draws") {
  const policy::Policy policy(*policy::preset("quarterly"));
  const auto made = policy.generate({});
  // 20 characters of 57, of which about one in twenty has no digit.
  CHECK(made->entropy_bits > 20 * std::log2(57.0) - 0.5);
  CHECK(made->entropy_bits < 20 * std::log2(57.0));
  const auto phrase = policy.generate_words({}, 6);
  CHECK(phrase->entropy_bits > 66);
  CHECK(phrase->entropy_bits <= 69);
}

TEST_CASE("characters are drawn evenly") {
  const auto options = *policy::preset("nist-800-63b-4");
  std::array<int, 128> seen{};
  int drawn = 0;
  for (int i = 0; i < 200; ++i)
    for (const char c :
         text_of(*policy::generate_password(options, [](const Secret&) { return true; }))) {
      ++seen[static_cast<std::size_t>(c)];
      ++drawn;
    }
  const auto used = std::count_if(seen.begin(), seen.end(), [](int n) { return n > 0; });
  CHECK(used == 57);
  // Chi squared with 56 degrees of freedom: beyond 120 once in a million.
  const double expected = drawn / 57.0;
  double chi = 0;
  for (const int n : seen)
    if (n > 0) chi += (n - expected) * (n - expected) / expected;
  CHECK(chi < 120);
}

TEST_CASE("a passphrase has its words from the list") {
  const policy::Policy policy(*policy::preset("nist-800-63b-4"));
  const auto phrase = text_of(*policy.generate_words({}, 4));
  CHECK(std::count(phrase.begin(), phrase.end(), '-') == 3);
  std::set<std::string_view> list;
  for (std::size_t i = 0; i < 2048; ++i)
    list.insert(policy::dictionary::word(policy::dictionary::List::passphrase_words, i));
  std::size_t from = 0;
  while (from <= phrase.size()) {
    const auto to = std::min(phrase.find('-', from), phrase.size());
    CHECK(list.count(std::string_view(phrase).substr(from, to - from)) == 1);
    from = to + 1;
  }
}

TEST_CASE("two words are too few and a hundred too many") {
  const policy::Policy policy(*policy::preset("quarterly"));
  CHECK(policy.generate_words({}, 2).error().code == Code::usage);
  CHECK(policy.generate_words({}, 100).error().code == Code::usage);
}
