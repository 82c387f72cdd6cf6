#include "policy/similarity.hpp"

#include "base/translate.hpp"
#include "base/wiped.hpp"
#include "policy/near_copy.hpp"
#include "policy/password_text.hpp"
#include "policy/search.hpp"
#include "policy/shape.hpp"

#include <algorithm>

namespace cred::policy {
namespace {

constexpr std::size_t least_contained = 5;

// Whether `most` edits or fewer lead from one to the other. Ukkonen: only the cells
// within `most` of the diagonal matter, so the time grows with their number.
bool within(Points from, Points to, std::size_t most) {
  if (from.size() > to.size()) std::swap(from, to);
  if (to.size() - from.size() > most) return false;
  const std::size_t beyond = most + 1;
  std::vector<std::size_t> row(to.size() + 1, beyond);
  for (std::size_t j = 0; j <= std::min(to.size(), most); ++j) row[j] = j;
  for (std::size_t i = 0; i < from.size(); ++i) {
    const std::size_t first = i + 1 > most ? i + 1 - most : 1;
    const std::size_t last = std::min(to.size(), i + 1 + most);
    std::size_t diagonal = row[first - 1];
    row[first - 1] = first == 1 && i + 1 <= most ? i + 1 : beyond;
    std::size_t least = row[first - 1];
    for (std::size_t j = first; j <= last; ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({replaced, row[j - 1] + 1, diagonal + 1, beyond});
      least = std::min(least, row[j]);
    }
    if (least > most) return false;
  }
  return row.back() <= most;
}

bool contains_core(Points text, Points core) {
  if (core.size() < least_contained) return false;
  const Secret backwards = shape::reversed(core);
  return contains(text, core) || contains(text, code_points(backwards));
}

// The end of the one moved to its front.
bool rotated(Points one, Points other) {
  if (one.size() != other.size()) return false;
  Wiped<std::int32_t> twice(one.begin(), one.end());
  twice.insert(twice.end(), one.begin(), one.end());
  return contains(twice, other);
}

bool share_a_form(const Secret& one, const Secret& other) {
  const auto ones = skeletons(one);
  const auto others = skeletons(other);
  return std::any_of(ones.begin(), ones.end(), [&](const Secret& a) {
    return std::any_of(others.begin(), others.end(), [&](const Secret& b) { return a.equals(b); });
  });
}

// Both folded, in one reading.
bool alike(Points old, Points fresh, std::size_t edits) {
  if (within(old, fresh, edits)) return true;
  const Secret backwards = shape::reversed(old);
  if (within(code_points(backwards), fresh, edits)) return true;
  return contains_core(fresh, shape::without_affixes(old)) ||
         contains_core(old, shape::without_affixes(fresh));
}

}  // namespace

std::string UnlikeTheOld::requirement() const {
  return counted(plural("More than %u character different from the current password",
                        "More than %u characters different from the current password"),
                 edits_);
}

std::optional<Violation> UnlikeTheOld::judge(const Candidate& candidate,
                                             const Context& context) const {
  const Candidate old(*context.old_password);
  const Secret old_plain = shape::unleet(old.folded());
  const Secret new_plain = shape::unleet(candidate.folded());
  const bool similar =
      alike(old.folded(), candidate.folded(), edits_) ||
      within(code_points(old_plain), code_points(new_plain), edits_) ||
      (old.folded().size() >= least_contained && contains(candidate.folded(), old.folded())) ||
      rotated(old.folded(), candidate.folded()) || share_a_form(old.text(), candidate.text());
  if (!similar) return std::nullopt;
  return Violation{
      counted(plural("it is too similar to the current password: change more than %u character, "
                     "and not only its case, digits, symbols or order",
                     "it is too similar to the current password: change more than %u characters, "
                     "and not only its case, digits, symbols or order"),
              edits_),
      {{"edits", std::to_string(edits_)}}};
}

}  // namespace cred::policy
