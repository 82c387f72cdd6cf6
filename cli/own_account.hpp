// What people do with their own account, and members of an administrators' group with
// others', through credd: no right to the store is needed.
#pragma once

#include "cli/password_source.hpp"
#include "cli/session.hpp"

namespace cred::cli {

// Asks for the current password and for a new one, three times at most; or reads two
// lines from standard input. Gives the exit status.
int change_own_password(const Session& session, bool from_stdin);

// An administrator's reset. Gives the exit status.
int reset_through_credd(const Session& session, const std::string& name,
                        const PasswordSource& source);

// State, due date and why it must change. Gives the exit status.
int show_through_credd(const Session& session, const std::string& name);

}  // namespace cred::cli
