// Which rule or clause each option serves, and where a policy departs from one.
#pragma once

#include "policy/options.hpp"

#include <string>
#include <vector>

namespace cred::policy {

// The clause of the preset's source that the option serves: "rule 6" (of the nine
// rules), "SP 800-63B-4 §3.1.1.2", "8.3.6" of PCI DSS 4.0.1, "ORP.4.A23". Empty: none.
std::string clause(const std::string& preset, const std::string& option);

struct Departure {
  std::string option;
  std::string clause;
  std::string sentence;  // what the clause says
};

// Every clause of the preset that `effective` does not keep, whatever the preset it
// started from. Aligned with a preset is what has none: no more than that.
// Errors: configuration (unknown preset).
Expected<std::vector<Departure>> departures(const Options& effective, const std::string& preset);

}  // namespace cred::policy
