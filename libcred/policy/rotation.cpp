#include "policy/rotation.hpp"

#include "base/translate.hpp"
#include "base/wiped.hpp"
#include "policy/calendar.hpp"
#include "policy/dictionary.hpp"
#include "policy/password_text.hpp"
#include "policy/shape.hpp"

#include <algorithm>

namespace cred::policy {
namespace {

constexpr std::size_t longest_looked_at = 64;  // longer ones hold more than a word
constexpr std::size_t shortest_word = 3;
constexpr std::size_t most_strays = 2;
constexpr std::size_t longest_counter = 4;

bool is_word(Points word) {
  using dictionary::List;
  if (word.size() < 4) return false;
  for (const List list :
       {List::common_passwords, List::words, List::given_names, List::family_names})
    if (dictionary::contains(list, word)) return true;
  return false;
}

// A text from which marks of the calendar are struck out one after another.
class Struck {
 public:
  // `typed` tells capitals; it is left aside where folding moved characters.
  Struck(Points text, Points typed)
      : text_(text), typed_(typed), struck_(text.size(), false), named_(text.size(), false) {}

  bool strike_names() {
    bool found = false;
    for (const calendar::Name& name : calendar::names())
      for (std::size_t i = 0; i + name.text.size() <= text_.size(); ++i) {
        const std::size_t end = i + name.text.size();
        if (!is_at(name.text, i) || !stands_apart(name, i, end)) continue;
        strike_name(i, end);
        found = true;
      }
    return found;
  }

  bool strike_quarter_words() {
    bool found = false;
    for (const std::string_view word : {"quartal", "quarter"})
      for (std::size_t i = 0; i < text_.size(); ++i)
        if (is_at(word, i)) found = strike_quarter_word(i, i + word.size()) || found;
    return found;
  }

  // Q1 to Q4, with a year of two or four digits or none behind it; 1Q to 4Q likewise.
  bool strike_quarters() {
    bool found = false;
    for (std::size_t i = 0; i < text_.size(); ++i) {
      if (text_[i] != 'q' || struck_[i]) continue;
      if (starts_word(i) && is_quarter(i + 1) && may_end_quarter(digits_from(i + 2))) {
        strike(i, i + 2 + digits_from(i + 2));
        found = true;
      } else if (i > 0 && is_quarter(i - 1) && (i < 2 || !is_digit(text_[i - 2])) &&
                 (i + 1 == text_.size() || !is_letter(text_[i + 1])) &&
                 may_end_quarter(digits_from(i + 1))) {
        strike(i - 1, i + 1 + digits_from(i + 1));
        found = true;
      }
    }
    return found;
  }

  // Four digits alone or with a quarter or a month behind them.
  bool strike_years() {
    bool found = false;
    for_each_number([&](std::size_t from, std::size_t to) {
      if (to - from < 4 || to - from > 6) return;
      const auto digit = [&](std::size_t i) { return text_[from + i] - '0'; };
      const int year = digit(0) * 1000 + digit(1) * 100 + digit(2) * 10 + digit(3);
      if (year < 1950 || year > 2049) return;
      if (to - from == 5 && !is_quarter(from + 4)) return;
      if (to - from == 6 && digit(4) * 10 + digit(5) > 12) return;
      strike(from, to);
      found = true;
    });
    return found;
  }

  // Numbers at either end, and two digits beside a season or month.
  void strike_counters() {
    for_each_number([&](std::size_t from, std::size_t to) {
      const bool beside = (from > 0 && named_[before(from)]) || named_beyond(to);
      if (to - from <= longest_counter && (beside || at_end(from, to))) strike(from, to);
    });
  }

  // Whether no more than a word and a few strays are left.
  bool at_most_a_word(std::size_t strays_allowed) const {
    std::size_t words = 0;
    std::size_t strays = 0;
    for (std::size_t i = 0; i < text_.size();) {
      if (struck_[i]) {
        ++i;
        continue;
      }
      if (is_digit(text_[i])) ++strays;
      const std::size_t from = i;
      while (i < text_.size() && !struck_[i] && is_letter(text_[i]) && (i == from || !hump(i))) ++i;
      if (i - from >= shortest_word)
        ++words;
      else
        strays += i - from;
      if (i == from) ++i;
    }
    return words <= 1 && strays <= strays_allowed;
  }

  // What is left, without separators.
  Secret rest() const {
    Wiped<std::int32_t> left;
    left.reserve(text_.size());
    for (std::size_t i = 0; i < text_.size(); ++i)
      if (!struck_[i] && !is_separator(text_[i])) left.push_back(text_[i]);
    return Secret::copy_of(std::as_bytes(std::span(left)));
  }

 private:
  static std::ptrdiff_t at(std::size_t i) { return static_cast<std::ptrdiff_t>(i); }

  bool is_at(std::string_view word, std::size_t i) const {
    if (i + word.size() > text_.size()) return false;
    for (std::size_t k = 0; k < word.size(); ++k)
      if (struck_[i + k] || !shape::alike(text_[i + k], word[k])) return false;
    return true;
  }

