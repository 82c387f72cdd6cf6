#include "policy/password_text.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>

using namespace cred;
using test::secret;

namespace {
std::string normal(std::string_view text) {
  const auto result = policy::normalise(secret(text));
  return result ? std::string(result->chars(), result->size()) : "error: " + result.error().message;
}
}  // namespace

TEST_CASE("composed and decomposed umlauts are one password") {
  CHECK(normal("M\u00fcller") == "M\u00fcller");
  CHECK(normal("Mu\u0308ller") == "M\u00fcller");
}

TEST_CASE("what is a password stays as it is") {
  CHECK(normal("a") == "a");
  CHECK(normal(" a b ") == " a b ");
  CHECK(normal("\U0001F600\U00020000") == "\U0001F600\U00020000");
  CHECK(normal(std::string(1024, 'x')) == std::string(1024, 'x'));
}

TEST_CASE("a password that grows under NFC is still taken") {
  // U+0958 is excluded from composition and becomes two code points.
  std::string text;
  for (int i = 0; i < 341; ++i) text += "\u0958";
  CHECK(normal(text).size() == 341 * 6);
}

TEST_CASE("what is no password is refused and told why") {
  CHECK(normal("") == "error: the password is empty");
  CHECK(normal(std::string(1025, 'x')) == "error: the password is longer than 1,024 bytes");
  CHECK(normal(std::string("a\0b", 3)) == "error: the password contains a NUL byte");
  CHECK(normal("a\nb") == "error: the password contains a control character");
  CHECK(normal("a\x7f") == "error: the password contains a control character");
  CHECK(normal("a\u0085") == "error: the password contains a control character");
  // Overlong, surrogate, lone continuation, cut short, beyond U+10FFFF.
  for (const char* bad :
       {"\xc0\xaf", "\xed\xa0\x80", "\x80", "a\xe2\x82", "\xf4\x90\x80\x80", "\xff"})
    CHECK(normal(bad) == "error: the password is not valid UTF-8");
}
