// The new password is not the old one with a character or two changed.
#pragma once

#include "policy/rule.hpp"

namespace cred::policy {

// Levenshtein distance over folded code points must be more than `edits`. Not asked
// where the old password is not known, as in an administrator's reset.
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
