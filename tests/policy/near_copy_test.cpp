// Which passwords share a form: data/near_copies.txt has the longer list.

#include "policy/near_copy.hpp"

#include "policy/password_text.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace cred;
using test::secret;

namespace {

std::vector<Secret> forms(const char* password) {
  return policy::skeletons(*policy::normalise(secret(password)));
}

bool near(const char* one, const char* other) {
  const auto ones = forms(one);
  const auto others = forms(other);
  return std::any_of(ones.begin(), ones.end(), [&](const Secret& a) {
    return std::any_of(others.begin(), others.end(), [&](const Secret& b) { return a.equals(b); });
  });
}

}  // namespace

TEST_CASE("a password and what people make of it next quarter share a form") {
  for (const char* copy :
       {"Summer2025!",       "Summer2026!",  "summer2025!",   "SUMMER2025!",
        "2025Summer!",       "!Summer2025",  "5umm3r2025!",   "5ummer2025!",
        "Summ3r2026",        "Summer2025!x", "xSummer2025!",  "Summer25x",
        "Summer2025abc",     "SummerX2025",  "!5202remmuS",   "Summer2025!Summer2025!",
        "ummerS2025!",       "Sum-mer2025!", "S.u.m.m.e.r25", "Winter2026!",
        "Fr\u00fchling2026", "March2027$"})
    CHECK((near("Summer2025!", copy) ? copy : "not near") == std::string(copy));
  for (const char* copy :
       {"Passwort2", "passwort1", "P@sswort1", "Pa55wort1", "1Passwort", "Passwort1!", "trowssaP1",
        "Passwort-1", "PasswortPasswort1", "Passwort1x", "aPasswort1", "PASSWORT99"})
    CHECK((near("Passwort1", copy) ? copy : "not near") == std::string(copy));
  for (const char* copy :
       {"Correct-Horse-43", "Correct_Horse_42", "CorrectHorse42", "Horse-Correct-42",
        "42-Correct-Horse", "C0rrect-H0rs3-42", "correct-horse-42x", "Correct7Horse42"})
    CHECK((near("Correct-Horse-42", copy) ? copy : "not near") == std::string(copy));
  CHECK(near("M\u00fcllers-Kuh-77", "Muellers-Kuh-78"));
  CHECK(near("CompanyWinter25", "CompanySummer26"));
  CHECK(near("a1b2c3d4", "a1b2c3d5"));
  CHECK(near("Michael-Kohl7", "lhoK-leahciM7"));
}

TEST_CASE("different passwords share no form") {
  CHECK_FALSE(near("Correct-Horse-42", "Correct-Battery-42"));
  CHECK_FALSE(near("Correct-Horse-42", "Staple-Horse-42"));
  CHECK_FALSE(near("Bobsled-Run9", "Tricky4Battery"));
  CHECK_FALSE(near("Zebra-Quilt-9", "Zebra-Lantern-9"));
  CHECK_FALSE(near("kX9#mPq2$vLw", "Tz4!nRb7&cHd"));
}

TEST_CASE("forms are few, and none has fewer than four letters") {
  CHECK(forms("12345678").empty());
  CHECK(forms("Ab1-2345").empty());
  CHECK(forms("!!!!").empty());
  CHECK(forms("Abcd1234").size() >= 1);
  for (const char* password : {"Summer2025!", "5omm3r-Zebr4-1x", "a1b2c3d4", "1a"})
    CHECK(forms(password).size() <= policy::max_skeletons);
}
