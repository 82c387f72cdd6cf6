// A few of the most frequent entries; the long lists are to come.

#include "policy/dictionary.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace cred::policy::dictionary {
namespace {

using Words = std::span<const std::string_view>;

constexpr std::array<std::string_view, 19> common_passwords{
    "abc123", "admin",    "dragon",   "hallo",    "iloveyou", "letmein", "master",
    "monkey", "passwort", "password", "princess", "qwerty",   "qwertz",  "schatz",
    "secret", "shadow",   "sunshine", "test",     "welcome"};
constexpr std::array<std::string_view, 68> given_names{
    "alexander", "alice",     "andreas",   "anna",    "barbara", "ben",     "birgit",    "bob",
    "charles",   "charlotte", "christian", "claudia", "daniel",  "david",   "elizabeth", "emily",
    "emma",      "frank",     "george",    "hannah",  "hans",    "heike",   "jack",      "james",
    "jan",       "jennifer",  "jessica",   "joerg",   "john",    "jorg",    "joseph",    "julia",
    "jurgen",    "karin",     "klaus",     "laura",   "leon",    "linda",   "lisa",      "lukas",
    "maria",     "martin",    "martina",   "mary",    "max",     "michael", "monika",    "nicole",
    "olivia",    "patricia",  "paul",      "peter",   "petra",   "richard", "robert",    "sabine",
    "sandra",    "sarah",     "sophie",    "stefan",  "susanne", "thomas",  "tim",       "ursula",
    "uwe",       "werner",    "william",   "wolfgang"};
constexpr std::array<std::string_view, 46> family_names{
    "anderson", "bauer",     "becker",   "brown",   "clark",    "davis",     "fischer", "garcia",
    "hoffmann", "jackson",   "johnson",  "jones",   "klein",    "koch",      "kruger",  "lang",
    "lange",    "lee",       "lewis",    "martin",  "martinez", "meier",     "meyer",   "miller",
    "mueller",  "muller",    "neumann",  "richter", "robinson", "rodriguez", "schafer", "schmidt",
    "schmitt",  "schneider", "schroder", "schulz",  "schwarz",  "smith",     "taylor",  "thompson",
    "wagner",   "weber",     "williams", "wilson",  "wolf",     "zimmermann"};
constexpr std::array<std::string_view, 32> words{
    "apfel",   "auto",   "battery", "berlin",   "coffee",  "company", "computer", "dream",
    "family",  "firma",  "flower",  "football", "freedom", "freund",  "fussball", "garten",
    "hamster", "haus",   "hello",   "horse",    "kaffee",  "katze",   "london",   "love",
    "money",   "mutter", "orange",  "schule",   "sommer",  "summer",  "winter",   "zebra"};

Words entries(List list) {
  switch (list) {
    case List::common_passwords: return common_passwords;
    case List::given_names: return given_names;
    case List::family_names: return family_names;
    case List::words: return words;
    case List::passphrase_words: break;
  }
  return {};
}

}  // namespace

bool contains(List list, std::span<const std::int32_t> folded) {
  // Compared in place: a copy of a part of the password would have to be wiped.
  const Words all = entries(list);
  return std::any_of(all.begin(), all.end(), [&](std::string_view entry) {
    return std::equal(entry.begin(), entry.end(), folded.begin(), folded.end(),
                      [](char a, std::int32_t b) { return a == b; });
  });
}

}  // namespace cred::policy::dictionary
