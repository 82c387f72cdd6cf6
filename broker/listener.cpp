#include "broker/listener.hpp"

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

namespace cred::broker {
namespace {

constexpr int first_inherited = 3;  // SD_LISTEN_FDS_START

tl::unexpected<Error> failed(const std::string& what, int reason) {
  return fail(Code::configuration, what + ": " + std::strerror(reason));
}

}  // namespace

int inherited_listener() {
  const char* pid = std::getenv("LISTEN_PID");
  const char* count = std::getenv("LISTEN_FDS");
  const bool ours = pid != nullptr && count != nullptr &&
                    std::strtol(pid, nullptr, 10) == getpid() &&
                    std::strtol(count, nullptr, 10) >= 1;
  for (const char* name : {"LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"}) (void)unsetenv(name);
  if (!ours) return -1;
  int listening = 0;
  socklen_t size = sizeof listening;
  if (getsockopt(first_inherited, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) != 0 ||
      listening == 0)
    return -1;
  (void)fcntl(first_inherited, F_SETFD, FD_CLOEXEC);
  return first_inherited;
}

Expected<int> make_listener(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path)
    return fail(Code::configuration, "the path of the socket is too long: " + path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const auto* name = reinterpret_cast<const sockaddr*>(&address);

  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return failed("no socket", errno);
  const auto give_up = [&](const std::string& what, int reason) {
    (void)close(fd);
    return failed(what, reason);
  };
  const std::string directory = path.substr(0, path.rfind('/'));
  if (!directory.empty()) {
    const bool made = mkdir(directory.c_str(), 0755) == 0;
    if (!made && errno != EEXIST) return give_up("cannot create " + directory, errno);
    if (made) (void)chmod(directory.c_str(), 0755);  // whatever the umask was
  }
  if (connect(fd, name, sizeof address) == 0 || errno == EAGAIN)
    return give_up("cannot serve " + path, EADDRINUSE);
  struct stat info {};
  if (errno == ECONNREFUSED && lstat(path.c_str(), &info) == 0 && S_ISSOCK(info.st_mode))
    (void)unlink(path.c_str());
  // Not open to all before it listens.
  const mode_t before = umask(0177);
  const int bound = bind(fd, name, sizeof address);
  const int reason = errno;
  (void)umask(before);
  if (bound != 0) return give_up("cannot make " + path, reason);
  if (listen(fd, SOMAXCONN) != 0) return give_up("cannot listen on " + path, errno);
  if (chmod(path.c_str(), 0666) != 0) return give_up("cannot open " + path + " to all", errno);
  return fd;
}

}  // namespace cred::broker
