#include "policy/personal_data.hpp"

#include "base/translate.hpp"
#include "base/wiped.hpp"
#include "policy/password_text.hpp"
#include "policy/profile_words.hpp"
#include "policy/shape.hpp"

#include <algorithm>
#include <optional>

namespace cred::policy {
namespace {

using Word = std::vector<std::int32_t>;

constexpr std::size_t anywhere_from = 4;
constexpr std::size_t disguised_anywhere_from = 5;
constexpr std::size_t across_separators_from = 6;
// People change between cases, digits and symbols a few times, chance does all the time.
constexpr int most_changes_of_a_person = 5;
constexpr std::size_t longest_core = 64;

// What a character may be read as: the strokes, i and l are one.
std::int32_t reading(std::int32_t c) {
  const std::int32_t letter = shape::letter_of(c);
  return letter == 'l' ? 'i' : letter;
}

int kind(std::int32_t c) {
  if (is_upper(c)) return 0;
  if (is_letter(c)) return 1;
  return is_digit(c) ? 2 : 3;
}

// A text that is searched, with its readings side by side.
class Seen {
 public:
  explicit Seen(Points text) : text_(text), gap_before_(text.size() + 1, false) {
    readings_.reserve(text.size());
    for (const std::int32_t c : text) readings_.push_back(reading(c));
    for (std::size_t i = 0; i + gram <= readings_.size(); ++i) {
      const std::size_t bit = hash(&readings_[i]);
      grams_[bit / 64] |= std::uint64_t{1} << (bit % 64);
    }
  }
  // `text` is `spaced` without its separators.
  Seen(Points text, Points spaced) : Seen(text) {
    separators_dropped_ = true;
    std::size_t kept = 0;
    for (const std::int32_t c : spaced)
      if (is_separator(c))
        gap_before_[kept] = true;
      else
        ++kept;
  }
  // Whether separators, or the ends of the text, stand before and behind the place.
  bool separated(std::size_t from, std::size_t to) const {
    const bool before = from == 0 || gap_before_[from] || is_separator(text_[from - 1]);
    const bool behind = to == text_.size() || gap_before_[to] || is_separator(text_[to]);
    return before && behind;
  }
  // Whether no letters do.
  bool without_letters_beside(std::size_t from, std::size_t to) const {
    const bool before = from == 0 || gap_before_[from] || !is_letter(text_[from - 1]);
    const bool behind = to == text_.size() || gap_before_[to] || !is_letter(text_[to]);
    return before && behind;
  }
  Points text() const { return text_; }
  bool separators_dropped() const { return separators_dropped_; }

  // Whether `accept(first, last)` likes one of the places where `word` may be read.
  template <class Accept>
  bool find(const Word& word, Accept accept) const {
    Word meant(word.size());
    std::transform(word.begin(), word.end(), meant.begin(), reading);
    if (!may_begin(meant)) return false;
    auto from = readings_.begin();
    while (true) {
      from = std::search(from, readings_.end(), meant.begin(), meant.end());
      if (from == readings_.end()) return false;
      const auto first = static_cast<std::size_t>(from - readings_.begin());
      const Points place = text_.subspan(first, word.size());
      if (std::equal(place.begin(), place.end(), word.begin(), shape::alike) &&
          accept(first, first + word.size()))
        return true;
      ++from;
    }
  }

 private:
  // Tells most words at once that they are not there: long texts and many words
  // would take milliseconds.
  static constexpr std::size_t gram = 4;
  static constexpr std::size_t bits = 4096;
  static std::size_t hash(const std::int32_t* at) {
    std::uint32_t sum = 0;
    for (std::size_t i = 0; i < gram; ++i) sum = sum * 37 + static_cast<std::uint32_t>(at[i]);
    return sum * 2654435761U >> 20;
  }
  bool may_begin(const Word& meant) const {
    if (meant.size() < gram) return true;
    const std::size_t bit = hash(meant.data());
    return (grams_[bit / 64] >> (bit % 64) & 1) != 0;
  }

