#include "audit/log_text.hpp"

#include <catch2/catch.hpp>

using namespace cred::audit;

namespace {
const std::string bad = "\xef\xbf\xbd";
}

TEST_CASE("text without anything special stays as it is") {
  for (const std::string text : {"", "plain", "jos\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x94\x91",
                                 "\xed\x9f\xbf\xee\x80\x80", "\xf4\x8f\xbf\xbf", "\xc2\xa0"})
    CHECK(one_line(text) == text);
}

TEST_CASE("whatever ends a line somewhere is replaced") {
  for (const std::string text : {"\n", "\r", "\x0b", "\x0c", "\x1b", "\x7f", "\xc2\x85", "\xc2\x9f",
                                 "\xe2\x80\xa8", "\xe2\x80\xa9"})
    CHECK(one_line("a" + text + "b") == "a" + bad + "b");
  CHECK(one_line(std::string("a\0b", 3)) == "a" + bad + "b");
  CHECK(one_line("a\nb\tc", "\n") == "a\nb" + bad + "c");
}

TEST_CASE("bytes that are no UTF-8 are replaced one by one") {
  CHECK(one_line("\xff") == bad);
  CHECK(one_line("a\x80z") == "a" + bad + "z");
  CHECK(one_line("\xc3") == bad);
  CHECK(one_line("\xe2\x82") == bad + bad);
  CHECK(one_line("\xf0\x9f\x94z") == bad + bad + bad + "z");
  CHECK(one_line("\xc0\xaf") == bad + bad);                      // overlong
  CHECK(one_line("\xe0\x80\xaf") == bad + bad + bad);            // overlong
  CHECK(one_line("\xf0\x80\x80\xaf") == bad + bad + bad + bad);  // overlong
  CHECK(one_line("\xed\xa0\x80") == bad + bad + bad);            // surrogate
  CHECK(one_line("\xf4\x90\x80\x80") == bad + bad + bad + bad);  // beyond U+10FFFF
  CHECK(one_line("\xf5\x80\x80\x80") == bad + bad + bad + bad);
}

TEST_CASE("a backslash goes before each special character") {
  CHECK(escaped(R"(a"b\c]d)", "\"\\]") == R"(a\"b\\c\]d)");
  CHECK(escaped("plain", "\"\\]") == "plain");
}
