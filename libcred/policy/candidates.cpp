#include "policy/candidates.hpp"

#include "policy/characters.hpp"
#include "policy/password_text.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace cred::policy {
namespace {

constexpr std::size_t most_counted = 2'000;
constexpr std::size_t most_joined = 6;
// Words after one that announces a password: "my password is still ...".
constexpr std::size_t most_announced = 4;
constexpr std::size_t longest_usual = 64;

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f' || c == '\v';
}

bool is_punctuation(char c) {
  return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') ||
         (c >= '{' && c <= '~');
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

bool contains(std::string_view text, std::string_view word) {
  return std::search(text.begin(), text.end(), word.begin(), word.end(),
                     [](char a, char b) { return lower(a) == b; }) != text.end();
}

// In the languages that mail is likely to be in; a word that is missing costs a rank.
bool announces(std::string_view word) {
  constexpr std::array<std::string_view, 9> parts{"passw", "kennwort",   "passphrase",
                                                  "pwd",   "contrase",   "parola",
                                                  "senha", "wachtwoord", "passe"};
  if (std::ranges::any_of(parts, [&](std::string_view part) { return contains(word, part); }))
    return true;
  while (!word.empty() && is_punctuation(word.back())) word.remove_suffix(1);
  while (!word.empty() && is_punctuation(word.front())) word.remove_prefix(1);
  return (word.size() == 2 || word.size() == 4) &&
         (contains(word, "pass") || (word.size() == 2 && contains(word, "pw")));
}

struct Word {
  std::string_view text;
  std::size_t line = 0;
  bool announced = false;
  bool alone = false;  // it, or a part of it, could be a password by itself
};

enum class Rank : std::uint8_t { announced, announced_words, word, words, unlikely };

// A view into the text; white space within it stands for one space.
struct Candidate {
  std::string_view text;
  Rank rank;
};

// The text of a candidate as it would be typed.
Secret typed(const Candidate& candidate) {
  Secret bytes(candidate.text.size());
  if (!bytes.ok()) throw std::bad_alloc();
  std::size_t used = 0;
  const auto out = bytes.writable();
  for (std::size_t i = 0; i < candidate.text.size(); ++i) {
    const char c = candidate.text[i];
    if (!is_space(c))
      out[used++] = static_cast<std::byte>(c);
    else if (i > 0 && !is_space(candidate.text[i - 1]))
      out[used++] = std::byte{' '};
  }
  bytes.shrink(used);
  return bytes;
}

class Counts {
 public:
  explicit Counts(const Options& options) : options_(options) {}

  // Whether the lengths and counts are kept. Ends early; no byte of the text is kept.
  bool kept_by(std::string_view text) const {
    std::size_t length = 0;
    std::size_t upper = 0;
    std::size_t lowers = 0;
    std::size_t digits = 0;
    std::size_t letters = 0;
    std::size_t symbols = 0;
    const auto* next = reinterpret_cast<const utf8proc_uint8_t*>(text.data());
    auto left = static_cast<utf8proc_ssize_t>(text.size());
    if (text.size() > max_password_bytes) return false;
    bool spaced = false;
    while (left > 0) {
      utf8proc_int32_t c = 0;
      const utf8proc_ssize_t used = utf8proc_iterate(next, left, &c);
      if (used <= 0) return false;
      next += used;
      left -= used;
      const bool space = c < 128 && is_space(static_cast<char>(c));
      if (space && spaced) continue;
      spaced = space;
      ++length;
      upper += is_upper(c) ? 1 : 0;
      lowers += is_lower(c) ? 1 : 0;
      digits += is_digit(c) ? 1 : 0;
      letters += is_letter(c) ? 1 : 0;
      symbols += is_symbol(c) ? 1 : 0;
    }
    return length >= options_.min_length && length <= options_.max_length &&
           letters + digits >= options_.min_alphanumeric && letters >= options_.min_letter &&
           upper >= options_.min_upper && lowers >= options_.min_lower &&
           digits >= options_.min_digit && symbols >= options_.min_symbol;
  }

 private:
  const Options& options_;
};

class Collection {
 public:
  explicit Collection(const Options& options) : counts_(options) {}

  bool full() const { return found_.size() >= most_counted; }

  // The text and what is left of it without punctuation at its ends, which may be a sentence's.
  bool take(std::string_view text, Rank rank) {
    constexpr int most_stripped = 4;
    const bool unlikely = text.size() > longest_usual || text.find("://") != text.npos ||
                          (text.find('@') != text.npos && text.find('.') != text.npos);
    if (unlikely && rank != Rank::announced) rank = Rank::unlikely;
    bool any = false;
    std::string_view front = text;
    for (int stripped = 0; stripped <= most_stripped; ++stripped) {
      std::string_view back = front;
      for (int i = 0; i <= most_stripped; ++i) {
        if (!add({back, rank})) break;
        any = true;
        if (back.empty() || !is_punctuation(back.back())) break;
        back.remove_suffix(1);
        // What stands apart from its words: " like this ".
        while (!back.empty() && is_space(back.back())) back.remove_suffix(1);
      }
      if (front.empty() || !is_punctuation(front.front())) break;
      front.remove_prefix(1);
      while (!front.empty() && is_space(front.front())) front.remove_prefix(1);
    }
    return any;
  }
  // Of a single word, what follows a ':' or '=' too. Whether any of it is a candidate.
  bool take_word(std::string_view word, Rank rank) {
    constexpr int most_parts = 8;
    if (word.size() > 2 * max_password_bytes) return false;
    bool any = take(word, rank);
    std::size_t at = word.find_first_of(":=");
    for (int i = 0; i < most_parts && at != word.npos && at + 1 < word.size();
         ++i, at = word.find_first_of(":=", at + 1))
      any =
          take(word.substr(at + 1), announces(word.substr(0, at)) ? Rank::announced : rank) || any;
    return any;
  }

  Candidates done(std::size_t most) && {
    std::ranges::stable_sort(found_, {}, &Candidate::rank);
    Candidates candidates;
    candidates.total = found_.size();
    for (const Candidate& candidate : found_) {
      if (candidates.likeliest.size() == most) break;
      auto secret = normalise(typed(candidate));
      if (!secret) continue;
      const bool known = std::ranges::any_of(candidates.likeliest, [&](const Secret& other) {
        return std::ranges::equal(other.bytes(), secret->bytes());
      });
      if (!known) candidates.likeliest.push_back(std::move(*secret));
    }
    return candidates;
  }

 private:
  // False: nothing shorter will do either.
  bool add(const Candidate& candidate) {
    if (full() || !counts_.kept_by(candidate.text)) return false;
    const auto known = std::ranges::find_if(
        found_, [&](const Candidate& other) { return other.text == candidate.text; });
    if (known == found_.end())
      found_.push_back(candidate);
    else
      known->rank = std::min(known->rank, candidate.rank);
    return true;
  }

  const Counts counts_;
  std::vector<Candidate> found_;
};

// The next word at or behind `at`; empty at the end. Counts the lines that it passes.
std::string_view next_word(std::string_view text, std::size_t& at, std::size_t& line) {
  while (at < text.size() && is_space(text[at])) line += text[at++] == '\n' ? 1 : 0;
  const std::size_t begin = at;
  while (at < text.size() && !is_space(text[at])) ++at;
  return text.substr(begin, at - begin);
}

std::string_view from_to(const Word& first, const Word& last) {
  return {first.text.data(),
          static_cast<std::size_t>(last.text.data() + last.text.size() - first.text.data())};
}

bool quoted(const Word& first, const Word& last) {
  constexpr std::string_view marks = "\"'`<([{*";
  const char begin = first.text.front();
  return marks.find(begin) != marks.npos && std::ranges::any_of(last.text, [&](char c) {
           return c == begin || (begin == '<' && c == '>') || (begin == '(' && c == ')') ||
                  (begin == '[' && c == ']') || (begin == '{' && c == '}');
         });
}

}  // namespace

