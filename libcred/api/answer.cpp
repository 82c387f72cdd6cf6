#include "api/accounts.hpp"

#include "base/translate.hpp"

namespace cred::api {

const char* sentence(Code code, engine::Reason reason) {
  switch (reason) {
    case engine::Reason::none: break;
    case engine::Reason::expired: return tr("the password has expired and must be changed");
    case engine::Reason::forced: return tr("an administrator asks for a new password");
    case engine::Reason::compromised: return tr("the password may be known to others: change it");
    case engine::Reason::idle:
      return tr("the account was not used for too long: have its password reset");
    case engine::Reason::grace_over: return tr("the password expired too long ago: have it reset");
    case engine::Reason::one_time_over:
      return tr("the password was set for one login, whose time is over: have it reset");
    case engine::Reason::too_early: return tr("the password was changed too recently");
    case engine::Reason::locked: return tr("the account is locked");
    case engine::Reason::disabled: return tr("the account is disabled");
    case engine::Reason::policy: return tr("the policy refuses the new password");
    case engine::Reason::old_password: return tr("the current password is wrong");
  }
  return code == Code::refused ? tr("wrong name or password") : "";
}

}  // namespace cred::api
