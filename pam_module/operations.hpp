// What the entry points call; each answers with a PAM return code.
#pragma once

#include "pam_module/session.hpp"

namespace cred::pam {

int authenticate(const Session& session) noexcept;
int check_account(const Session& session) noexcept;
int change_password(const Session& session) noexcept;
int begin_session(const Session& session) noexcept;

}  // namespace cred::pam
