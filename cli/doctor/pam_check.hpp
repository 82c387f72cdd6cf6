// Judges the stacks that name pam_cred.so: who gets in when the module says yes, no, or
// nothing at all.
#pragma once

#include "cli/doctor/finding.hpp"
#include "cli/doctor/pam_stack.hpp"

#include <vector>

namespace cred::doctor {

// Every service of `services`, files of /etc/pam.d by their names. A fault in a file that
// several services share is one finding.
void judge_pam(const std::vector<std::string>& services, const PamFiles& files, Report& report);

}  // namespace cred::doctor
