// Rule 9: a password is not made of what is known about its owner.
#pragma once

#include "policy/options.hpp"
#include "policy/rule.hpp"

namespace cred::policy {

// Looks for login, names, e-mail, phone, dates, attributes, host and realm in any case
// and order, reversed, in leetspeak, with or without umlauts and separators.
//
// Words of five characters or more count anywhere in any disguise. Words of four
// count anywhere as they are; disguised, they must stand apart, for in a random password
// some disguise of a four-letter word comes by chance too often.
// Shorter ones count when the password is made of nothing else but digits and symbols.
// With Match::whole a word counts only when it is the whole password.
class NotFromProfile final : public Rule {
 public:
  explicit NotFromProfile(Match match = Match::core) : match_(match) {}
  std::string id() const override { return "personal"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  Match match_;
};

}  // namespace cred::policy
