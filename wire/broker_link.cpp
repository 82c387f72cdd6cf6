#include "wire/broker_link.hpp"

#include <cerrno>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

namespace cred::wire {
namespace {

constexpr time_t connect_seconds = 10;

// Descriptors 0-2 may be closed in the host; a socket that lands there would be
// taken for standard output by whatever prints next.
int above_standard(int fd) noexcept {
  if (fd < 0 || fd > STDERR_FILENO) return fd;
  const int moved = fcntl(fd, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int reason = errno;
  (void)close(fd);
  errno = reason;
  return moved;
}

int connect_socket(const char* path) noexcept {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (std::strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  std::strcpy(address.sun_path, path);
  const int fd = above_standard(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (fd < 0) return -1;
  // A service whose queue is full must not hold the login for ever.
  const timeval patience{connect_seconds, 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  int result = 0;
  do {
    result = ::connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (result != 0 && errno == EINTR);
  if (result == 0) return fd;
  const int reason = errno;
  (void)close(fd);
  errno = reason;
  return -1;
}

// fork(2) by system call: no atfork handler of the host runs, and with an exit
// signal of 0 the host is never told of the child and cannot reap it by accident.
pid_t quiet_fork(int exit_signal) noexcept {
  return static_cast<pid_t>(syscall(SYS_clone, exit_signal, nullptr, nullptr, nullptr, nullptr));
}

// Runs in the grandchild, which init will reap. Never returns.
[[noreturn]] void become_credd(int fd, const Broker& broker) noexcept {
  for (int signal = 1; signal < NSIG; ++signal) (void)::signal(signal, SIG_DFL);
  sigset_t none;
  sigemptyset(&none);
  (void)sigprocmask(SIG_SETMASK, &none, nullptr);
  // credd sees to its limits itself, once it runs: to be loaded it needs room first.
  const rlimit unlimited{RLIM_INFINITY, RLIM_INFINITY};
  (void)setrlimit(RLIMIT_AS, &unlimited);
  (void)setrlimit(RLIMIT_DATA, &unlimited);
  (void)setsid();  // the terminal's ^C is for the host, not for a change under way
  const int null = open("/dev/null", O_RDWR);
  if (dup2(fd, STDIN_FILENO) < 0 || dup2(fd, STDOUT_FILENO) < 0) _exit(127);
  if (null < 0 || dup2(null, STDERR_FILENO) < 0) (void)close(STDERR_FILENO);
  // Kernels before 5.9 lack close_range; the host's descriptors must go even so.
  if (syscall(SYS_close_range, 3U, ~0U, 0U) != 0)
    for (int other = STDERR_FILENO + 1; other < 1024; ++other) (void)close(other);
  if (chdir("/") != 0) _exit(127);
  char name[] = "credd";
  char stdio[] = "--stdio";
  char config[] = "--config";
  char* argv[] = {name, stdio, nullptr, nullptr, nullptr};
  if (broker.configuration != nullptr) {
    argv[2] = config;
    argv[3] = const_cast<char*>(broker.configuration);
  }
  char* envp[] = {nullptr};
  (void)execve(broker.program != nullptr ? broker.program : CRED_CREDD_PATH, argv, envp);
  _exit(127);
}

int start_credd(const Broker& broker) noexcept {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return -1;
  ends[0] = above_standard(ends[0]);
  ends[1] = above_standard(ends[1]);
  if (ends[0] < 0 || ends[1] < 0) {
    const int reason = errno;
    if (ends[0] >= 0) (void)close(ends[0]);
    if (ends[1] >= 0) (void)close(ends[1]);
    errno = reason;
    return -1;
  }
  // No handler of the host may run in the copy of its memory.
  sigset_t all;
  sigset_t before;
  sigfillset(&all);
  (void)pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t middle = quiet_fork(0);
  if (middle == 0) {
    const pid_t credd = quiet_fork(SIGCHLD);
    if (credd == 0) become_credd(ends[1], broker);
    _exit(credd > 0 ? 0 : 1);
  }
  int reason = errno;
  if (middle > 0) {
    int status = 0;
    while (waitpid(middle, &status, __WALL) < 0 && errno == EINTR) {}
    reason = EAGAIN;
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) (void)close(ends[0]), ends[0] = -1;
  } else {
    (void)close(ends[0]);
    ends[0] = -1;
  }
  (void)pthread_sigmask(SIG_SETMASK, &before, nullptr);
  (void)close(ends[1]);
  errno = reason;
  return ends[0];
}

}  // namespace

Channel connect(const Broker& broker) noexcept {
  const int fd = connect_socket(broker.socket != nullptr ? broker.socket : CRED_SOCKET_PATH);
  if (fd >= 0) return Channel(fd);
  // A service that is there but does not answer is not to be replaced by one more
  // credd for each login. Only root can open the store at all.
  if ((errno != ENOENT && errno != ECONNREFUSED) || geteuid() != 0) return Channel();
  return Channel(start_credd(broker));
}

}  // namespace cred::wire
