#include "policy/similarity.hpp"

#include "base/translate.hpp"
#include "policy/password_text.hpp"

#include <algorithm>
#include <numeric>

namespace cred::policy {
namespace {

using Points = std::span<const std::int32_t>;

// Wagner and Fischer, one row at a time.
std::size_t distance(Points from, Points to) {
  std::vector<std::size_t> row(to.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < from.size(); ++i) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < to.size(); ++j) {
      const std::size_t replaced = diagonal + (from[i] == to[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
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
  if (distance(old.folded(), candidate.folded()) > edits_) return std::nullopt;
  return Violation{
      counted(plural("it is too similar to the current password: change more than %u character",
                     "it is too similar to the current password: change more than %u characters"),
              edits_),
      {{"edits", std::to_string(edits_)}}};
}

}  // namespace cred::policy
