#include "pam_module/broker_call.hpp"
#include "pam_module/operations.hpp"

namespace cred::pam {
namespace {

int unreachable(Heard heard) noexcept {
  return heard == Heard::no_memory ? PAM_BUF_ERR : PAM_AUTHINFO_UNAVAIL;
}

int obtain_password(const Session& session) noexcept {
  if (session.is_set(PAM_AUTHTOK)) return PAM_SUCCESS;
  if (session.options().use_first_pass) return PAM_AUTH_ERR;
  const int result = session.ask(PAM_AUTHTOK, Prompt::password);
  return result == PAM_AUTHTOK_RECOVERY_ERR ? PAM_CONV_ERR : result;
}

// credd answers alike for wrong, locked and unknown. Only a stack has to know
// which accounts are another module's, so it is asked after the same work.
int refused(const Session& session, std::string_view name) noexcept {
  Answer answer;
  const Heard heard = ask_credd(session, request_for(session, wire::Kind::account, name), answer);
  const bool unknown = heard == Heard::decision && answer.reply.code == Code::not_found;
  // Without an answer the name may still be no name.
  session.note_failure(heard == Heard::decision && !unknown ? name : std::string_view());
  return unknown ? PAM_USER_UNKNOWN : PAM_AUTH_ERR;
}

}  // namespace

int authenticate(const Session& session) noexcept {
  std::string_view name;
  // Whichever module of the stack takes it: this login is none by a key.
  session.note_password();
  if (const int result = session.user(name); result != PAM_SUCCESS) return result;
  if (const int result = obtain_password(session); result != PAM_SUCCESS) return result;

  wire::Request request = request_for(session, wire::Kind::authenticate, name);
  request.password = session.secret(PAM_AUTHTOK);
  if (request.password.size() > max_password_bytes) return refused(session, name);
  Code code = Code::internal;
  {
    Answer answer;
    const Heard heard = ask_credd(session, request, answer);
    if (heard != Heard::decision) return unreachable(heard);
    code = answer.reply.code;
  }
  const bool null_refused = request.password.empty() && session.has(PAM_DISALLOW_NULL_AUTHTOK);
  switch (code) {
    case Code::accepted:
    case Code::must_change: return null_refused ? refused(session, name) : PAM_SUCCESS;
    case Code::not_found: session.note_failure({}); return PAM_USER_UNKNOWN;
    default: return refused(session, name);
  }
}

}  // namespace cred::pam
