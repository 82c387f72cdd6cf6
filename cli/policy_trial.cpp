#include "cli/policy_trial.hpp"

#include <algorithm>
#include <cstdio>

namespace cred::cli {

PolicyTrial::PolicyTrial(const policy::Policy& policy, const policy::Context& context,
                         std::size_t longest)
    : policy_(policy), context_(context), longest_(longest) {
  for (const auto& rule : policy.rules()) rows_.push_back({rule->id(), rule->requirement()});
}

void PolicyTrial::note_failures(const policy::Report& report) {
  for (const auto& failure : report.data_failures) {
    if (policy_.options().on_data_failure == policy::OnDataFailure::refuse) throw Failure(failure);
    if (std::find(data_failures_.begin(), data_failures_.end(), failure.message) ==
        data_failures_.end())
      data_failures_.push_back(failure.message);
  }
}

void PolicyTrial::judge(const Secret& line) {
  if (line.size() > longest_)
    return reject("the password is longer than " + std::to_string(longest_) +
                  " bytes, which is all that PAM carries");
  const auto password = policy::normalise(line);
  if (!password) return reject(password.error().message);
  const auto report = policy_.judge(*password, context_);
  note_failures(report);
  TrialRow* only = nullptr;
  std::size_t refusals = 0;
  for (const auto& verdict : report.verdicts) {
    const auto row = std::find_if(rows_.begin(), rows_.end(),
                                  [&](const auto& r) { return r.rule == verdict.rule; });
    if (row == rows_.end()) continue;
    row->asked = true;
    if (!verdict.violation) continue;
    ++row->refused;
    ++refusals;
    only = &*row;
  }
  if (refusals == 1) ++only->alone;
  ++(refusals == 0 ? accepted_ : refused_);
}

std::vector<std::string> PolicyTrial::not_asked() const {
  std::vector<std::string> rules;
  if (total() > 0)
    for (const auto& row : rows_)
      if (!row.asked) rules.push_back(row.rule);
  if (policy_.options().history > 0) {
    rules.emplace_back(policy::history_rule);
    if (policy_.options().history_similar) rules.emplace_back(policy::similar_rule);
  }
  return rules;
}

std::string share_text(std::uint64_t part, std::uint64_t total) {
  char text[32];
  const double share =
      total == 0 ? 0 : 100.0 * static_cast<double>(part) / static_cast<double>(total);
  std::snprintf(text, sizeof text, "%.1f %%", share);
  return text;
}

}  // namespace cred::cli
