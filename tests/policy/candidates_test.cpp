#include "policy/candidates.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

using cred::policy::candidates;

namespace {

constexpr std::size_t most = 32;

std::vector<std::string> words(std::string_view text, const cred::policy::Options& options = {}) {
  std::vector<std::string> all;
  for (const auto& secret : candidates(text, options, most).likeliest) {
    const auto bytes = secret.bytes();
    all.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  }
  return all;
}

bool finds(std::string_view text, const std::string& password,
           const cred::policy::Options& options = {}) {
  const auto all = words(text, options);
  return std::ranges::find(all, password) != all.end();
}

}  // namespace

TEST_CASE("a password is a candidate wherever a person may put it") {
  const std::string password = "Correct7horse!";
  for (const char* text :
       {"Correct7horse!", "it is Correct7horse! and stays so", "my password: Correct7horse!.",
        "Passwort=Correct7horse!", "use \"Correct7horse!\", please", "(Correct7horse!)",
        "<Correct7horse!>", "user:alice:Correct7horse!", "Kennwort:\n\n  Correct7horse!\n",
        "**Correct7horse!**", "on\nCorrect7horse!\nlines"}) {
    INFO(text);
    CHECK(finds(text, password));
  }
  CHECK(
      finds("Your code: Gr\xc3\xbc\xc3\x9f"
            "e2Gott",
            "Gr\xc3\xbc\xc3\x9f"
            "e2Gott"));
}

TEST_CASE("words of a passphrase count as one in quotes, on a line or after the word") {
  cred::policy::Options options;
  options.min_alphanumeric = options.min_length = 15;
  options.min_upper = options.min_digit = options.min_lower = 0;
  const std::string phrase = "correct horse battery staple";
  for (const char* text :
       {"hello\ncorrect horse battery staple\nbye", "it is \" correct horse battery staple \"",
        "it is \"correct horse battery staple\", ok?",
        "the password is correct horse battery staple for now",
        "the password is correct   horse\n battery staple for now"}) {
    INFO(text);
    CHECK(finds(text, phrase, options));
  }
}

TEST_CASE("what the policy would not take is no candidate, and an ordinary mail has none") {
  CHECK(words("not these: correct7horse, nor CORRECT7HORSE, nor Correct-horse, nor Sh0rt").empty());
  CHECK(words("Dear Bob,\n\nthe meeting on Monday is at 10:30 in room 412. Please bring the\n"
              "figures of the year 2025, and then tell Alice.\n\nKind regards\nQuentin\n")
            .empty());
  CHECK(words("bad utf-8: Correct7\xff\xfehorse").empty());
  CHECK(words("").empty());
}

TEST_CASE("the likeliest come first, and no more than are asked for") {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "Invoice2025x" + std::to_string(i) + " ";
  text += "the password is Correct7horse";
  const auto all = candidates(text, {}, most);
  CHECK(all.likeliest.size() == most);
  CHECK(all.total > 100);
  CHECK(words(text)[0] == "Correct7horse");
  // Each once.
  CHECK(words("Correct7horse Correct7horse").size() == 1);
}

TEST_CASE("a hostile text is looked through in time in proportion to it") {
  const std::string colons(2'000'000, ':');
  CHECK(words(colons).empty());
  std::string many;
  for (int i = 0; i < 200'000; ++i) many += "!!!Aa1aaaaa" + std::to_string(i) + ":::\n";
  CHECK(candidates(many, {}, most).total == 2'000);
  CHECK(words(std::string(3'000'000, 'A') + "a1").empty());
}
