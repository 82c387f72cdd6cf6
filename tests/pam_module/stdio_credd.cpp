// Answers one request on descriptor 0, as `credd --stdio` does, and looks at what
// it was started with: anything amiss is answered `internal`.
#include "wire/channel.hpp"
#include "wire/message.hpp"

#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

using namespace cred;

namespace {

bool started_cleanly(int argc, char** argv) {
  if (environ != nullptr && *environ != nullptr) return false;
  if (argc < 2 || std::strcmp(argv[1], "--stdio") != 0) return false;
  for (int fd = 3; fd < 64; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) return false;
  struct sigaction child {};
  if (sigaction(SIGCHLD, nullptr, &child) != 0 || child.sa_handler != SIG_DFL) return false;
  sigset_t blocked;
  if (sigprocmask(SIG_BLOCK, nullptr, &blocked) != 0 || sigismember(&blocked, SIGTERM) != 0)
    return false;
  return getsid(0) == getpid();
}

}  // namespace

int main(int argc, char** argv) {
  wire::Channel channel(STDIN_FILENO);
  Secret body;
  wire::Request request;
  if (channel.receive(body, 5000) != wire::Io::done || !wire::decode(body.bytes(), request))
    return 1;
  const std::string_view password(reinterpret_cast<const char*>(request.password.data()),
                                  request.password.size());
  wire::Reply reply;
  if (!started_cleanly(argc, argv)) {
    reply.code = Code::internal;
  } else if (argc == 4 && std::strcmp(argv[2], "--config") == 0 &&
             std::strcmp(argv[3], "/etc/cred/other.conf") == 0) {
    reply.code = Code::accepted;
    reply.messages = 1;
    reply.message[0] = "read the other file";
  } else {
    const bool asked = request.kind == wire::Kind::authenticate;
    reply.code = asked && password != "Correct7horse" ? Code::refused : Code::accepted;
  }
  return channel.send(wire::encode(reply), 5000) == wire::Io::done ? 0 : 1;
}
