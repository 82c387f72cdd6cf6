// The option migrate: a password that another module of the stack has found right is taken
// into the store. Only the host knows that it was right: the stack may come to this line after
// a wrong one as well. So the password is kept until the host goes on, which it does after a
// right one alone: it asks about the account, sets credentials or begins the session.
#include "pam_module/broker_call.hpp"
#include "pam_module/operations.hpp"

#include <cstdlib>
#include <cstring>
#include <new>
#include <syslog.h>
#include <unistd.h>

namespace cred::pam {
namespace {

constexpr const char* mark = "pam_cred_migration";

struct Kept {
  Secret password;
  bool sshd_had_told = false;  // something by then, be it no method
  std::size_t name_size = 0;
  char name[wire::max_text_bytes];
};

// libpam calls it before it unmaps the module, or when another try is kept.
void discard(pam_handle_t*, void* data, int) noexcept {
  auto* kept = static_cast<Kept*>(data);
  if (kept == nullptr) return;
  kept->~Kept();
  std::free(kept);
}

void forget(const Session& session) noexcept {
  (void)pam_set_data(session.handle(), mark, nullptr, nullptr);
}

void keep(const Session& session, std::string_view name) noexcept {
  const auto password = session.secret(PAM_AUTHTOK);
  if (password.empty() || password.size() > max_password_bytes || name.size() > sizeof(Kept::name))
    return;
  void* memory = std::malloc(sizeof(Kept));
  if (memory == nullptr) return;
  auto* kept = new (memory) Kept;
  kept->password = Secret::copy_of(password);
  kept->sshd_had_told = session.sshd_methods() != nullptr;
  kept->name_size = name.size();
  std::memcpy(kept->name, name.data(), name.size());
  if (!kept->password.ok() || pam_set_data(session.handle(), mark, kept, discard) != PAM_SUCCESS)
    discard(nullptr, kept, 0);
}

// sshd may have heard a wrong password before it took a key. While it asks about the account it
// does not tell yet which it was, but a keyboard-interactive login has a process of its own, in
// which no key is taken and which was told of the methods so far when it began.
bool came_by_it(const Session& session, const Kept& kept) noexcept {
  if (!session.item(PAM_SERVICE).starts_with("sshd")) return true;
  const char* methods = session.sshd_methods();
  if (methods == nullptr) return false;
  return *methods == '\0' ? kept.sshd_had_told : names_password(methods);
}

void tell(const Session& session, std::string_view name, const wire::Reply& reply) noexcept {
  const Printable user(name);
  switch (reply.code) {
    case Code::accepted:
      session.log(LOG_NOTICE, "the password of %s is kept by libcred now", user.c_str());
      return;
    case Code::must_change:
      session.log(LOG_NOTICE,
                  "the password of %s is kept by libcred now, and has to be changed there: the "
                  "policy would refuse it",
                  user.c_str());
      return;
    case Code::conflict: session.debug("%s has an account already", user.c_str()); return;
    default:
      session.log(LOG_ERR, "credd answers %s when asked to take the password of %s",
                  word(reply.code), user.c_str());
  }
}

}  // namespace

int keep_for_migration(const Session& session) noexcept {
  // Of an earlier try with this handle.
  forget(session);
  std::string_view name;
  // credd takes it from root in person alone. Nothing is asked for.
  if (getuid() == 0 && session.is_set(PAM_AUTHTOK) && session.user(name) == PAM_SUCCESS)
    keep(session, name);
  return PAM_IGNORE;
}

int migrate(const Session& session) noexcept {
  const void* data = nullptr;
  if (pam_get_data(session.handle(), mark, &data) != PAM_SUCCESS || data == nullptr)
    return PAM_IGNORE;
  const auto* kept = static_cast<const Kept*>(data);
  if (!came_by_it(session, *kept)) return PAM_IGNORE;
  std::string_view name;
  if (session.user(name) != PAM_SUCCESS || name != std::string_view(kept->name, kept->name_size))
    return PAM_IGNORE;
  wire::Request request = request_for(session, wire::Kind::enrol, name);
  request.password = kept->password.bytes();
  Answer answer;
  const Heard heard = ask_credd(session, request, answer);
  forget(session);
  if (heard == Heard::decision) tell(session, name, answer.reply);
  return PAM_IGNORE;
}

}  // namespace cred::pam
