#include "policy/family_names.hpp"

#include "base/translate.hpp"
#include "base/wiped.hpp"
#include "policy/dictionary.hpp"
#include "policy/password_text.hpp"
#include "policy/shape.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace cred::policy {
namespace {

constexpr std::size_t most_letters = 40;  // no three names have more
constexpr std::size_t most_names = 3;
constexpr std::size_t shortest_name = 4;
constexpr std::size_t shortest_alone = 3;
constexpr std::size_t shortest_read = 5;  // where digits and symbols are read as letters
constexpr std::size_t longest_name = 14;
constexpr std::size_t most_other_letters = 2;

bool is_given(Points word) { return dictionary::contains(dictionary::List::given_names, word); }
bool is_name(Points word) {
  return is_given(word) || dictionary::contains(dictionary::List::family_names, word);
}

// For each number of names, the most letters that they are; and the same where a
// given name is among them.
struct Covered {
  std::array<std::size_t, most_names + 1> any{};
  std::array<std::size_t, most_names + 1> given{};
};

// What names cover of a run of letters; shorter ones count when the run is all `letters`
// that there are.
Covered covered(Points run, std::size_t letters) {
  std::vector<Covered> best(run.size() + 1);
  for (std::size_t end = 1; end <= run.size(); ++end) {
    Covered& here = best[end];
    here = best[end - 1];
    for (std::size_t length = shortest_alone; length <= std::min(end, longest_name); ++length) {
      if (length < shortest_name && length != letters) continue;
      const Points word = run.subspan(end - length, length);
      if (!is_name(word)) continue;
      const Covered& before = best[end - length];
      const bool given = is_given(word);
      for (std::size_t n = 1; n <= most_names; ++n) {
        here.any[n] = std::max(here.any[n], before.any[n - 1] + length);
        if (given) here.given[n] = std::max(here.given[n], before.any[n - 1] + length);
        if (before.given[n - 1] > 0)
          here.given[n] = std::max(here.given[n], before.given[n - 1] + length);
      }
    }
  }
  return best[run.size()];
}

Covered together(const Covered& one, const Covered& other) {
  Covered sum;
  for (std::size_t n = 0; n <= most_names; ++n)
    for (std::size_t m = 0; n + m <= most_names; ++m) {
      sum.any[n + m] = std::max(sum.any[n + m], one.any[n] + other.any[m]);
      for (const auto& [with, without] :
           {std::pair(&one.given[n], &other.any[m]), std::pair(&other.given[m], &one.any[n])})
        if (*with > 0) sum.given[n + m] = std::max(sum.given[n + m], *with + *without);
    }
  return sum;
}

// Whether names are the substance of what stands between other characters. Several
// family names are none: many are words, and people are not called so.
// `characters`: of the whole password, of which names must be a third, or a quarter when
// there is no other letter. `least`: the fewest letters of names that count.
bool made_of_names(Points text, std::size_t characters, std::size_t least) {
  std::size_t letters = 0;
  for (const std::int32_t c : text) letters += is_letter(c) ? 1 : 0;
  if (letters < shortest_alone || letters > most_letters) return false;
  Covered all;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t from = i;
    while (i < text.size() && is_letter(text[i])) ++i;
    if (i > from) all = together(all, covered(text.subspan(from, i - from), letters));
    if (i == from) ++i;
  }
  const std::size_t names = std::max(all.any[1], all.given[most_names]);
  const std::size_t others = letters - names;
  return names >= least && others <= most_other_letters && others * 4 <= letters &&
         names * (others == 0 ? 4 : 3) >= characters;
}

}  // namespace

std::string NotAName::requirement() const { return tr("Not just a name that people have"); }

std::optional<Violation> NotAName::judge(const Candidate& candidate, const Context&) const {
  const Points text = candidate.folded();
  const Points inner = shape::without_affixes(text);
  bool found = false;
  if (match_ == Match::whole) {
    found = is_name(text);
  } else if (inner.size() <= 2 * most_letters) {
    const Secret plain = shape::plain_vowels(inner);
    found = made_of_names(inner, text.size(), shortest_alone) ||
            made_of_names(code_points(plain), text.size(), shortest_alone);
    if (!found && std::any_of(inner.begin(), inner.end(), shape::is_leet))
      for (const Secret& reading : shape::cores(text))
        found = found || made_of_names(code_points(reading), text.size(), shortest_read);
  }
  if (!found) return std::nullopt;
  return Violation{tr("it is hardly more than a name: choose something that is not called so")};
}

}  // namespace cred::policy
