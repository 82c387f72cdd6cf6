// The policy's door: rules made of options, and the report on a candidate.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "policy/options.hpp"
#include "policy/password_text.hpp"
#include "policy/rule.hpp"

#include <memory>
#include <vector>

namespace cred::policy {

inline constexpr const char* history_rule = "history";

class Policy {
 public:
  explicit Policy(Options options);
  const Options& options() const { return options_; }
  const std::vector<std::unique_ptr<Rule>>& rules() const { return rules_; }

  // The verdict of every rule that applies, on a normalised password, in a fixed order. The history
  // needs the store and a hash: the engine adds `history_verdict`.
  std::vector<Verdict> judge(const Secret& normalised, const Context& context) const;

  // A random password that the policy accepts, drawn uniformly from those of its
  // length and alphabet. Errors: configuration (no such password was found).
  Expected<Secret> generate(const Context& context) const;

 private:
  Options options_;
  std::vector<std::unique_ptr<Rule>> rules_;
};

Verdict history_verdict(bool used_before);

}  // namespace cred::policy
