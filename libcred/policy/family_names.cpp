#include "policy/family_names.hpp"

#include "base/translate.hpp"
#include "base/wiped.hpp"
#include "policy/dictionary.hpp"
#include "policy/password_text.hpp"
#include "policy/shape.hpp"

#include <algorithm>
#include <array>

namespace cred::policy {
namespace {

constexpr std::size_t most_letters = 40;  // no three names have more
constexpr std::size_t most_names = 3;
constexpr std::size_t shortest_name = 4;
constexpr std::size_t shortest_alone = 3;
constexpr std::size_t longest_name = 14;
constexpr std::size_t most_other_letters = 2;

bool is_name(Points word) {
  return dictionary::contains(dictionary::List::given_names, word) ||
         dictionary::contains(dictionary::List::family_names, word);
}

// For each number of names, the most letters that they are.
using Covered = std::array<std::size_t, most_names + 1>;

// What names cover of a run of letters.
Covered covered(Points run) {
  std::vector<Covered> best(run.size() + 1, Covered{});
  for (std::size_t end = 1; end <= run.size(); ++end) {
    best[end] = best[end - 1];
    for (std::size_t length = shortest_alone; length <= std::min(end, longest_name); ++length) {
      if (length < shortest_name && length != run.size()) continue;
      if (!is_name(run.subspan(end - length, length))) continue;
      for (std::size_t n = 1; n <= most_names; ++n)
        best[end][n] = std::max(best[end][n], best[end - length][n - 1] + length);
    }
  }
  return best[run.size()];
}

Covered together(const Covered& one, const Covered& other) {
  Covered sum{};
  for (std::size_t n = 0; n <= most_names; ++n)
    for (std::size_t m = 0; n + m <= most_names; ++m)
      sum[n + m] = std::max(sum[n + m], one[n] + other[m]);
  return sum;
}

// Whether names are the substance of what stands between other characters.
bool made_of_names(Points text) {
  std::size_t letters = 0;
  for (const std::int32_t c : text) letters += is_letter(c) ? 1 : 0;
  if (letters < shortest_alone || letters > most_letters) return false;
  Covered all{};
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t from = i;
    while (i < text.size() && is_letter(text[i])) ++i;
    if (i > from) all = together(all, covered(text.subspan(from, i - from)));
    if (i == from) ++i;
  }
  const std::size_t others = letters - all[most_names];
  return others <= most_other_letters && others * 4 <= letters;
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
    found = made_of_names(inner) || made_of_names(code_points(plain));
    if (!found && std::any_of(inner.begin(), inner.end(), shape::is_leet))
      for (const Secret& reading : shape::cores(text))
        found = found || made_of_names(code_points(reading));
  }
  if (!found) return std::nullopt;
  return Violation{tr("it is hardly more than a name: choose something that is not called so")};
}

}  // namespace cred::policy
