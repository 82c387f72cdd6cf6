#include "policy/personal_data.hpp"

#include "base/translate.hpp"
#include "policy/password_text.hpp"

#include <algorithm>
#include <utf8proc.h>
#include <vector>

namespace cred::policy {
namespace {

using Points = std::span<const std::int32_t>;
using Word = std::vector<std::int32_t>;

constexpr std::size_t anywhere_from = 4;

bool is_letter(std::int32_t c) {
  const auto category = utf8proc_category(c);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

// Letters that `c` commonly stands for; the alphabet is that of folded text.
std::string_view stands_for(std::int32_t c) {
  switch (c) {
    case '0': return "o";
    case '1': return "il";
    case '2': return "z";
    case '3': return "e";
    case '4': return "a";
    case '5': return "s";
    case '6': return "g";
    case '7': return "t";
    case '8': return "b";
    case '9': return "g";
    case '@': return "a";
    case '$': return "s";
    case '!': return "il";
    case '|': return "il";
    case '+': return "t";
    default: return "";
  }
}

bool alike(std::int32_t typed, std::int32_t meant) {
  if (typed == meant) return true;
  return meant > 0 && meant < 128 &&
         stands_for(typed).find(static_cast<char>(meant)) != std::string_view::npos;
}

bool contains(Points text, const Word& word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(), alike) != text.end();
}

// The text without the digits and symbols around it.
Points core_of(Points text) {
  const auto first = std::find_if(text.begin(), text.end(), is_letter);
  const auto last = std::find_if(text.rbegin(), text.rend(), is_letter).base();
  return first < last ? Points(first, last) : Points();
}

bool core_is(Points text, const Word& word) {
  const Points core = core_of(text);
  return std::equal(core.begin(), core.end(), word.begin(), word.end(), alike);
}

bool made_of(Points text, const Word& word) {
  if (word.empty()) return false;
  const Word backwards(word.rbegin(), word.rend());
  if (word.size() >= anywhere_from) return contains(text, word) || contains(text, backwards);
  return word.size() > 1 && (core_is(text, word) || core_is(text, backwards));
}

// The whole name and its runs of letters: "o.neill42" gives itself and "neill".
std::vector<Word> words_of(std::string_view name) {
  const Secret folded = fold(name);
  const Points points = code_points(folded);
  std::vector<Word> words{Word(points.begin(), points.end())};
  Word run;
  for (const std::int32_t c : points) {
    if (is_letter(c)) {
      run.push_back(c);
    } else if (!run.empty()) {
      words.push_back(std::exchange(run, {}));
    }
  }
  if (!run.empty()) words.push_back(std::move(run));
  return words;
}

bool made_of_name(Points text, std::string_view name) {
  const auto words = words_of(name);
  return std::any_of(words.begin(), words.end(),
                     [&](const Word& word) { return made_of(text, word); });
}

}  // namespace

std::string NotFromProfile::requirement() const {
  return tr("Not made of your login or family names");
}

std::optional<Violation> NotFromProfile::judge(const Candidate& candidate,
                                               const Context& context) const {
  if (made_of_name(candidate.folded(), context.login))
    return Violation{
        tr("it is made of your login name: choose something that has nothing to do with it"),
        {{"datum", "login"}}};
  if (made_of_name(candidate.folded(), context.full_name))
    return Violation{
        tr("it contains one of your names: choose something that has nothing to do with you"),
        {{"datum", "name"}}};
  return std::nullopt;
}

}  // namespace cred::policy
