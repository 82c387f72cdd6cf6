#include "policy/policy.hpp"

#include "policy/composition.hpp"
#include "policy/personal_data.hpp"
#include "policy/similarity.hpp"

#include <algorithm>
#include <sodium.h>
#include <string_view>

namespace cred::policy {

Candidate::Candidate(const Secret& text)
    : points_(decode(text)), folded_(fold({text.chars(), text.size()})) {}

std::span<const std::int32_t> Candidate::points() const { return code_points(points_); }
std::span<const std::int32_t> Candidate::folded() const { return code_points(folded_); }

Policy::Policy(Options options) : options_(std::move(options)) {
  add_composition_rules(options_, rules_);
  if (options_.personal) rules_.push_back(std::make_unique<NotFromProfile>());
  if (options_.min_changed > 0)
    rules_.push_back(std::make_unique<UnlikeTheOld>(options_.min_changed));
}

std::vector<Verdict> Policy::judge(const Secret& normalised, const Context& context) const {
  const Candidate candidate(normalised);
  std::vector<Verdict> verdicts;
  for (const auto& rule : rules_)
    if (rule->applies(context))
      verdicts.push_back({rule->id(), rule->requirement(), rule->judge(candidate, context)});
  return verdicts;
}

Expected<Secret> Policy::generate(const Context& context) const {
  // Without 0 O 1 l I, which people misread; symbols only where the policy asks.
  std::string alphabet = "ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz23456789";
  if (options_.min_symbol > 0) alphabet += "!#%+-=?@_";
  const std::uint32_t asked = std::max(
      {20U, options_.min_length, options_.min_alphanumeric + options_.min_symbol,
       options_.min_upper + options_.min_lower + options_.min_digit + options_.min_symbol});
  const std::uint32_t length = std::min(asked, options_.max_length);
  constexpr int most_tries = 10'000;
  // Rejection keeps the draw uniform among the accepted ones.
  for (int i = 0; i < most_tries; ++i) {
    Secret password(length);
    if (!password.ok()) return fail(Code::unavailable, "no memory for a password");
    for (std::byte& b : password.writable())
      b = static_cast<std::byte>(
          alphabet[randombytes_uniform(static_cast<std::uint32_t>(alphabet.size()))]);
    const auto verdicts = judge(password, context);
    if (std::none_of(verdicts.begin(), verdicts.end(),
                     [](const Verdict& v) { return v.violation.has_value(); }))
      return password;
  }
  return fail(Code::configuration, "no random password satisfies this policy; loosen it");
}

Verdict history_verdict(bool used_before) {
  Verdict verdict{history_rule, "Never used for this account before", std::nullopt};
  if (used_before)
    verdict.violation =
        "it was used for this account before: choose one that is neither a recent nor an older "
        "password";
  return verdict;
}

}  // namespace cred::policy
