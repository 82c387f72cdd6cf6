// The examination of an installation: credctl doctor.
#pragma once

#include "cli/doctor/finding.hpp"
#include "cli/doctor/surroundings.hpp"
#include "engine/configuration.hpp"
#include "vault/root_key.hpp"

namespace cred::doctor {

// Everything that is wrong, by subject. Changes nothing but what a login would change, too. A
// subject that cannot be looked at is a finding. None of them holds a secret.
std::vector<Finding> examine(const Surroundings& surroundings,
                             const Expected<engine::Configuration>& configuration,
                             const vault::AskSecret& ask);

// 0 without errors and warnings; integrity where something was altered or put back.
Code conclusion(const std::vector<Finding>& findings);

}  // namespace cred::doctor