  Points text_;
  Wiped<std::int32_t> readings_;
  Wiped<std::uint64_t> grams_ = Wiped<std::uint64_t>(bits / 64, 0);
  std::vector<bool> gap_before_;
  bool separators_dropped_ = false;
};

class Search {
 public:
  explicit Search(const Candidate& candidate)
      : plain_memory_(shape::plain_vowels(candidate.folded())),
        joined_memory_(shape::without_separators(code_points(plain_memory_))),
        joined_as_typed_memory_(shape::without_separators(candidate.folded())),
        letters_memory_(shape::letters(code_points(plain_memory_))),
        folded_(candidate.folded()),
        plain_(code_points(plain_memory_)),
        joined_(code_points(joined_memory_), code_points(plain_memory_)),
        joined_as_typed_(code_points(joined_as_typed_memory_), candidate.folded()) {
    plain_differs_ = !std::ranges::equal(plain_.text(), folded_.text());
    joined_differs_ = joined_.text().size() != plain_.text().size();
    const Points typed = candidate.points();
    int changes = 0;
    for (std::size_t i = 1; i < typed.size(); ++i)
      changes += kind(typed[i]) != kind(typed[i - 1]) ? 1 : 0;
    calm_ = changes <= most_changes_of_a_person;
  }

  bool is_whole(const Word& word) const {
    return is(folded_.text(), word) || is(plain_.text(), word) || is(joined_.text(), word) ||
           is(joined_as_typed_.text(), word);
  }

  bool contains(const ProfileWord& word) const {
    if (word.points.size() < anywhere_from) return false;
    const Word backwards(word.points.rbegin(), word.points.rend());
    if (word.calendar)
      return contains_number(joined_as_typed_, word, backwards) ||
             contains_number(joined_, word, backwards);
    return finds(folded_, word.points, backwards) ||
           (plain_differs_ && finds(plain_, word.points, backwards)) ||
           (joined_differs_ && finds(joined_, word.points, backwards));
  }

  // The datum that the core begins with, when it is made of words alone.
  std::optional<Datum> made_of(const std::vector<ProfileWord>& words) const {
    const Points text = joined_.text();
    const Points inner = shape::without_affixes(text);
    if (inner.empty()) return std::nullopt;
    const auto from = static_cast<std::size_t>(inner.data() - text.data());
    const std::size_t to = from + inner.size();
    // A sign at an edge may be a letter, too.
    for (const std::size_t first : {from, from - (from > 0 ? 1 : 0)})
      for (const std::size_t last : {to, to + (to < text.size() ? 1 : 0)})
        if (const auto datum = split(text.subspan(first, last - first), words)) return datum;
    return split(code_points(letters_memory_), words);
  }

 private:
  static bool is(Points text, const Word& word) {
    return std::equal(text.begin(), text.end(), word.begin(), word.end());
  }

  bool finds(const Seen& seen, const Word& word, const Word& backwards) const {
    return seen.find(word, [&](auto a, auto b) { return counts(seen, word, a, b); }) ||
           seen.find(backwards, [&](auto a, auto b) { return counts(seen, {}, a, b); });
  }

  // `word` is empty where any match is a disguise, as backwards.
  bool counts(const Seen& seen, const Word& word, std::size_t from, std::size_t to) const {
    const std::size_t length = to - from;
    if (length >= across_separators_from) return true;
    if (length >= disguised_anywhere_from && !seen.separators_dropped()) return true;
    const Points place = seen.text().subspan(from, length);
    if (is(place, word) && !seen.separators_dropped()) return true;
    const auto typed_letters = std::count_if(place.begin(), place.end(), is_letter);
    return typed_letters * 2 >= std::ssize(place) && apart(seen, from, to);
  }

  // Between separators; in a calm password also where the kind of character changes.
  bool apart(const Seen& seen, std::size_t from, std::size_t to) const {
    if (seen.separated(from, to)) return true;
    if (!calm_) return false;
    if (seen.without_letters_beside(from, to)) return true;
    const Points text = seen.text();
    const bool left_differs = from == 0 || kind(text[from - 1]) != kind(text[from]);
    const bool right_differs = to == text.size() || kind(text[to]) != kind(text[to - 1]);
    return left_differs && right_differs;
  }

  // In both: a 3 behind a vowel may be a day or an e.
  static bool contains_number(const Seen& seen, const ProfileWord& word, const Word& backwards) {
    return seen.find(word.points,
                     [&](auto a, auto b) { return is_number(seen.text(), word, a, b); }) ||
           (word.points.size() >= disguised_anywhere_from &&
            seen.find(backwards, [](auto, auto) { return true; }));
  }

