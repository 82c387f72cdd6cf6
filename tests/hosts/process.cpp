#include "process.hpp"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/wait.h>
#include <unistd.h>

namespace {

std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Start::Start(std::vector<std::string> program, const std::string& user)
    : words_(std::move(program)), argv_(pointers_to(words_)) {
  const passwd* entry = getpwnam(user.c_str());
  if (entry == nullptr) throw std::runtime_error("no user " + user);
  uid_ = entry->pw_uid;
  gid_ = entry->pw_gid;
  home_ = entry->pw_dir;
  environment_ = {"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                  "LC_ALL=C",
                  "TERM=dumb",
                  "PS1=$ ",
                  "HOME=" + home_,
                  "USER=" + user,
                  "LOGNAME=" + user};
  envp_ = pointers_to(environment_);
  int count = 64;
  groups_.resize(static_cast<std::size_t>(count));
  if (getgrouplist(user.c_str(), gid_, groups_.data(), &count) < 0)
    throw std::runtime_error(user + " is in too many groups");
  groups_.resize(static_cast<std::size_t>(count));
}

void Start::become() const noexcept {
  if (setgroups(groups_.size(), groups_.data()) != 0 || setgid(gid_) != 0 || setuid(uid_) != 0 ||
      chdir("/") != 0)
    _exit(126);
  for (int signal = 1; signal < NSIG; ++signal) (void)::signal(signal, SIG_DFL);
  environ = const_cast<char**>(envp_.data());
  (void)execvp(argv_.front(), argv_.data());
  _exit(127);
}

Outcome run(std::vector<std::string> program, const std::string& input, const std::string& user) {
  const Start start(std::move(program), user);
  int in[2];
  int out[2];
  if (pipe2(in, O_CLOEXEC) != 0 || pipe2(out, O_CLOEXEC) != 0) throw std::runtime_error("pipe");
  const pid_t child = fork();
  if (child == 0) {
    (void)setsid();
    if (dup2(in[0], 0) < 0 || dup2(out[1], 1) < 0 || dup2(out[1], 2) < 0) _exit(126);
    start.become();
  }
  (void)close(in[0]);
  (void)close(out[1]);
  // A pipe holds all that any test writes; the program may end without reading it.
  (void)signal(SIGPIPE, SIG_IGN);
  if (write(in[1], input.data(), input.size()) < 0 && errno != EPIPE)
    throw std::runtime_error("cannot write to a program");
  (void)close(in[1]);
  Outcome outcome;
  char buffer[4096];
  for (ssize_t n = 0; (n = read(out[0], buffer, sizeof buffer)) > 0;)
    outcome.output.append(buffer, static_cast<std::size_t>(n));
  (void)close(out[0]);
  outcome.status = status_of(child);
  return outcome;
}

int status_of(int child) {
  int status = 0;
  if (waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}
