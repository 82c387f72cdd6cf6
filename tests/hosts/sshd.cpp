#include "sshd.hpp"

#include "terminal.hpp"

#include <catch2/catch.hpp>

#include <arpa/inet.h>
#include <csignal>
#include <fstream>
#include <stdexcept>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

namespace {

int loopback_socket(int port, bool listening) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  auto* generic = reinterpret_cast<sockaddr*>(&address);
  if ((listening ? bind(fd, generic, sizeof address) : connect(fd, generic, sizeof address)) == 0)
    return fd;
  (void)close(fd);
  return -1;
}

int free_port() {
  const int fd = loopback_socket(0, true);
  sockaddr_in address{};
  socklen_t size = sizeof address;
  (void)getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size);
  (void)close(fd);
  return ntohs(address.sin_port);
}

class Sshd {
 public:
  Sshd() : port_(free_port()) {
    const std::string dir = "/run/cred-sshd";
    (void)run({"mkdir", "-p", dir});
    (void)run({"ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", dir + "/host_key"});
    (void)(std::ofstream(dir + "/config") << "Port " + std::to_string(port_) +
                                                 "\n"
                                                 "ListenAddress 127.0.0.1\n"
                                                 "HostKey " +
                                                 dir +
                                                 "/host_key\n"
                                                 "UsePAM yes\n"
                                                 "PasswordAuthentication yes\n"
                                                 "KbdInteractiveAuthentication yes\n"
                                                 "PubkeyAuthentication yes\n"
                                                 "MaxStartups 200\n"
                                                 "UseDNS no\n"
                                                 "PrintMotd no\n"
                                                 "PrintLastLog no\n"
                                                 "PidFile none\n");
    const Start start({"/usr/sbin/sshd", "-D", "-f", dir + "/config"}, "root");
    child_ = fork();
    if (child_ == 0) start.become();
    for (int i = 0; i < 200; ++i) {
      if (const int fd = loopback_socket(port_, false); fd >= 0) {
        (void)close(fd);
        return;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    throw std::runtime_error("sshd does not listen");
  }
  ~Sshd() {
    (void)kill(child_, SIGTERM);
    (void)status_of(child_);
  }
  Sshd(const Sshd&) = delete;
  Sshd& operator=(const Sshd&) = delete;
  int port() const { return port_; }

 private:
  int port_;
  int child_ = -1;
};

}  // namespace

std::vector<std::string> ssh(const std::string& method, const std::string& name,
                             std::vector<std::string> rest) {
  static const Sshd sshd;
  std::vector<std::string> words{"ssh",
                                 "-F",
                                 "/dev/null",
                                 "-p",
                                 std::to_string(sshd.port()),
                                 "-o",
                                 "StrictHostKeyChecking=no",
                                 "-o",
                                 "UserKnownHostsFile=/dev/null",
                                 "-o",
                                 "LogLevel=ERROR",
                                 "-o",
                                 "NumberOfPasswordPrompts=1",
                                 "-o",
                                 "PreferredAuthentications=" + method};
  if (method != "publickey") words.insert(words.end(), {"-o", "PubkeyAuthentication=no"});
  if (rest.empty()) words.push_back("-tt");
  words.push_back(name + "@127.0.0.1");
  words.insert(words.end(), rest.begin(), rest.end());
  return words;
}

bool let_in(const std::string& method, const std::string& name, const std::string& password) {
  Terminal terminal(ssh(method, name));
  terminal.answer("assword: ", password);
  const int status = terminal.end();
  const bool ran = terminal.seen().find(name + "\r\n") != std::string::npos;
  CHECK(ran == (status == 0));
  if (!ran) CHECK(terminal.seen().find("Permission denied") != std::string::npos);
  return ran;
}
