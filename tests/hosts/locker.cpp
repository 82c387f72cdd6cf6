#include "locker.hpp"

#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace {

constexpr int patience_ms = 60'000;
constexpr int own_end = 3;

struct Told {
  int code;
  int prompts;
};

// What a process that a desktop starts has: its own rights, no terminal, no descriptor
// but the three and the one to this test.
void become_locker(int fd, uid_t uid, gid_t gid) {
  (void)setsid();
  if (dup2(fd, own_end) < 0 || syscall(SYS_close_range, own_end + 1U, ~0U, 0U) != 0 ||
      setgroups(0, nullptr) != 0 || setgid(gid) != 0 || setuid(uid) != 0 ||
      prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    _exit(126);
}

[[noreturn]] void serve(const Person& person, const std::string& service) {
  Locker locker(person, service);
  char typed[1024];
  for (ssize_t n = 0; (n = recv(own_end, typed, sizeof typed, 0)) > 0;) {
    const int before = locker.prompts();
    Told told{};
    told.code = locker.unlock(std::string(typed + 1, static_cast<std::size_t>(n) - 1));
    told.prompts = locker.prompts() - before;
    if (send(own_end, &told, sizeof told, MSG_NOSIGNAL) != sizeof told) break;
  }
  _exit(0);
}

}  // namespace

Locker::Locker(const Person& person, const std::string& service) {
  const pam_conv conversation{&Locker::converse, this};
  if (pam_start(service.c_str(), person.name.c_str(), &conversation, &pamh_) != PAM_SUCCESS)
    throw std::runtime_error("pam_start");
}

int Locker::unlock(const std::string& typed) {
  typed_ = typed;
  return last_ = pam_authenticate(pamh_, 0);
}

int Locker::converse(int count, const pam_message** messages, pam_response** responses,
                     void* self) {
  Locker& locker = *static_cast<Locker*>(self);
  *responses = static_cast<pam_response*>(
      std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  for (int i = 0; i < count; ++i) {
    if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF) continue;
    ++locker.prompts_;
    (*responses)[i].resp = strdup(locker.typed_.c_str());
  }
  return PAM_SUCCESS;
}

LockerProgram::LockerProgram(const Person& person, const std::string& user,
                             const std::function<void()>& shape, const std::string& service) {
  const passwd* entry = getpwnam(user.c_str());
  int ends[2];
  if (entry == nullptr || socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0)
    throw std::runtime_error("no locker for " + user);
  child_ = fork();
  if (child_ == 0) {
    become_locker(ends[1], entry->pw_uid, entry->pw_gid);
    if (shape) shape();
    try {
      serve(person, service);
    } catch (...) {
      _exit(125);
    }
  }
  (void)close(ends[1]);
  fd_ = ends[0];
}

LockerProgram::~LockerProgram() {
  (void)close(fd_);
  (void)kill(child_, SIGKILL);
  (void)waitpid(child_, nullptr, 0);
}

int LockerProgram::unlock(const std::string& typed) {
  const auto begin = std::chrono::steady_clock::now();
  const std::string message = ">" + typed;
  pollfd answer{fd_, POLLIN, 0};
  Told told{};
  if (send(fd_, message.data(), message.size(), MSG_NOSIGNAL) < 0 ||
      poll(&answer, 1, patience_ms) != 1 || recv(fd_, &told, sizeof told, 0) != sizeof told)
    throw std::runtime_error("the locker does not answer");
  took_ = std::chrono::ceil<std::chrono::milliseconds>(std::chrono::steady_clock::now() - begin);
  prompts_ = told.prompts;
  return told.code;
}