Candidates candidates(std::string_view text, const Options& options, std::size_t most) {
  Collection collection(options);
  // A word with those before it: as many as may be joined, and one that says where a line began.
  std::array<Word, most_joined + 1> last{};
  std::size_t count = 0;
  std::size_t announced = 0;
  const auto word_at = [&](std::size_t back) -> const Word& {
    return last[(count - 1 - back) % last.size()];
  };
  std::size_t at = 0;
  std::size_t line = 0;
  const auto end_of_line = [&](std::size_t next_line) {
    if (count == 0 || word_at(0).line == next_line) return;
    std::size_t words = 1;
    bool alone = word_at(0).alone;
    while (words < count && words <= most_joined && word_at(words).line == word_at(0).line)
      alone = word_at(words++).alone || alone;
    if (words >= 2 && words <= most_joined && !alone)
      collection.take(from_to(word_at(words - 1), word_at(0)), Rank::words);
  };
  while (!collection.full()) {
    const std::string_view word = next_word(text, at, line);
    end_of_line(word.empty() ? line + 1 : line);
    if (word.empty()) break;
    last[count++ % last.size()] = {word, line, announced > 0};
    Word& now = last[(count - 1) % last.size()];
    now.alone = collection.take_word(word, now.announced ? Rank::announced : Rank::word);
    for (std::size_t back = 1; back < most_joined && back < count && !now.alone; ++back) {
      const Word& first = word_at(back);
      if (first.alone) break;
      if (first.announced)
        collection.take(from_to(first, now), Rank::announced_words);
      else if (quoted(first, now))
        collection.take(from_to(first, now), Rank::words);
    }
    announced = announces(word) ? most_announced : announced - (announced > 0 ? 1 : 0);
  }
  return std::move(collection).done(most);
}

}  // namespace cred::policy
