// What people do with their own account, and services with those of their realm, through
// credd: no right to the store is needed.
#pragma once

#include "base/secret.hpp"
#include "cli/session.hpp"

namespace cred::cli {

// Asks for the current password and for a new one, three times at most; or reads two
// lines from standard input. Gives the exit status.
int change_own_password(const Session& session, bool from_stdin);

// The reset of a service, which has no role. Gives the exit status.
int reset_through_credd(const Session& session, const std::string& name, const Secret& password,
                        bool must_change);

// State, due date and why it must change. Gives the exit status.
int show_through_credd(const Session& session, const std::string& name);

}  // namespace cred::cli
