// A candidate policy tried on a list of passwords: which rule refuses how many.
#pragma once

#include "base/secret.hpp"
#include "policy/policy.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace cred::cli {

struct TrialRow {
  std::string rule;
  std::string requirement;
  std::uint64_t refused = 0;
  std::uint64_t alone = 0;  // no other rule refused these
  bool asked = false;       // false: the context or a file lacks what the rule needs
};

class PolicyTrial {
 public:
  // Both must outlive it. `longest`: bytes that a password may have where it is set.
  PolicyTrial(const policy::Policy& policy, const policy::Context& context, std::size_t longest);

  // Judges one line. The history is not asked. Throws the Failure of a list or corpus
  // that cannot be used where the policy says so; others are in `data_failures`.
  void judge(const Secret& line);
  // A line that cannot be a password.
  void reject(const std::string& reason) { ++not_passwords_[reason]; }

  std::uint64_t total() const { return accepted_ + refused_; }
  std::uint64_t accepted() const { return accepted_; }
  std::uint64_t refused() const { return refused_; }
  // Reasons, and how many lines each.
  const std::map<std::string, std::uint64_t>& not_passwords() const { return not_passwords_; }
  const std::vector<TrialRow>& rows() const { return rows_; }
  // Rules of the policy that no password was held against.
  std::vector<std::string> not_asked() const;
  // Messages, and none twice.
  const std::vector<std::string>& data_failures() const { return data_failures_; }

 private:
  void note_failures(const policy::Report& report);

  const policy::Policy& policy_;
  const policy::Context& context_;
  const std::size_t longest_;
  std::uint64_t accepted_ = 0;
  std::uint64_t refused_ = 0;
  std::map<std::string, std::uint64_t> not_passwords_;
  std::vector<TrialRow> rows_;
  std::vector<std::string> data_failures_;
};

// "12.5 %" of `total`.
std::string share_text(std::uint64_t part, std::uint64_t total);

}  // namespace cred::cli
