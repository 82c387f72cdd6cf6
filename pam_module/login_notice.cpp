// A session begins: its owner is told of the last one.
#include "pam_module/broker_call.hpp"
#include "pam_module/operations.hpp"

namespace cred::pam {

// Never stops a session: who may come in has been decided.
int begin_session(const Session& session) noexcept {
  if (session.occasion() != Occasion::login) return PAM_SUCCESS;
  std::string_view name;
  if (session.user(name) != PAM_SUCCESS) return PAM_SUCCESS;
  Answer answer;
  const Heard heard = ask_credd(session, request_for(session, wire::Kind::session, name), answer);
  if (heard == Heard::decision && answer.reply.code == Code::accepted) show(session, answer.reply);
  return PAM_SUCCESS;
}

}  // namespace cred::pam
