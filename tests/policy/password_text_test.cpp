#include "policy/password_text.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <rapidcheck.h>
#include <utf8proc.h>

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

TEST_CASE("a space is a space, whichever key made it") {
  for (const char* space :
       {"\u00a0", "\u1680", "\u2000", "\u2003", "\u2009", "\u202f", "\u205f", "\u3000"})
    CHECK(normal(std::string("a") + space + "b") == "a b");
}

TEST_CASE("case, width and compatibility forms are kept") {
  for (const char* text : {"\uff21\uff42", "\ufb01x", "\u00b2", "\u210c", "\u01c5"})
    CHECK(normal(text) == text);
}

TEST_CASE("characters outside of the FreeformClass are refused") {
  for (const char* bad : {"a\ue000", "a\U000f0000", "a\u0378", "a\ufdd0", "a\U0010ffff", "a\u00ad",
                          "a\u200b", "a\u202e", "a\ufeff", "a\u2028", "a\u034f", "a\ufe0f",
                          "a\u200d", "a\u0640", "a\u1100", "a\U000e0041"})
    CHECK(normal(bad) ==
          "error: the password contains an invisible, private or unassigned character");
}

TEST_CASE("joiners are taken where scripts need them, and jamo where they compose") {
  CHECK(normal("\u0915\u094d\u200d\u0937") == "\u0915\u094d\u200d\u0937");
  CHECK(normal("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645") ==
        "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645");
  CHECK(normal("\u1112\u1161\u11ab") == "\ud55c");
}

TEST_CASE("what is normalised stays as it is, whatever it was made of") {
  CHECK(rc::check([] {
    const auto points = *rc::gen::container<std::vector<std::uint32_t>>(rc::gen::oneOf(
        rc::gen::inRange<std::uint32_t>(0x20, 0x7f), rc::gen::inRange<std::uint32_t>(0xa0, 0x250),
        rc::gen::inRange<std::uint32_t>(0x300, 0x315),
        rc::gen::inRange<std::uint32_t>(0x2000, 0x200b),
        rc::gen::inRange<std::uint32_t>(0x3000, 0x20000)));
    std::string text;
    for (const std::uint32_t point : points) {
      utf8proc_uint8_t bytes[4];
      text.append(reinterpret_cast<char*>(bytes), static_cast<std::size_t>(utf8proc_encode_char(
                                                      static_cast<std::int32_t>(point), bytes)));
    }
    const auto once = policy::normalise(secret(text));
    if (!once) return;
    const auto twice = policy::normalise(*once);
    RC_ASSERT(twice.has_value());
    RC_ASSERT(twice->equals(*once));
  }));
}
