// A password is not just a common name.
#pragma once

#include "policy/options.hpp"
#include "policy/rule.hpp"

namespace cred::policy {

// Looks for the general lists of given and family names. The measure: one name, or up
// to three with a given name among them, are all the letters but two, and but a quarter;
// and they are a third of all the characters, or a quarter when there is no other
// letter. Letters are read as they are, and with the signs between them un-leeted. A name
// has four letters, or three when there is no other letter. So "Martina77!" and
// "4nnaLang" are refused; "Copper-Lamp100" and "Correct-Horse-42" are not.
// With Match::whole a name counts only when it is the whole password.
class NotAName final : public Rule {
 public:
  explicit NotAName(Match match) : match_(match) {}
  std::string id() const override { return "family_names"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  Match match_;
};

}  // namespace cred::policy
