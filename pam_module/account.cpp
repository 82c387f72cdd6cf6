#include "pam_module/broker_call.hpp"
#include "pam_module/operations.hpp"

#include <syslog.h>

namespace cred::pam {
namespace {

const char* why_change(wire::Reason reason) noexcept {
  switch (reason) {
    case wire::Reason::forced: return "An administrator requires you to change your password now.";
    case wire::Reason::compromised:
      return "Your password may be known to others and must be changed now.";
    default: return "Your password has expired and must be changed now.";
  }
}

}  // namespace

int check_account(const Session& session) noexcept {
  std::string_view name;
  if (const int result = session.user(name); result != PAM_SUCCESS) return result;

  Answer answer;
  wire::Request request = request_for(session, wire::Kind::account, name);
  request.passwordless = session.passwordless();
  const Heard heard = ask_credd(session, request, answer);
  if (heard == Heard::no_memory) return PAM_BUF_ERR;
  if (heard != Heard::decision) return PAM_AUTHINFO_UNAVAIL;
  const wire::Reply& reply = answer.reply;
  if (reply.reason == wire::Reason::grace_over && reply.code != Code::accepted) {
    session.log(LOG_NOTICE, "password of %s expired too long ago", Printable(name).c_str());
    session.error("Your password expired too long ago; please contact your system administrator.");
    return PAM_AUTHTOK_EXPIRED;
  }
  switch (reply.code) {
    case Code::accepted: show(session, reply); return PAM_SUCCESS;
    case Code::must_change:
      session.error("%s", why_change(reply.reason));
      return PAM_NEW_AUTHTOK_REQD;
    case Code::locked:
      session.log(LOG_NOTICE, "account %s is locked, disabled or was not used for too long",
                  Printable(name).c_str());
      return reply.reason == wire::Reason::disabled || reply.reason == wire::Reason::idle
                 ? PAM_ACCT_EXPIRED
                 : PAM_PERM_DENIED;
    case Code::not_found: return PAM_USER_UNKNOWN;
    default:
      session.log(LOG_ERR, "credd answers %s when asked for an account", word(reply.code));
      return PAM_AUTHINFO_UNAVAIL;
  }
}

}  // namespace cred::pam
