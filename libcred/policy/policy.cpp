#include "policy/policy.hpp"

#include "base/translate.hpp"
#include "policy/breached.hpp"
#include "policy/composition.hpp"
#include "policy/family_names.hpp"
#include "policy/known_password.hpp"
#include "policy/personal_data.hpp"
#include "policy/rotation.hpp"
#include "policy/sequence.hpp"
#include "policy/similarity.hpp"
#include "policy/strength.hpp"

#include <algorithm>
#include <sodium.h>
#include <string_view>

namespace cred::policy {

Candidate::Candidate(const Secret& text)
    : text_(&text), points_(decode(text)), folded_(fold({text.chars(), text.size()})) {}

std::span<const std::int32_t> Candidate::points() const { return code_points(points_); }
std::span<const std::int32_t> Candidate::folded() const { return code_points(folded_); }

Policy::Policy(Options options) : options_(std::move(options)) {
  add_composition_rules(options_, rules_);
  rules_.push_back(std::make_unique<KnownPassword>(options_));
  if (options_.personal) rules_.push_back(std::make_unique<NotFromProfile>(options_.match));
  if (options_.family_names) rules_.push_back(std::make_unique<NotAName>(options_.match));
  if (options_.periodic()) rules_.push_back(std::make_unique<NotFromTheCalendar>());
  if (options_.max_repeat > 0) rules_.push_back(std::make_unique<MaxRepeat>(options_.max_repeat));
  if (options_.max_sequence > 0)
    rules_.push_back(std::make_unique<MaxSequence>(options_.max_sequence));
  if (options_.min_changed > 0)
    rules_.push_back(std::make_unique<UnlikeTheOld>(options_.min_changed));
  if (options_.min_strength > 0)
    rules_.push_back(std::make_unique<Strength>(options_.min_strength));
  if (!options_.breach.empty()) {
    breach_ = std::make_shared<BreachFile>(options_.breach);
    rules_.push_back(std::make_unique<Breached>(breach_));
  }
}

bool Report::refused() const {
  return std::any_of(verdicts.begin(), verdicts.end(),
                     [](const Verdict& verdict) { return verdict.violation.has_value(); });
}

Report Policy::judge(const Secret& normalised, const Context& context) const {
  const Candidate candidate(normalised);
  Report report;
  for (const auto& rule : rules_) {
    if (!rule->applies(context)) continue;
    try {
      Verdict verdict{rule->id(), rule->requirement(), std::nullopt, {}};
      if (auto violation = rule->judge(candidate, context)) {
        verdict.violation = std::move(violation->sentence);
        verdict.parameters = std::move(violation->parameters);
      }
      report.verdicts.push_back(std::move(verdict));
    } catch (const Failure& failure) {
      report.data_failures.push_back(failure.error());
    }
  }
  return report;
}

std::vector<std::string> Policy::requirements() const {
  std::vector<std::string> all;
  for (const auto& rule : rules_) all.push_back(rule->requirement());
  if (options_.history > 0) all.push_back(history_verdict(false).requirement);
  if (options_.history > 0 && options_.history_similar)
    all.push_back(similar_verdict(false).requirement);
  return all;
}

Expected<std::optional<bool>> Policy::breached(const Secret& normalised) const {
  if (!breach_) return std::nullopt;
  const auto known = is_breached(*breach_, normalised);
  if (!known) return tl::make_unexpected(known.error());
  return *known;
}

Expected<Generated> Policy::generate(const Context& context) const {
  return generate_password(options_, accepts(context));
}

Expected<Generated> Policy::generate_words(const Context& context, std::uint32_t words) const {
  return generate_passphrase(options_, words, accepts(context));
}

Accepts Policy::accepts(const Context& context) const {
  return [this, &context](const Secret& password) {
    const Report report = judge(password, context);
    if (!report.data_failures.empty() && options_.on_data_failure == OnDataFailure::refuse)
      throw Failure(report.data_failures.front());
    return !report.refused();
  };
}

Verdict history_verdict(bool used_before) {
  Verdict verdict{history_rule, tr("Never used for this account before"), std::nullopt, {}};
  if (used_before)
    verdict.violation =
        tr("it was used for this account before: choose one that is neither a recent nor an older "
           "password");
  return verdict;
}

Verdict similar_verdict(bool similar) {
  Verdict verdict{similar_rule, tr("Not an earlier password in a new shape"), std::nullopt, {}};
  if (similar)
    verdict.violation =
        tr("it is too much like an earlier password: choose a new one instead of altering an old "
           "one");
  return verdict;
}

}  // namespace cred::policy