  // No other digit beside a day or a year with a month's name, nor around the last
  // four digits of a phone number.
  static bool is_number(Points text, const ProfileWord& word, std::size_t from, std::size_t to) {
    const bool named = std::any_of(word.points.begin(), word.points.end(), is_letter);
    // Apr3 in leetspeak comes by chance too often.
    if (named && word.points.size() < across_separators_from &&
        !is(text.subspan(from, to - from), word.points))
      return false;
    if (!named && !word.whole_run) return true;
    const bool left = from > 0 && is_digit(text[from]) && is_digit(text[from - 1]);
    const bool right = to < text.size() && is_digit(text[to - 1]) && is_digit(text[to]);
    return !left && !right;
  }

  static bool starts_with(Points text, const Word& word) {
    return text.size() >= word.size() &&
           (std::equal(word.begin(), word.end(), text.begin(),
                       [](auto meant, auto typed) { return shape::alike(typed, meant); }) ||
            std::equal(word.rbegin(), word.rend(), text.begin(),
                       [](auto meant, auto typed) { return shape::alike(typed, meant); }));
  }

  // Whether `core` is words one after another; the datum of the first.
  static std::optional<Datum> split(Points core, const std::vector<ProfileWord>& words) {
    if (core.size() > longest_core) return std::nullopt;
    std::vector<std::optional<Datum>> reached(core.size() + 1);
    std::vector<bool> reachable(core.size() + 1);
    reachable[0] = true;
    for (std::size_t at = 0; at < core.size(); ++at) {
      if (!reachable[at]) continue;
      for (const ProfileWord& word : words) {
        if (word.calendar || !starts_with(core.subspan(at), word.points)) continue;
        const std::size_t end = at + word.points.size();
        if (reachable[end]) continue;
        reachable[end] = true;
        reached[end] = at == 0 ? word.datum : reached[at];
      }
    }
    return reached[core.size()];
  }

  Secret plain_memory_, joined_memory_, joined_as_typed_memory_, letters_memory_;
  Seen folded_, plain_, joined_, joined_as_typed_;
  bool plain_differs_ = false;
  bool joined_differs_ = false;
  bool calm_ = false;
};

Violation violation(Datum datum) {
  switch (datum) {
    case Datum::login:
      return {tr("it is made of your login name: choose something that has nothing to do with it"),
              {{"datum", "login"}}};
    case Datum::name:
      return {tr("it contains one of your names: choose something that has nothing to do with you"),
              {{"datum", "name"}}};
    case Datum::email:
      return {tr("it contains a part of your e-mail address: choose something that has nothing to "
                 "do with you"),
              {{"datum", "email"}}};
    case Datum::phone:
      return {tr("it contains your phone number: choose something that has nothing to do with you"),
              {{"datum", "phone"}}};
    case Datum::birth_date:
      return {tr("it contains your birth date: choose something that has nothing to do with you"),
              {{"datum", "birth_date"}}};
    case Datum::attribute:
      return {tr("it contains something that is on record about you: choose something that has "
                 "nothing to do with you"),
              {{"datum", "attribute"}}};
    case Datum::host:
      return {tr("it contains the name of this computer: choose something that has nothing to do "
                 "with it"),
              {{"datum", "host"}}};
    case Datum::realm: break;
  }
  return {tr("it contains the name of this service: choose something that has nothing to do "
             "with it"),
          {{"datum", "realm"}}};
}

}  // namespace

std::string NotFromProfile::requirement() const {
  return tr("Not made of your names, dates, addresses or anything else on record about you");
}

std::optional<Violation> NotFromProfile::judge(const Candidate& candidate,
                                               const Context& context) const {
  const auto words = profile_words(context);
  if (words.empty()) return std::nullopt;
  const Search search(candidate);
  for (const ProfileWord& word : words)
    if (match_ == Match::whole ? search.is_whole(word.points) : search.contains(word))
      return violation(word.datum);
  if (match_ == Match::whole) return std::nullopt;
  if (const auto datum = search.made_of(words)) return violation(*datum);
  return std::nullopt;
}

}  // namespace cred::policy
