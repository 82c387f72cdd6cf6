#include "mutations.hpp"

#include <algorithm>
#include <cctype>
#include <functional>

namespace bench {
namespace {

using Random = std::mt19937_64;
using Mutate = std::function<std::string(std::string, Random&)>;

std::size_t below(std::size_t n, Random& random) {
  return std::uniform_int_distribution<std::size_t>(0, n - 1)(random);
}
char one_of(const std::string& alphabet, Random& random) {
  return alphabet[below(alphabet.size(), random)];
}
bool letter(char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; }
bool digit(char c) { return std::isdigit(static_cast<unsigned char>(c)) != 0; }
char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }
char toggled(char c) {
  return static_cast<char>(std::isupper(static_cast<unsigned char>(c)) != 0
                               ? std::tolower(static_cast<unsigned char>(c))
                               : std::toupper(static_cast<unsigned char>(c)));
}

const std::string digits = "0123456789";
const std::string symbols = "!#$%&*+-.?@_";
const std::string small = "abcdefghijklmnopqrstuvwxyz";

// Where the digits and symbols at the end begin.
std::size_t affix(const std::string& text) {
  std::size_t i = text.size();
  while (i > 0 && !letter(text[i - 1])) --i;
  return i;
}

std::size_t some_letter(const std::string& text, Random& random) {
  for (;;) {
    const std::size_t i = below(text.size(), random);
    if (letter(text[i])) return i;
  }
}

std::string counted_up(std::string text, Random&) {
  std::size_t to = text.size();
  while (to > 0 && !digit(text[to - 1])) --to;
  std::size_t from = to;
  while (from > 0 && digit(text[from - 1])) --from;
  if (from == to) return text + "1";
  return text.substr(0, from) + std::to_string(std::stoul(text.substr(from, to - from)) + 1) +
         text.substr(to);
}

std::string with_leet(std::string text, int odds, Random& random) {
  const std::string plain = "aeiost";
  const std::string signs = "431057";
  bool any = false;
  for (int tries = 0; !any && tries < 100; ++tries)
    for (char& c : text) {
      const std::size_t at = plain.find(lower(c));
      if (at == std::string::npos || below(100, random) >= static_cast<std::size_t>(odds)) continue;
      c = signs[at];
      any = true;
    }
  return text;
}

std::string other_separators(std::string text, Random& random) {
  const char with = one_of("-_. ", random);
  std::string result;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool separator = std::string("-_. ").find(text[i]) != std::string::npos;
    const bool word =
        i > 0 && letter(text[i - 1]) && std::isupper(static_cast<unsigned char>(text[i])) != 0;
    if (separator) continue;
    if (!result.empty() && (word || (i > 0 && !letter(text[i - 1]) != !letter(text[i]))))
      result += with;
    result += text[i];
  }
  return result;
}

std::string season_changed(std::string text, Random& random) {
  static const std::vector<std::string> seasons{"Summer", "Winter", "Autumn", "Herbst",
                                                "Sommer", "April",  "August", "Dezember"};
  for (const auto& season : seasons) {
    const auto at = text.find(season);
    if (at == std::string::npos) continue;
    std::string other = season;
    while (other == season) other = seasons[below(seasons.size(), random)];
    return text.replace(at, season.size(), other);
  }
  return counted_up(text, random);
}

std::string words_swapped(std::string text, Random& random) {
  const std::size_t end = affix(text);
  const std::size_t cut = text.find_first_of("-_. ");
  if (cut == std::string::npos || cut >= end) return text.substr(end) + text.substr(0, end);
  (void)random;
  return text.substr(cut + 1, end - cut - 1) + text[cut] + text.substr(0, cut) + text.substr(end);
}

std::string year(std::string text, Random& random) {
  const std::string next = std::to_string(2024 + below(5, random));
  return text.substr(0, affix(text)) + next + (below(2, random) == 0 ? "" : "!");
}

struct Kind {
  const char* name;
  bool changes_a_letter;
  Mutate mutate;
};

