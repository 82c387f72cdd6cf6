#include "policy/dictionary.hpp"

#include "policy/password_text.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace cred;
using policy::dictionary::List;

namespace {

bool has(List list, std::string_view word) {
  const Secret folded = policy::fold(word);
  return policy::dictionary::contains(list, policy::code_points(folded));
}

}  // namespace

TEST_CASE("the shipped lists have the words that one expects, and no others") {
  CHECK(has(List::common_passwords, "password"));
  CHECK(has(List::common_passwords, "123456"));
  CHECK_FALSE(has(List::common_passwords, "kornblumenfeld"));
  CHECK(has(List::given_names, "Alice"));
  CHECK(has(List::given_names, "J\u00fcrgen"));
  CHECK(has(List::given_names, "Juergen"));
  CHECK(has(List::family_names, "M\u00fcller"));
  CHECK(has(List::family_names, "Mueller"));
  CHECK(has(List::family_names, "Smith"));
  CHECK_FALSE(has(List::family_names, "xqzt"));
  CHECK(has(List::words, "Computer"));
  CHECK(has(List::words, "Woche"));
  CHECK_FALSE(has(List::words, ""));
}

TEST_CASE("every word of every list is found, the first and the last too") {
  for (const List list : {List::given_names, List::passphrase_words}) {
    const std::size_t count = policy::dictionary::size(list);
    REQUIRE(count > 2000);
    for (const std::size_t i : {std::size_t{0}, std::size_t{1}, count / 2, count - 2, count - 1}) {
      CAPTURE(i);
      const std::string word(policy::dictionary::word(list, i));
      CHECK(has(list, word));
      CHECK_FALSE(has(list, word + "q9"));
    }
  }
  CHECK(policy::dictionary::size(List::passphrase_words) == 2048);
}

TEST_CASE("a word longer than any list has is in none") {
  CHECK_FALSE(has(List::words, std::string(100'000, 'a')));
}
