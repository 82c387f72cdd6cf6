#include "policy/sequence.hpp"

#include "base/translate.hpp"
#include "policy/characters.hpp"

#include <algorithm>
#include <array>
#include <string_view>

namespace cred::policy {
namespace {

// Where digits follow each other, 0 also comes after 9.
constexpr std::array<std::string_view, 6> rows{"qwertyuiop", "qwertzuiop", "asdfghjkl",
                                               "zxcvbnm",    "yxcvbnm",    "1234567890"};

// The ways in which `b` may follow `a`, one for each bit: so that a run keeps to one
// order from its start to its end.
constexpr std::size_t ways = 2 + 2 * rows.size();
using Ways = std::array<bool, ways>;

bool stands_after(std::string_view row, std::int32_t a, std::int32_t b) {
  if (a > 127 || b > 127) return false;
  const std::size_t at = row.find(static_cast<char>(a));
  return at != std::string_view::npos && at + 1 < row.size() && row[at + 1] == b;
}

Ways ways_from(std::int32_t a, std::int32_t b) {
  Ways result{};
  const bool of_one_kind = (is_lower(a) && is_lower(b)) || (is_digit(a) && is_digit(b));
  result[0] = of_one_kind && b == a + 1;
  result[1] = of_one_kind && b == a - 1;
  for (std::size_t i = 0; i < rows.size(); ++i) {
    result[2 + 2 * i] = stands_after(rows[i], a, b);
    result[3 + 2 * i] = stands_after(rows[i], b, a);
  }
  return result;
}

std::uint32_t longest_sequence(Points text) {
  std::array<std::uint32_t, ways> length{};
  length.fill(1);
  std::uint32_t longest = text.empty() ? 0 : 1;
  for (std::size_t i = 1; i < text.size(); ++i) {
    const Ways now = ways_from(text[i - 1], text[i]);
    for (std::size_t way = 0; way < ways; ++way) {
      length[way] = now[way] ? length[way] + 1 : 1;
      longest = std::max(longest, length[way]);
    }
  }
  return longest;
}

std::uint32_t longest_repeat(Points text) {
  std::uint32_t longest = 0;
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    length = i > 0 && text[i] == text[i - 1] ? length + 1 : 1;
    longest = std::max(longest, length);
  }
  return longest;
}

Violation too_long(const Counted& sentence, std::uint32_t most, std::uint32_t has) {
  return {counted(sentence, most, has),
          {{"most", std::to_string(most)}, {"has", std::to_string(has)}}};
}

}  // namespace

std::string MaxRepeat::requirement() const {
  return counted(plural("The same character at most %u time in a row",
                        "The same character at most %u times in a row"),
                 most_);
}

std::optional<Violation> MaxRepeat::judge(const Candidate& candidate, const Context&) const {
  const std::uint32_t has = longest_repeat(candidate.points());
  if (has <= most_) return std::nullopt;
  return too_long(plural("use the same character at most %u time in a row (it is there %u times)",
                         "use the same character at most %u times in a row (it is there %u times)"),
                  most_, has);
}

std::string MaxSequence::requirement() const {
  return counted(plural("At most %u neighbour of the alphabet or keyboard in a row",
                        "At most %u neighbours of the alphabet or keyboard in a row"),
                 most_);
}

std::optional<Violation> MaxSequence::judge(const Candidate& candidate, const Context&) const {
  const std::uint32_t has = longest_sequence(candidate.folded());
  if (has <= most_) return std::nullopt;
  return too_long(plural("use at most %u neighbour of the alphabet or keyboard in a row, unlike "
                         "abcd or qwer (it has %u)",
                         "use at most %u neighbours of the alphabet or keyboard in a row, unlike "
                         "abcd or qwer (it has %u)"),
                  most_, has);
}

}  // namespace cred::policy
