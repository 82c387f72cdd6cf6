#include "policy/near_copy.hpp"

#include "base/error.hpp"
#include "base/wiped.hpp"
#include "policy/calendar.hpp"
#include "policy/password_text.hpp"
#include "policy/search.hpp"
#include "policy/shape.hpp"

#include <algorithm>
#include <array>

namespace cred::policy {
namespace {

using Word = Wiped<std::int32_t>;

// Stands for any season or month; a private-use character, which no password has
// after normalisation.
constexpr std::int32_t season_mark = 0xe000;
constexpr std::size_t least_letters = 4;
// Where signs were read as letters chance has more to draw from.
constexpr std::size_t least_letters_read = 5;
constexpr std::size_t longest_leet_gap = 3;
constexpr std::size_t most_runs_of_few = 2;

struct Char {
  std::int32_t folded;
  bool upper;
};
using Text = Wiped<Char>;

// Folds one character at a time, so that each result knows the case it came from.
Text read(const Secret& normalised) {
  const Secret typed = decode(normalised);
  Text text;
  text.reserve(code_points(typed).size());
  for (const std::int32_t c : code_points(typed)) {
    std::array<std::int32_t, 32> parts{};
    int boundary = 0;
    const auto count = utf8proc_decompose_char(
        c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
        static_cast<utf8proc_option_t>(UTF8PROC_COMPAT | UTF8PROC_CASEFOLD | UTF8PROC_DECOMPOSE |
                                       UTF8PROC_STRIPMARK),
        &boundary);
    for (utf8proc_ssize_t i = 0; i < std::min<utf8proc_ssize_t>(count, 32); ++i)
      text.push_back({parts[static_cast<std::size_t>(i)], is_upper(c)});
    wipe(parts.data(), sizeof parts);
  }
  return text;
}

bool letter_at(const Text& text, std::size_t i) {
  return i < text.size() && is_letter(text[i].folded);
}
bool leet_at(const Text& text, std::size_t i) {
  return i < text.size() && shape::is_leet(text[i].folded);
}

// A stretch of the text that starts and ends with a letter.
struct Run {
  std::size_t from, to;
};

// Leetspeak between letters belongs to them, unless so long that it is a number.
std::vector<Run> runs_of(const Text& text) {
  std::vector<Run> runs;
  std::size_t i = 0;
  while (i < text.size()) {
    if (!letter_at(text, i)) {
      ++i;
      continue;
    }
    const std::size_t from = i;
    while (letter_at(text, i)) ++i;
    const bool joins = !runs.empty() && from - runs.back().to <= longest_leet_gap &&
                       std::all_of(text.begin() + static_cast<std::ptrdiff_t>(runs.back().to),
                                   text.begin() + static_cast<std::ptrdiff_t>(from),
                                   [](const Char& c) { return shape::is_leet(c.folded); });
    if (joins)
      runs.back().to = i;
    else
      runs.push_back({from, i});
  }
  return runs;
}

// Without a letter or two before a capital ("xSummer") or capitals at the end
// ("SummerX"): somebody put them there.
Run without_humps(const Text& text, Run run) {
  const auto capital = [&](std::size_t i) { return letter_at(text, i) && text[i].upper; };
  const auto small = [&](std::size_t i) { return letter_at(text, i) && !text[i].upper; };
  for (const std::size_t n : {1U, 2U})
    if (run.to - run.from >= least_letters + n && small(run.from) && small(run.from + n - 1) &&
        capital(run.from + n) && small(run.from + n + 1)) {
      run.from += n;
      break;
    }
  for (const std::size_t n : {1U, 2U})
    if (run.to - run.from >= least_letters + n && capital(run.to - n) && capital(run.to - 1) &&
        small(run.to - n - 1)) {
      run.to -= n;
      break;
    }
  return run;
}

Word word_of(const Text& text, Run run) {
  Word word;
  word.reserve(run.to - run.from);
  for (std::size_t i = run.from; i < run.to; ++i) {
    const std::int32_t letter = shape::letter_of(text[i].folded);
    word.push_back(letter == 'l' ? 'i' : letter);  // the strokes stand for both
  }
  return word;
}

// `name` in the letters of `word_of`.
bool same(std::span<const std::int32_t> word, std::string_view name) {
  return std::equal(word.begin(), word.end(), name.begin(), name.end(),
                    [](std::int32_t a, char b) { return a == (b == 'l' ? 'i' : b); });
}

// German spellings brought together as `plain_vowels` does, but the same whether the
// word is read forwards or backwards.
Word with_plain_vowels(const Word& word) {
  const auto softened = [&](std::size_t i) {
    const std::int32_t c = i < word.size() ? word[i] : 0;
    return c == 'a' || c == 'o' || c == 'u';
  };
  Word result;
  result.reserve(word.size());
  for (std::size_t i = 0; i < word.size(); ++i) {
    if (word[i] == 'e' && (softened(i + 1) || (i > 0 && softened(i - 1)))) continue;
    if (word[i] == 'a' && i > 0 && word[i - 1] == 'a') continue;
    result.push_back(word[i]);
  }
  return result;
}

struct Piece {
  Word word;
  std::size_t letters;  // as typed
  bool season = false;
};

Piece season(std::size_t letters) { return {Word{season_mark}, letters, true}; }

// A word, with the season or month that it is, begins or ends with taken out.
// `beside_digit` is asked for where the name is short or common.
void add_pieces(Word word, bool beside_digit, std::vector<Piece>& pieces) {
  const Word plain_memory = with_plain_vowels(word);
  const Points plain(plain_memory);
  for (const calendar::Name& name : calendar::names()) {
    const std::size_t length = name.text.size();
    if (same(plain, name.text) && (beside_digit || !name.common)) {
      pieces.push_back(season(length));
      return;
    }
    if (name.common || plain.size() < length + 3) continue;
    const bool begins = same(plain.first(length), name.text);
    if (!begins && !same(plain.last(length), name.text)) continue;
    const Points rest = begins ? plain.subspan(length) : plain.first(plain.size() - length);
    if (begins) pieces.push_back(season(length));
    pieces.push_back({Word(rest.begin(), rest.end()), rest.size()});
    if (!begins) pieces.push_back(season(length));
    return;
  }
  const std::size_t letters = word.size();
  pieces.push_back({std::move(word), letters});
}

std::size_t letters_in(const std::vector<Piece>& pieces) {
  std::size_t sum = 0;
  for (const Piece& piece : pieces) sum += piece.letters;
  return sum;
}

// Leaves out what is short, as long as most remains, and enough to tell passwords apart.
void drop_short(std::vector<Piece>& pieces, std::size_t shorter_than, std::size_t enough) {
  std::size_t rest = 0;
  for (const Piece& piece : pieces)
    if (piece.letters >= shorter_than) rest += piece.letters;
  if (rest < enough || rest * 3 < letters_in(pieces) * 2) return;
  std::erase_if(pieces, [&](const Piece& piece) { return piece.letters < shorter_than; });
}

// The longest word when it is most of the words, else all of them; and the seasons.
Piece joined(std::vector<Piece> pieces) {
  if (pieces.size() == 1 && pieces[0].season) pieces[0].letters = least_letters;
  drop_short(pieces, 3, 5);
  drop_short(pieces, 4, 6);
  std::size_t longest = 0;
  std::size_t all = 0;
  for (const Piece& piece : pieces) {
    if (piece.season) continue;
    longest = std::max(longest, piece.letters);
    all += piece.letters;
  }
  const bool one_word = longest * 5 >= all * 3;
  Piece whole{};
  for (const Piece& piece : pieces) {
    if (!piece.season && one_word && piece.letters < longest) continue;
    whole.word.insert(whole.word.end(), piece.word.begin(), piece.word.end());
    whole.letters += piece.letters;
  }
  return whole;
}

Piece words_form(const Text& text) {
  std::vector<Piece> pieces;
  for (const Run run : runs_of(text)) {
    const Run inner = without_humps(text, run);
    std::size_t before = inner.from;
    while (before > 0 && is_separator(text[before - 1].folded)) --before;
    std::size_t beyond = inner.to;
    while (beyond < text.size() && is_separator(text[beyond].folded)) ++beyond;
    const bool beside_digit = (before > 0 && is_digit(text[before - 1].folded)) ||
                              (beyond < text.size() && is_digit(text[beyond].folded));
    add_pieces(word_of(text, inner), beside_digit, pieces);
  }
  return joined(std::move(pieces));
}

Piece letters_form(const Text& text) {
  Piece all{};
  for (const Char& c : text)
    if (is_letter(c.folded)) all.word.push_back(c.folded);
  all.letters = all.word.size();
  return all;
}

// A character that ends a word for good: no letter, nor a sign for one.
bool is_border(const Char& c) { return !is_letter(c.folded) && !shape::is_leet(c.folded); }

void read_as_letters(Text& text, std::size_t from, std::size_t to) {
  for (std::size_t i = from; i < to; ++i) text[i].folded = shape::letter_of(text[i].folded);
}

// Signs between a letter and a border, as in "Tru3-4pril".
void read_inner_edges(Text& text, std::size_t first, std::size_t last) {
  for (std::size_t i = first; i < text.size();) {
    const std::size_t from = i;
    while (leet_at(text, i) && !letter_at(text, i)) ++i;
    const bool closes =
        from > first && letter_at(text, from - 1) && i < text.size() && is_border(text[i]);
    const bool opens = from > first && is_border(text[from - 1]) && letter_at(text, i);
    if (i > from && i - from <= longest_leet_gap && (closes || (opens && i < last)))
      read_as_letters(text, from, i);
    if (i == from) ++i;
  }
}

// How many of the digits from `at` on may be letters: all but a year.
std::size_t before_year(const Text& text, std::size_t at) {
  std::size_t end = at;
  while (end < text.size() && is_digit(text[end].folded)) ++end;
  return end - at > 4 ? std::min(end - at - 4, longest_leet_gap) : 1;
}

// Reads the signs next to the letters as letters.
Piece edges_form(Text text) {
  const auto letter = [](const Char& c) { return is_letter(c.folded); };
  const auto end_of_letters = [&] {
    return static_cast<std::size_t>(std::find_if(text.rbegin(), text.rend(), letter).base() -
                                    text.begin());
  };
  const auto first =
      static_cast<std::size_t>(std::find_if(text.begin(), text.end(), letter) - text.begin());
  read_inner_edges(text, first, end_of_letters());
  const std::size_t last = end_of_letters();
  if (first > 0 && first <= 2 && leet_at(text, first - 1)) {
    read_as_letters(text, 0, first);
    return words_form(text);
  }
  // The piece behind the last digit, when it is short: "Summer1x".
  std::size_t tail = last;
  while (tail > first && letter_at(text, tail - 1)) --tail;
  if (tail > first && last - tail <= 2 && is_digit(text[tail - 1].folded)) {
    text.resize(tail);
    return words_form(text);
  }
  if (leet_at(text, last)) read_as_letters(text, last, last + before_year(text, last));
  return words_form(text);
}

// Turned so that it comes first in dictionary order; linear time.
void turn(Word& word) {
  std::size_t best = 0;
  std::size_t other = 1;
  std::size_t same_for = 0;
  const std::size_t n = word.size();
  while (best < n && other < n && same_for < n) {
    const std::int32_t a = word[(best + same_for) % n];
    const std::int32_t b = word[(other + same_for) % n];
    if (a == b) {
      ++same_for;
      continue;
    }
    (a > b ? best : other) += same_for + 1;
    if (best == other) ++other;
    same_for = 0;
  }
  std::rotate(word.begin(), word.begin() + static_cast<std::ptrdiff_t>(std::min(best, other)),
              word.end());
}

Word canonical(const Word& word) {
  Word forwards = with_plain_vowels(word);
  forwards.resize(period(forwards));  // one copy of what is doubled
  Word backwards(forwards.rbegin(), forwards.rend());
  turn(forwards);
  turn(backwards);
  return std::min(forwards, backwards);
}

Secret utf8(const Word& word) {
  constexpr std::size_t most_bytes = 4;  // for each code point
  Secret bytes(word.size() * most_bytes);
  if (!bytes.ok()) throw Failure(Code::unavailable, "no memory for a password");
  std::size_t used = 0;
  for (const std::int32_t c : word)
    used += static_cast<std::size_t>(utf8proc_encode_char(c, bytes.uchars() + used));
  bytes.shrink(used);
  return bytes;
}

// What the password is besides its letters.
struct Whole {
  std::size_t characters;
  std::size_t runs;  // of letters

  // Letters that are few or scattered meet by chance.
  bool is_mostly(std::size_t letters) const {
    return letters * (runs <= most_runs_of_few ? 3 : 2) >= characters;
  }
};

void add_form(const Piece& piece, std::size_t least, const Whole& password,
              std::vector<Secret>& forms) {
  if (piece.letters < least_letters || !password.is_mostly(piece.letters)) return;
  const Word form = canonical(piece.word);
  if (form.size() < least && std::count(form.begin(), form.end(), season_mark) == 0) return;
  Secret bytes = utf8(form);
  const bool known =
      std::any_of(forms.begin(), forms.end(), [&](const Secret& f) { return f.equals(bytes); });
  if (!known) forms.push_back(std::move(bytes));
}

}  // namespace

std::vector<Secret> skeletons(const Secret& normalised) {
  const Text text = read(normalised);
  std::vector<Secret> forms;
  const Whole password{text.size(), runs_of(text).size()};
  add_form(words_form(text), least_letters_read, password, forms);
  add_form(letters_form(text), least_letters, password, forms);
  add_form(edges_form(text), least_letters_read, password, forms);
  return forms;
}

}  // namespace cred::policy
