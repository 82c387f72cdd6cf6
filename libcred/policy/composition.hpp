// Rules that count characters: lengths, letters and digits, cases, symbols.
#pragma once

#include "policy/options.hpp"
#include "policy/rule.hpp"

#include <memory>
#include <vector>

namespace cred::policy {

void add_composition_rules(const Options& options, std::vector<std::unique_ptr<Rule>>& rules);

}  // namespace cred::policy
