#include "policy/known_password.hpp"

#include "base/translate.hpp"
#include "policy/dictionary.hpp"
#include "policy/password_text.hpp"
#include "policy/shape.hpp"

#include <algorithm>

namespace cred::policy {
namespace {

constexpr std::size_t shortest_core = 4;

// "passpass" gives "pass".
Points once(Points text) {
  for (std::size_t length = shortest_core; length <= text.size() / 2; ++length) {
    if (text.size() % length != 0) continue;
    bool repeats = true;
    for (std::size_t i = length; i < text.size() && repeats; ++i)
      repeats = text[i] == text[i - length];
    if (repeats) return text.first(length);
  }
  return text;
}

// Common passwords end in digits themselves ("abc123"), so these are not all taken off:
// one by one, from either end.
template <typename Known>
bool known_without_additions(Points text, Known known) {
  constexpr std::size_t most_additions = 4;
  Points front = text;
  Points back = text;
  for (std::size_t i = 0; i < most_additions; ++i) {
    if (std::min(front.size(), back.size()) <= shortest_core) return false;
    front = is_letter(front.back()) ? front : front.first(front.size() - 1);
    back = is_letter(back.front()) ? back : back.subspan(1);
    if (known(front) || known(back)) return true;
  }
  return false;
}

template <typename Known>
bool is_made_of(Points folded, Match match, Known known) {
  if (known(folded)) return true;
  if (match == Match::whole) return false;
  const auto reading_known = [&](const Secret& reading) {
    const Points text = code_points(reading);
    return text.size() >= shortest_core && (known(text) || known(once(text)));
  };
  const auto any_core = [&](Points text) {
    for (const auto stroke : {shape::Stroke::i, shape::Stroke::l})
      if (reading_known(shape::unleet(text, stroke))) return true;
    const auto cores = shape::cores(text);
    return std::any_of(cores.begin(), cores.end(), reading_known);
  };
  if (known(once(folded)) || known_without_additions(folded, known) || any_core(folded))
    return true;
  const Secret joined = shape::without_separators(folded);
  return any_core(code_points(joined));
}

}  // namespace

KnownPassword::KnownPassword(const Options& options)
    : match_(options.match), words_(options.banned_words) {
  for (const auto& path : options.banned_lists)
    files_.push_back(std::make_unique<WordListFile>(path));
}

std::string KnownPassword::requirement() const {
  return tr("Not a common or banned password, nor made of one");
}

std::optional<Violation> KnownPassword::judge(const Candidate& candidate, const Context&) const {
  const Points folded = candidate.folded();
  const auto common = [](Points text) {
    return dictionary::contains(dictionary::List::common_passwords, text);
  };
  if (is_made_of(folded, match_, common))
    return Violation{tr("it is, or is made of, one of the most common passwords: choose several "
                        "words that have nothing to do with each other"),
                     {{"list", "common"}}};
  const auto banned = [&](const WordList& list) {
    return is_made_of(folded, match_, [&](Points text) { return list.contains(text); });
  };
  const auto violation = [](const std::string& list) {
    return Violation{tr("it is, or is made of, a word that is banned here: choose other words"),
                     {{"list", list}}};
  };
  if (banned(words_)) return violation("banned_words");
  for (const auto& file : files_)
    if (banned(*value_or_throw(file->current()))) return violation(file->path());
  return std::nullopt;
}

}  // namespace cred::policy
