// Rule 9, first part: a password is not made of its owner's names.
#pragma once

#include "policy/rule.hpp"

namespace cred::policy {

// Looks for the login name and the parts of the full name, in any case, reversed,
// and with digits and symbols that stand for letters. Names of four letters or
// more count anywhere; shorter ones when nothing but digits and symbols stands around them.
class NotFromProfile final : public Rule {
 public:
  std::string id() const override { return "personal"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;
};

}  // namespace cred::policy
