// The policy's door: rules made of options, and the report on a candidate.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "policy/generate.hpp"
#include "policy/options.hpp"
#include "policy/password_text.hpp"
#include "policy/rule.hpp"
#include "policy/strength.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cred::policy {

class BreachFile;

inline constexpr const char* history_rule = "history";
inline constexpr const char* similar_rule = "history_similar";

// What the rules say of a candidate, in a fixed order.
struct Report {
  std::vector<Verdict> verdicts;
  // Files that could not be used; each message names one. With
  // `OnDataFailure::refuse` the password must not be set.
  std::vector<Error> data_failures;
  // For `check` alone: it is advice, and costs time where a login waits.
  std::optional<Estimate> strength;

  bool refused() const;
};

class Policy {
 public:
  explicit Policy(Options options);
  const Options& options() const { return options_; }
  const std::vector<std::unique_ptr<Rule>>& rules() const { return rules_; }

  // What each rule asks for, the history's too, in the user's language.
  std::vector<std::string> requirements() const;

  // The verdict of every rule that applies, on a normalised password. The history
  // needs the store and a hash: the engine adds `history_verdict`.
  Report judge(const Secret& normalised, const Context& context) const;

  // Whether a password in use is in the breach corpus. Unset: there is none. Errors:
  // as the corpus gives them; a message names the file.
  Expected<std::optional<bool>> breached(const Secret& normalised) const;

  // A random password, or a passphrase of so many words, that the policy accepts:
  // generate.hpp. Throws Failure when a list or corpus cannot be used.
  Expected<Generated> generate(const Context& context) const;
  Expected<Generated> generate_words(const Context& context, std::uint32_t words) const;

 private:
  // As long as this and `context` live.
  Accepts accepts(const Context& context) const;

  Options options_;
  std::vector<std::unique_ptr<Rule>> rules_;
  std::shared_ptr<BreachFile> breach_;  // null: none is configured
};

Verdict history_verdict(bool used_before);
// `similar`: a near copy of an earlier password, which is not itself one.
Verdict similar_verdict(bool similar);

}  // namespace cred::policy
