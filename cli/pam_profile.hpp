// The profile of pam-auth-update (Debian and its kin) that puts pam_cred.so into the stacks of
// all programs, and takes it out again.
#pragma once

#include "base/error.hpp"

namespace cred::cli {

// Whether this machine has pam-auth-update, the module, and stacks that nobody put pam_cred.so
// into by hand. Errors: configuration, with what would be right.
Expected<void> can_enable_profile();

bool profile_enabled();

// Repeated, they change nothing. Errors: configuration; then the stacks are as they were.
Expected<void> enable_profile();
Expected<void> disable_profile();

}  // namespace cred::cli
