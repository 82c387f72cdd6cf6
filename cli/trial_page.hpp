// The result of a policy's trial as a page to keep and pass on: one file, no script.
#pragma once

#include "base/error.hpp"
#include "cli/policy_trial.hpp"

#include <string>

namespace cred::cli {

// What was tried, as the page says it.
struct TrialTitle {
  std::string policy;
  std::string realm;
  std::string account;  // empty: for nobody in particular
  std::string date;
};

std::string trial_page(const PolicyTrial& trial, const TrialTitle& title);

// Puts `text` into place under a temporary name first, so that `path` holds the whole
// of it or what was there; for its owner alone. Errors: unavailable; the message names the path.
Expected<void> write_whole(const std::string& path, const std::string& text);

}  // namespace cred::cli
