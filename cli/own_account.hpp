// What everybody may do with their own account, through credd: no right to the store is
// needed.
#pragma once

#include "cli/session.hpp"

namespace cred::cli {

// Asks for the current password and for a new one, three times at most; or reads two
// lines from standard input. Gives the exit status.
int change_own_password(const Session& session, bool from_stdin);

// State, due date and why it must change. Gives the exit status.
int show_own_account(const Session& session);

}  // namespace cred::cli
