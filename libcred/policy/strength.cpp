#include "policy/strength.hpp"

#include "base/error.hpp"
#include "base/translate.hpp"
#include "policy/profile_words.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <utf8proc.h>
#include <zxcvbn.h>

namespace cred::policy {
namespace {

// Each word is compared at every place of the password.
constexpr std::size_t most_words = 256;
constexpr std::size_t shortest_word = 3;
// More than zxcvbn's own frames take together.
constexpr std::size_t stack_bytes = std::size_t{32} * 1024;

std::vector<std::string> words_of(const Context& context) {
  std::vector<std::string> words;
  for (const ProfileWord& known : profile_words(context)) {
    if (words.size() == most_words) break;
    if (known.points.size() < shortest_word || known.points.size() > most_judged_bytes) continue;
    std::string word;
    for (const std::int32_t point : known.points) {
      std::array<utf8proc_uint8_t, 4> bytes{};
      const auto size = utf8proc_encode_char(point, bytes.data());
      word.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
    }
    words.push_back(std::move(word));
  }
  return words;
}

// Not inlined, so that its frame lies where zxcvbn's were.
[[gnu::noinline]] void wipe_stack() {
  std::array<std::byte, stack_bytes> used;
  wipe(used.data(), used.size());
}

double bits(const Secret& password, const char** words) {
  Secret text(password.size() + 1);  // terminated
  if (!text.ok()) throw Failure(Code::unavailable, "no memory for a password");
  std::memcpy(text.uchars(), password.uchars(), password.size());
  const double found = ZxcvbnMatch(text.chars(), words, nullptr);
  wipe_stack();
  return found;
}

}  // namespace

std::size_t judged_bytes(const Secret& normalised) {
  if (normalised.size() <= most_judged_bytes) return normalised.size();
  std::size_t end = most_judged_bytes;
  while (end > 0 && (normalised.uchars()[end] & 0xc0) == 0x80) --end;
  return end;
}

Estimate estimate(const Secret& normalised, const Context& context) {
  const Secret judged = Secret::copy_of(normalised.chars(), judged_bytes(normalised));
  if (!judged.ok()) throw Failure(Code::unavailable, "no memory for a password");
  const auto words = words_of(context);
  std::vector<const char*> list;
  for (const auto& word : words) list.push_back(word.c_str());
  list.push_back(nullptr);
  Estimate found;
  found.log10_guesses = std::max(0.0, bits(judged, list.data()) * std::log10(2.0));
  for (const double bound : {3.0, 6.0, 8.0, 10.0})
    found.score += found.log10_guesses < bound ? 0 : 1;
  return found;
}

std::string advice(const Estimate& estimate) {
  const unsigned score = estimate.score;
  if (score <= 1) return format(tr("Strength %u of 4: easily guessed; use several words"), score);
  if (score < good_score) return format(tr("Strength %u of 4: add a word or two"), score);
  return format(tr("Strength %u of 4: hard to guess"), score);
}

std::string Strength::requirement() const {
  return format(tr("A strength of at least %u of 4"), least_);
}

std::optional<Violation> Strength::judge(const Candidate& candidate, const Context& context) const {
  const auto found = estimate(candidate.text(), context);
  if (found.score >= least_) return std::nullopt;
  return Violation{
      format(tr("it is too easy to guess: use several words that have nothing to do with each "
                "other (strength %u of 4, at least %u)"),
             found.score, least_),
      {{"least", std::to_string(least_)}, {"has", std::to_string(found.score)}}};
}

}  // namespace cred::policy
