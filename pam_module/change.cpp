// libpam calls twice: once to ask whether a change is possible at all, and once
// to make it. A stack may skip the first call, so the second relies on nothing
// that the first found out.
#include "pam_module/broker_call.hpp"
#include "pam_module/operations.hpp"

#include <syslog.h>
#include <unistd.h>

namespace cred::pam {
namespace {

constexpr const char* aborted = "Password change has been aborted.";
constexpr const char* too_early = "You must wait longer to change your password.";

// login and sshd run as root for the person at the keyboard, and set the flag.
bool as_root(const Session& session) noexcept {
  return getuid() == 0 && !session.has(PAM_CHANGE_EXPIRED_AUTHTOK);
}

int closed_to_its_owner(wire::Reason reason) noexcept {
  return reason == wire::Reason::disabled || reason == wire::Reason::idle ? PAM_ACCT_EXPIRED
                                                                          : PAM_PERM_DENIED;
}

int obtain_old(const Session& session) noexcept {
  if (session.is_set(PAM_OLDAUTHTOK)) return PAM_SUCCESS;
  if (session.options().use_first_pass) return PAM_AUTHTOK_RECOVERY_ERR;
  const int result = session.ask(PAM_OLDAUTHTOK, Prompt::current);
  if (result == PAM_AUTHTOK_RECOVERY_ERR) session.error("%s", translated(aborted));
  return result;
}

int old_is_wrong(const Session& session, std::string_view name) noexcept {
  session.forget(PAM_OLDAUTHTOK);
  session.note_failure(name);
  return PAM_AUTH_ERR;
}

// Whether the account as it stands may get a new password.
int may_change(const Session& session, std::string_view name) noexcept {
  Answer answer;
  const Heard heard = ask_credd(session, request_for(session, wire::Kind::account, name), answer);
  if (heard == Heard::no_memory) return PAM_BUF_ERR;
  if (heard != Heard::decision) return PAM_TRY_AGAIN;
  const wire::Reply& reply = answer.reply;
  if (reply.code == Code::not_found) return PAM_USER_UNKNOWN;
  if (as_root(session)) return PAM_SUCCESS;
  if (reply.reason == wire::Reason::grace_over) return PAM_AUTHTOK_EXPIRED;
  if (reply.code == Code::locked) return closed_to_its_owner(reply.reason);
  if (reply.code == Code::must_change) return PAM_SUCCESS;
  if (session.has(PAM_CHANGE_EXPIRED_AUTHTOK)) {
    session.error("Your password is not expired.");
    return PAM_AUTHTOK_ERR;
  }
  if (reply.reason == wire::Reason::too_early) {
    session.error("%s", translated(too_early));
    return PAM_AUTHTOK_ERR;
  }
  return PAM_SUCCESS;
}

int preliminary(const Session& session, std::string_view name) noexcept {
  const int possible = may_change(session, name);
  session.note_unknown(possible == PAM_USER_UNKNOWN);
  if (possible != PAM_SUCCESS) return possible;
  if (as_root(session)) return PAM_SUCCESS;
  if (const int result = obtain_old(session); result != PAM_SUCCESS) return result;

  wire::Request request = request_for(session, wire::Kind::authenticate, name);
  request.password = session.secret(PAM_OLDAUTHTOK);
  if (request.password.size() > max_password_bytes) return old_is_wrong(session, name);
  Code code = Code::internal;
  {
    Answer answer;
    const Heard heard = ask_credd(session, request, answer);
    if (heard == Heard::no_memory) return PAM_BUF_ERR;
    if (heard != Heard::decision) return PAM_TRY_AGAIN;
    code = answer.reply.code;
  }
  const bool right = code == Code::accepted || code == Code::must_change;
  return right && !request.password.empty() ? PAM_SUCCESS : old_is_wrong(session, name);
}

// What to do after a reply about a new password.
struct Verdict {
  enum class Next : unsigned char { go_on, try_again, stop } next;
  int result;  // when stopping
};
constexpr Verdict go_on{Verdict::Next::go_on, PAM_SUCCESS};
constexpr Verdict try_again{Verdict::Next::try_again, PAM_AUTHTOK_ERR};
constexpr Verdict stop(int result) noexcept { return {Verdict::Next::stop, result}; }

// Programs that drive passwd look for these two words.
void show_violations(const Session& session, const wire::Reply& reply) noexcept {
  for (std::size_t i = 0; i < reply.messages; ++i)
    session.error("BAD PASSWORD: %.*s", static_cast<int>(reply.message[i].size()),
                  reply.message[i].data());
  if (reply.messages == 0) session.error("BAD PASSWORD: The password is not acceptable.");
}

Verdict verdict(const Session& session, std::string_view name, const wire::Reply& reply) noexcept {
  if (reply.reason == wire::Reason::too_early && reply.code != Code::accepted) {
    session.error("%s", translated(too_early));
    return stop(PAM_AUTHTOK_ERR);
  }
  switch (reply.code) {
    case Code::accepted: show(session, reply); return go_on;
    case Code::must_change: return go_on;
    case Code::refused:
      if (reply.reason == wire::Reason::old_password) return stop(old_is_wrong(session, name));
      [[fallthrough]];
    case Code::usage: show_violations(session, reply); return try_again;
    case Code::locked: return stop(closed_to_its_owner(reply.reason));
    case Code::not_found: return stop(PAM_USER_UNKNOWN);
    case Code::conflict:
      session.error("The password was changed elsewhere in the meantime; please try again.");
      return stop(PAM_AUTHTOK_LOCK_BUSY);
    default:
      session.log(LOG_ERR, "credd answers %s when asked for a change", word(reply.code));
      return stop(PAM_AUTHTOK_ERR);
  }
}

// Asks credd about the new password, or to set it.
Verdict submit(const Session& session, std::string_view name, wire::Kind kind) noexcept {
  wire::Request request = request_for(session, kind, name);
  request.password = session.secret(PAM_AUTHTOK);
  // Only a reset goes without the old password, and only root resets.
  if (!as_root(session)) {
    request.old_password = session.secret(PAM_OLDAUTHTOK);
    if (request.old_password.empty() || request.old_password.size() > max_password_bytes)
      return stop(old_is_wrong(session, name));
  }
  if (request.password.size() > max_password_bytes) {
    session.error("BAD PASSWORD: The password is too long.");
    return try_again;
  }
  Answer answer;
  const Heard heard = ask_credd(session, request, answer);
  if (heard == Heard::decision) return verdict(session, name, answer.reply);
  if (heard == Heard::no_memory) return stop(PAM_BUF_ERR);
  session.error("The password cannot be changed at the moment.");
  return stop(heard == Heard::unavailable ? PAM_AUTHTOK_LOCK_BUSY : PAM_AUTHTOK_ERR);
}

// The end of a question for the new password that got no answer.
Verdict unanswered(const Session& session, int result) noexcept {
  if (result != PAM_INCOMPLETE) session.error("%s", translated(aborted));
  return stop(result == PAM_AUTHTOK_RECOVERY_ERR ? PAM_AUTHTOK_ERR : result);
}

// One try: get it, have it judged before it is typed again, set it.
Verdict attempt(const Session& session, std::string_view name) noexcept {
  const bool given = session.is_set(PAM_AUTHTOK);
  if (!given) {
    if (session.options().use_authtok || session.options().use_first_pass)
      return stop(PAM_AUTHTOK_ERR);
    const int result = session.ask(PAM_AUTHTOK, Prompt::fresh);
    if (result != PAM_SUCCESS) return unanswered(session, result);
  }
  const Verdict judged = submit(session, name, wire::Kind::check);
  if (judged.next != Verdict::Next::go_on) return judged;
  if (!given) {
    const int result = session.ask_again();
    if (result == PAM_TRY_AGAIN) {
      session.error("%s", translated("Sorry, passwords do not match."));
      return try_again;
    }
    if (result != PAM_SUCCESS) return unanswered(session, result);
  }
  return submit(session, name, as_root(session) ? wire::Kind::reset : wire::Kind::change);
}

int update(const Session& session, std::string_view name) noexcept {
  if (session.noted_unknown()) return PAM_USER_UNKNOWN;
  if (!as_root(session)) {
    const int result = obtain_old(session);
    if (result != PAM_SUCCESS) return result;
  }
  const Options& options = session.options();
  const int tries = options.use_authtok || options.use_first_pass ? 1 : options.retry;
  for (int i = 0; i < tries; ++i) {
    const Verdict end = attempt(session, name);
    if (end.next == Verdict::Next::go_on) {
      session.log(LOG_NOTICE, "password changed for %s", Printable(name).c_str());
      return PAM_SUCCESS;
    }
    // Or the next module stores what was refused; and a host that comes back
    // after PAM_INCOMPLETE would find a password that nobody typed twice.
    session.forget(PAM_AUTHTOK);
    if (end.next == Verdict::Next::stop) return end.result;
  }
  return tries == 1 ? PAM_AUTHTOK_ERR : PAM_MAXTRIES;
}

}  // namespace

int change_password(const Session& session) noexcept {
  const bool first = session.has(PAM_PRELIM_CHECK);
  if (!first && !session.has(PAM_UPDATE_AUTHTOK)) return PAM_SERVICE_ERR;
  std::string_view name;
  if (const int result = session.user(name); result != PAM_SUCCESS) return result;
  return first ? preliminary(session, name) : update(session, name);
}

}  // namespace cred::pam