const std::vector<Kind>& kinds() {
  static const std::vector<Kind> all{
      {"the last number counted up", false, counted_up},
      {"a year at the end", false, year},
      {"case of the first letter", false,
       [](std::string t, Random&) {
         const auto first = std::find_if(t.begin(), t.end(), letter);
         *first = toggled(*first);
         return t;
       }},
      {"all in capitals, counted up", false,
       [](std::string t, Random& r) {
         for (char& c : t) c = lower(c) == c ? toggled(c) : c;
         return counted_up(t, r);
       }},
      {"case of one to three letters", false,
       [](std::string t, Random& r) {
         for (std::size_t n = 1 + below(3, r); n > 0; --n) {
           const std::size_t i = some_letter(t, r);
           t[i] = toggled(t[i]);
         }
         return t;
       }},
      {"leetspeak here and there", false,
       [](std::string t, Random& r) { return with_leet(std::move(t), 40, r); }},
      {"leetspeak everywhere", false,
       [](std::string t, Random& r) { return with_leet(std::move(t), 100, r); }},
      {"a digit at the end", false, [](std::string t, Random& r) { return t + one_of(digits, r); }},
      {"a symbol at the end", false,
       [](std::string t, Random& r) { return t + one_of(symbols, r); }},
      {"a letter at the end", false, [](std::string t, Random& r) { return t + one_of(small, r); }},
      {"two characters at the end", false,
       [](std::string t, Random& r) { return t + one_of(digits + small, r) + one_of(symbols, r); }},
      {"a digit or symbol in front", false,
       [](std::string t, Random& r) { return one_of(digits + symbols, r) + t; }},
      {"a letter in front", false, [](std::string t, Random& r) { return one_of(small, r) + t; }},
      {"the affix moved to the front", false,
       [](std::string t, Random&) { return t.substr(affix(t)) + t.substr(0, affix(t)); }},
      {"another affix", false,
       [](std::string t, Random& r) {
         t = t.substr(0, affix(t));
         for (std::size_t n = 2 + below(4, r); n > 0; --n) t += one_of(digits + symbols, r);
         return t;
       }},
      {"reversed", false, [](std::string t, Random&) { return std::string(t.rbegin(), t.rend()); }},
      {"written twice", false, [](std::string t, Random&) { return t + t; }},
      {"the first character moved to the end", false,
       [](std::string t, Random&) { return t.substr(1) + t[0]; }},
      {"other separators or none", false, other_separators},
      {"another season or month", false, season_changed},
      {"the words swapped", false, words_swapped},
      {"a case and a number", false,
       [](std::string t, Random& r) {
         const std::size_t i = some_letter(t, r);
         t[i] = toggled(t[i]);
         return counted_up(std::move(t), r);
       }},
      {"leetspeak and a number", false,
       [](std::string t, Random& r) {
         const std::size_t end = affix(t);
         return with_leet(t.substr(0, end), 40, r) + counted_up(t.substr(end), r);
       }},
      {"a letter replaced", true,
       [](std::string t, Random& r) {
         const std::size_t i = some_letter(t, r);
         const char was = t[i];
         while (lower(t[i]) == lower(was)) t[i] = one_of(small, r);
         return t;
       }},
      {"a letter left out", true,
       [](std::string t, Random& r) { return t.erase(some_letter(t, r), 1); }},
      {"a letter put in", true,
       [](std::string t, Random& r) { return t.insert(some_letter(t, r), 1, one_of(small, r)); }},
  };
  return all;
}

}  // namespace

const std::vector<std::string>& old_passwords() {
  static const std::vector<std::string> all{
      "Zebrafink-17",     "Correct-Horse-42", "Tricky4Battery",   "Muellers-Kuh-77",
      "Lampionfest#3",    "Bobsled-Run9",     "Quilted.Lantern5", "Sommer-Firma-25",
      "Herbstlaub_88",    "Blaubeerkuchen7!", "Vexilquor7Tam",    "GrandPiano1958",
      "Kaffee-Tasse-12!", "MountainBiker22",  "Regenschirm99",    "Copper_Kettle_4",
      "Dachziegel2024",   "Purple.Monkey.8",  "Winterreise-D911", "SilverSpoon#21",
      "Gartenzwerg!6",    "Old-Trafford-74",  "Nachtigall_03",    "PaperPlanes55",
      "Rosinenbrot2023!", "Thunder-Road-9",   "Fahrradkette#14",  "August-Abend-8",
      "Waffeleisen31",    "Harbour.Lights7",  "Kirschkern-2025",  "BrokenArrow#88",
      "Leuchtturm_46",    "Golden-Gate-37",   "Apfelstrudel!19",  "Saxophone-Solo2",
      "Murmelbahn2022",   "Velvet-Curtain5",  "Buchenholz#77",    "NightTrain-1147"};
  return all;
}

std::vector<Mutation> mutations(std::size_t count, std::mt19937_64& random) {
  std::vector<Mutation> result;
  for (std::size_t i = 0; result.size() < count; ++i) {
    const Kind& kind = kinds()[i % kinds().size()];
    const std::string& old = old_passwords()[below(old_passwords().size(), random)];
    std::string changed = kind.mutate(old, random);
    if (changed != old) result.push_back({kind.name, kind.changes_a_letter, old, changed});
  }
  return result;
}

}  // namespace bench
