#include "policy/generate.hpp"

#include "policy/dictionary.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <sodium.h>
#include <string_view>

namespace cred::policy {
namespace {

constexpr std::uint32_t usual_length = 20;
// Without 0 O 1 l I, which people misread.
constexpr std::string_view letters = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";
constexpr std::string_view digits = "23456789";
constexpr std::string_view symbols = "!#%+-=?@_";

Secret memory(std::size_t size) {
  Secret bytes(size);
  if (!bytes.ok()) throw Failure(Code::unavailable, "no memory for a password");
  return bytes;
}

char drawn_from(std::string_view alphabet) {
  return alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))];
}

// `space_bits`: log2 of the number of equally likely draws. The accepted share comes
// from the draws themselves: at least so many, so that it is known to a tenth of a bit
// where it matters.
template <typename Draw>
Expected<Generated> draw_until(double space_bits, const Accepts& accepts, Draw draw) {
  constexpr int most_tries = 10'000;
  constexpr int enough_tries = 200;
  Generated result;
  int accepted = 0;
  int tries = 0;
  while (tries < enough_tries || (accepted == 0 && tries < most_tries)) {
    Secret candidate = draw();
    ++tries;
    if (!accepts(candidate)) continue;
    if (++accepted == 1) result.password = std::move(candidate);
  }
  if (accepted == 0)
    return fail(Code::configuration,
                "none of 10,000 random passwords satisfies this policy; loosen it, or ask for more "
                "words");
  result.entropy_bits = space_bits + std::log2(static_cast<double>(accepted) / tries);
  return result;
}

// Long enough that a kind of character that is asked for is drawn often enough.
std::uint32_t length_for(const Options& o, std::size_t alphabet) {
  const auto for_kind = [&](std::uint32_t least, std::size_t kind) {
    return least == 0 ? 0U : static_cast<std::uint32_t>(least * alphabet / kind + 1);
  };
  const std::size_t cased = letters.size() / 2;
  const std::uint32_t length =
      std::max({usual_length, o.min_length, o.min_alphanumeric + o.min_symbol,
                for_kind(o.min_letter, letters.size()), for_kind(o.min_upper, cased),
                for_kind(o.min_lower, cased), for_kind(o.min_digit, digits.size()),
                for_kind(o.min_symbol, symbols.size())});
  return std::min(length, o.max_length);
}

}  // namespace

Expected<Generated> generate_password(const Options& options, const Accepts& accepts) {
  std::string alphabet = std::string(letters) + std::string(digits);
  if (options.min_symbol > 0) alphabet += symbols;  // harder to type: only where asked for
  const std::uint32_t length = length_for(options, alphabet.size());
  return draw_until(length * std::log2(static_cast<double>(alphabet.size())), accepts, [&] {
    Secret password = memory(length);
    for (std::byte& b : password.writable()) b = static_cast<std::byte>(drawn_from(alphabet));
    return password;
  });
}

Expected<Generated> generate_passphrase(const Options& options, std::uint32_t words,
                                        const Accepts& accepts) {
  using dictionary::List;
  if (words < fewest_words || words > most_words)
    return fail(Code::usage, "a passphrase has 3 to 32 words");
  constexpr std::size_t longest_word = 16;
  const auto count = static_cast<std::uint32_t>(dictionary::size(List::passphrase_words));
  const double bits = words * std::log2(count) + options.min_digit * std::log2(digits.size());
  return draw_until(bits, accepts, [&] {
    Secret phrase = memory(words * (longest_word + 1) + options.min_digit + 1);
    std::size_t used = 0;
    const auto put = [&](char c) { phrase.writable()[used++] = static_cast<std::byte>(c); };
    for (std::uint32_t i = 0; i < words; ++i) {
      if (i > 0) put('-');
      const auto word = dictionary::word(List::passphrase_words, randombytes_uniform(count));
      const bool capital = i < options.min_upper;
      put(capital ? static_cast<char>(word.front() - 'a' + 'A') : word.front());
      for (const char c : word.substr(1, longest_word - 1)) put(c);
    }
    if (options.min_digit > 0) put('-');
    for (std::uint32_t i = 0; i < options.min_digit; ++i) put(drawn_from(digits));
    phrase.shrink(used);
    return phrase;
  });
}

}  // namespace cred::policy
