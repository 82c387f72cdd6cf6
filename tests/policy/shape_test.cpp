#include "policy/shape.hpp"

#include "policy/password_text.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace cred;
using namespace cred::policy;

namespace {

// What a function makes of `password`, as text again.
template <class Function>
std::string shaped(const char* password, Function function) {
  const Secret folded = fold(password);
  const Secret result = function(code_points(folded));
  std::string text;
  for (const std::int32_t c : code_points(result)) {
    utf8proc_uint8_t bytes[4];
    text.append(reinterpret_cast<char*>(bytes),
                static_cast<std::size_t>(utf8proc_encode_char(c, bytes)));
  }
  return text;
}

std::string unleeted(const char* password, shape::Stroke stroke) {
  return shaped(password, [&](Points text) { return shape::unleet(text, stroke); });
}

std::string core(const char* password) {
  return shaped(password, [](Points text) { return shape::core(text); });
}

std::string spelt(const char* password) { return shaped(password, shape::plain_vowels); }

std::vector<std::string> cores(const char* password) {
  const Secret folded = fold(password);
  std::vector<std::string> texts;
  for (const Secret& reading : shape::cores(code_points(folded))) {
    const Points points = code_points(reading);
    texts.emplace_back(points.begin(), points.end());
  }
  return texts;
}

}  // namespace

TEST_CASE("every sign is read as the letter that it stands for") {
  CHECK(unleeted("P@55w0rd", shape::Stroke::i) == "password");
  CHECK(unleeted("4l1ce", shape::Stroke::i) == "alice");
  CHECK(unleeted("4l1ce", shape::Stroke::l) == "allce");
  CHECK(unleeted("mu||3r!", shape::Stroke::l) == "mullerl");
  CHECK(unleeted("7+86$2(", shape::Stroke::i) == "ttbgszc");
  CHECK(shape::alike('1', 'l'));
  CHECK(shape::alike('!', 'i'));
  CHECK_FALSE(shape::alike('4', 'e'));
  CHECK_FALSE(shape::alike('a', '4'));
}

TEST_CASE("the core has neither affixes nor disguise") {
  CHECK(core("2025!P@ssw0rd#77") == "password");
  CHECK(core("Summer2025!x") == "summerzozsix");
  CHECK(core("12345678").empty());
  CHECK(core("").empty());
}

TEST_CASE("a sign at the edge is read both ways") {
  CHECK(cores("$ecret99") == std::vector<std::string>{"ecret", "ecretg", "secret", "secretg"});
  CHECK(cores("Summer1") == std::vector<std::string>{"summer", "summeri", "summerl"});
  CHECK(cores("Summer-1") == std::vector<std::string>{"summer"});
  CHECK(cores("1a1l1").size() == 8);
  CHECK(cores("42").empty());
}

TEST_CASE("spellings of German and Nordic letters meet") {
  for (const char* name : {"M\u00fcller", "Mueller", "Muller", "MU\u0308LLER", "mu3ller"})
    CHECK(spelt(name) == "muller");
  for (const char* name : {"Gro\u00df", "Gross", "GROSS"}) CHECK(spelt(name) == "gross");
  for (const char* name : {"S\u00f8ren", "Soeren", "S\u00f6ren", "Soren"})
    CHECK(spelt(name) == "soren");
  for (const char* name : {"\u00c5berg", "Aaberg", "\u00c6berg", "\u00c4berg", "Aberg"})
    CHECK(spelt(name) == "aberg");
  CHECK(spelt("1987-04-03") == "1987-04-03");
}

TEST_CASE("letters, separators and direction") {
  CHECK(shaped("Bob12Lee!", shape::letters) == "boblee");
  CHECK(shaped("1987-04/03 a_b.c", shape::without_separators) == "19870403abc");
  CHECK(shaped("Alice42", shape::reversed) == "24ecila");
}
