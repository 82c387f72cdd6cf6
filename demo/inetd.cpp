#include "inetd.hpp"

#include <csignal>
#include <cstring>
#include <stdexcept>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace demo {
namespace {

[[noreturn]] void serve(int listener, const std::string& configuration) {
  (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
  (void)std::signal(SIGCHLD, SIG_IGN);
  for (;;) {
    const int connection = accept(listener, nullptr, nullptr);
    if (connection < 0) _exit(1);
    if (fork() == 0) {
      (void)dup2(connection, STDIN_FILENO);
      (void)dup2(connection, STDOUT_FILENO);
      (void)execl(CREDD, "credd", "--stdio", "--config", configuration.c_str(),
                  static_cast<char*>(nullptr));
      _exit(127);
    }
    (void)close(connection);
  }
}

}  // namespace

Inetd::Inetd(const std::string& socket_path, const std::string& configuration) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket_path.c_str(), sizeof address.sun_path - 1);
  const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0 ||
      bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener, 8) != 0)
    throw std::runtime_error("cannot listen on " + socket_path);
  child_ = fork();
  if (child_ == 0) serve(listener, configuration);
  (void)close(listener);
}

Inetd::~Inetd() {
  if (child_ <= 0) return;
  (void)kill(child_, SIGTERM);
  (void)waitpid(child_, nullptr, 0);
}

}  // namespace demo
