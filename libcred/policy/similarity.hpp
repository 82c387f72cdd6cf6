// The new password is not the current one in a new shape.
#pragma once

#include "policy/rule.hpp"

namespace cred::policy {

// Refuses what is `edits` edits or fewer away from the current password (Levenshtein,
// case and marks ignored), as it is, un-leeted or reversed; what contains the core of
// the other, if that has five letters or more; its characters moved round; and what
// shares a form with it (see near_copy.hpp). Not asked where the current password is
// not known, as in an administrator's reset.
class UnlikeTheOld final : public Rule {
 public:
  explicit UnlikeTheOld(std::uint32_t edits) : edits_(edits) {}
  std::string id() const override { return "min_changed"; }
  std::string requirement() const override;
  bool applies(const Context& context) const override { return context.old_password != nullptr; }
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  std::uint32_t edits_;
};

}  // namespace cred::policy