  // A capital behind a small letter.
  bool hump(std::size_t i) const {
    return typed_.size() == text_.size() && i > 0 && is_lower(typed_[i - 1]) && is_upper(typed_[i]);
  }
  bool starts_word(std::size_t i) const {
    return i == 0 || struck_[i - 1] || !is_letter(text_[i - 1]) || hump(i);
  }
  bool ends_word(std::size_t i) const {
    return i == text_.size() || struck_[i] || !is_letter(text_[i]) || hump(i);
  }

  bool stands_apart(const calendar::Name& name, std::size_t from, std::size_t to) const {
    const bool starts = starts_word(from);
    const bool ends = ends_word(to);
    // Three or four letters come by chance: typed as letters, beside a day or a year.
    if (name.abbreviated || name.text.size() <= 4)
      return starts && ends &&
             std::all_of(text_.begin() + at(from), text_.begin() + at(to), is_letter) &&
             (may_be_year(digits_before(from)) || may_be_year(digits_beyond(to)));
    return name.common ? starts && ends : starts || ends;
  }

  // The nearest place before or behind that is no separator.
  std::size_t before(std::size_t i) const {
    do --i;
    while (i > 0 && is_separator(text_[i]));
    return i;
  }
  std::size_t beyond(std::size_t i) const {
    while (i < text_.size() && is_separator(text_[i])) ++i;
    return i;
  }
  bool named_beyond(std::size_t i) const { return beyond(i) < text_.size() && named_[beyond(i)]; }
  std::size_t digits_beyond(std::size_t i) const { return digits_from(beyond(i)); }
  std::size_t digits_before(std::size_t i) const {
    while (i > 0 && is_separator(text_[i - 1])) --i;
    std::size_t n = 0;
    while (n < i && is_digit(text_[i - n - 1])) ++n;
    return n;
  }

  bool is_quarter(std::size_t i) const {
    return i < text_.size() && text_[i] >= '1' && text_[i] <= '4';
  }
  std::size_t digits_from(std::size_t i) const {
    std::size_t n = 0;
    while (i + n < text_.size() && is_digit(text_[i + n])) ++n;
    return n;
  }
  static bool may_be_year(std::size_t digits) { return digits == 2 || digits == 4; }
  static bool may_end_quarter(std::size_t digits) { return digits == 0 || may_be_year(digits); }

  bool strike_quarter_word(std::size_t from, std::size_t to) {
    const bool behind = is_quarter(beyond(to));
    const bool ahead = from > 0 && is_quarter(before(from));
    if (!behind && !ahead) return false;
    strike_name(ahead ? before(from) : from, behind ? beyond(to) + 1 : to);
    return true;
  }

  bool at_end(std::size_t from, std::size_t to) const {
    return std::none_of(text_.begin(), text_.begin() + at(from), is_alphanumeric) ||
           std::none_of(text_.begin() + at(to), text_.end(), is_alphanumeric);
  }

  template <class Visit>
  void for_each_number(Visit visit) {
    for (std::size_t i = 0; i < text_.size();) {
      const std::size_t from = i;
      while (i < text_.size() && !struck_[i] && text_[i] >= '0' && text_[i] <= '9') ++i;
      if (i > from) visit(from, i);
      if (i == from) ++i;
    }
  }

  void strike_name(std::size_t from, std::size_t to) {
    strike(from, to);
    std::fill(named_.begin() + at(from), named_.begin() + at(to), true);
  }
  void strike(std::size_t from, std::size_t to) {
    std::fill(struck_.begin() + at(from), struck_.begin() + at(to), true);
  }

  Points text_, typed_;
  std::vector<bool> struck_, named_;
};

bool is_word_in_disguise(Points text) {
  for (const Secret& reading : shape::cores(text))
    if (is_word(code_points(reading))) return true;
  return false;
}

bool from_the_calendar(Points text, Points typed) {
  Struck left(text, typed);
  bool named = left.strike_names();
  named = left.strike_quarter_words() || named;
  const bool quarter = left.strike_quarters();
  const bool year = left.strike_years();
  if (!named && !quarter && !year) return false;
  left.strike_counters();
  // Q and a digit come by chance: alone they count beside a word and nothing else.
  if (left.at_most_a_word(named || year ? most_strays : 0)) return true;
  return is_word_in_disguise(code_points(left.rest()));
}

// A word with a bare counter. Five digits are more than a counter.
bool counted_word(Points text) {
  const Points inner = shape::without_affixes(text);
  const auto digits = std::count_if(text.begin(), text.end(), is_digit) -
                      std::count_if(inner.begin(), inner.end(), is_digit);
  if (digits < 1 || digits > static_cast<std::ptrdiff_t>(longest_counter)) return false;
  return is_word_in_disguise(text);
}

}  // namespace

std::string NotFromTheCalendar::requirement() const {
  return tr("Not a word with a season, month, quarter, year or counter");
}

std::optional<Violation> NotFromTheCalendar::judge(const Candidate& candidate,
                                                   const Context&) const {
  const Points text = candidate.folded();
  if (text.size() > longest_looked_at) return std::nullopt;
  if (!from_the_calendar(text, candidate.points()) && !counted_word(text)) return std::nullopt;
  return Violation{
      tr("the next one could be guessed from it: choose two or more words that have nothing to do "
         "with the calendar, instead of one with a season, month, year or number")};
}

}  // namespace cred::policy
