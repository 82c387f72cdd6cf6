#include "policy/shape.hpp"

#include "base/error.hpp"

#include <algorithm>

namespace cred::policy::shape {
namespace {

// A Secret that is filled from the front, at most to its room.
class Filling {
 public:
  explicit Filling(std::size_t room) : memory_(room * sizeof(std::int32_t)) {
    if (!memory_.ok()) throw Failure(Code::unavailable, "no memory for a password");
  }
  void add(std::int32_t c) { points()[count_++] = c; }
  Secret take() {
    memory_.shrink(count_ * sizeof(std::int32_t));
    return std::move(memory_);
  }

 private:
  std::int32_t* points() { return reinterpret_cast<std::int32_t*>(memory_.writable().data()); }
  Secret memory_;
  std::size_t count_ = 0;
};

bool is_stroke(std::int32_t c) { return c == '1' || c == '!' || c == '|'; }

bool reads_as_e(std::int32_t c) { return c == 'e' || c == '3'; }

// The vowel of a letter that German or its neighbours also write with two; 0: none.
std::int32_t bare_vowel(std::int32_t c) {
  switch (c) {
    case 0xe6: return 'a';   // æ
    case 0xf8: return 'o';   // ø
    case 0x153: return 'o';  // œ
    default: return 0;
  }
}

// Whether `second` only says how the vowel `first` sounds.
bool softens(std::int32_t first, std::int32_t second) {
  if (!is_letter(first) && !is_letter(second)) return false;  // a number, such as 03
  const std::int32_t vowel = letter_of(first);
  if (vowel == 'a' && second == 'a') return true;  // å
  return (vowel == 'a' || vowel == 'o' || vowel == 'u') && reads_as_e(second);
}

}  // namespace

std::int32_t letter_of(std::int32_t c, Stroke stroke) {
  if (is_stroke(c)) return stroke == Stroke::i ? 'i' : 'l';
  switch (c) {
    case '0': return 'o';
    case '2': return 'z';
    case '3': return 'e';
    case '4': return 'a';
    case '5': return 's';
    case '6': return 'g';
    case '7': return 't';
    case '8': return 'b';
    case '9': return 'g';
    case '@': return 'a';
    case '$': return 's';
    case '+': return 't';
    case '(': return 'c';
    default: return c;
  }
}

bool is_leet(std::int32_t c) { return letter_of(c) != c; }

bool alike(std::int32_t typed, std::int32_t meant) {
  return typed == meant || letter_of(typed, Stroke::i) == meant ||
         letter_of(typed, Stroke::l) == meant;
}

Points without_affixes(Points text) {
  const auto first = std::find_if(text.begin(), text.end(), is_letter);
  const auto last = std::find_if(text.rbegin(), text.rend(), is_letter).base();
  return first < last ? Points(first, last) : Points();
}

Secret unleet(Points text, Stroke stroke) {
  Filling out(text.size());
  for (const std::int32_t c : text) out.add(letter_of(c, stroke));
  return out.take();
}

Secret letters(Points text) {
  Filling out(text.size());
  for (const std::int32_t c : text)
    if (is_letter(c)) out.add(c);
  return out.take();
}

Secret without_separators(Points text) {
  Filling out(text.size());
  for (const std::int32_t c : text)
    if (!is_separator(c)) out.add(c);
  return out.take();
}

Secret reversed(Points text) {
  Filling out(text.size());
  for (std::size_t i = text.size(); i > 0; --i) out.add(text[i - 1]);
  return out.take();
}

Secret plain_vowels(Points text) {
  Filling out(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const std::int32_t bare = bare_vowel(text[i]);
    out.add(bare != 0 ? bare : text[i]);
    if (i + 1 < text.size() && softens(text[i], text[i + 1])) ++i;
  }
  return out.take();
}

Secret core(Points text, Stroke stroke) { return unleet(without_affixes(text), stroke); }

std::vector<Secret> cores(Points text) {
  std::vector<Secret> readings;
  const Points inner = without_affixes(text);
  if (inner.empty()) return readings;
  const auto from = static_cast<std::size_t>(inner.data() - text.data());
  const std::size_t to = from + inner.size();
  const bool left = from > 0 && is_leet(text[from - 1]);
  const bool right = to < text.size() && is_leet(text[to]);
  for (const std::size_t first : {from, from - (left ? 1 : 0)})
    for (const std::size_t last : {to, to + (right ? 1 : 0)})
      for (const Stroke stroke : {Stroke::i, Stroke::l}) {
        Secret reading = unleet(text.subspan(first, last - first), stroke);
        const bool known = std::any_of(readings.begin(), readings.end(),
                                       [&](const Secret& r) { return r.equals(reading); });
        if (!known) readings.push_back(std::move(reading));
      }
  return readings;
}

}  // namespace cred::policy::shape
