// What the entry points call; each answers with a PAM return code.
#pragma once

#include "pam_module/session.hpp"

namespace cred::pam {

int authenticate(const Session& session) noexcept;
int check_account(const Session& session) noexcept;
int change_password(const Session& session) noexcept;
int begin_session(const Session& session) noexcept;
// The option migrate: keeps the password of this try, until `migrate` has credd take it, which
// every later call of the host tries.
int keep_for_migration(const Session& session) noexcept;
int migrate(const Session& session) noexcept;

}  // namespace cred::pam
