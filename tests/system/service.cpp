#include "service.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <grp.h>
#include <pwd.h>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace cred;

std::string socket_setting(const Site& site) {
  return "[broker]\nsocket = \"" + (site.path() / "credd.sock").string() + "\"\n";
}

std::string service_settings(const Site& site, const std::string& more) {
  return std::string(cheap_hash) + patient + socket_setting(site) + more;
}

bool soaking() { return getenv("CRED_SOAK") != nullptr; }

// Not wire::connect, which starts a credd where nobody listens.
wire::Channel connect_to(const std::string& socket) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, socket.c_str(), sizeof address.sun_path - 1);
  wire::Channel channel(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (channel.open() &&
      ::connect(channel.fd(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
    return {};
  return channel;
}

Credd::Credd(const Site& site, std::vector<std::string> before,
             std::vector<std::string> environment)
    : socket_(site.path() / "credd.sock"),
      process_(under(before, {.argv = {CREDD, "--config", site.configuration()},
                              .environment = std::move(environment)})) {
  for (int i = 0; i < 3000; ++i) {
    if (connect().open()) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  throw std::runtime_error("credd does not serve");
}

HandedOver::HandedOver(const Site& site)
    : path_(site.path() / "credd.sock"), fd_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path_.c_str(), sizeof address.sun_path - 1);
  if (bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd_, 4096) != 0)
    throw std::runtime_error("cannot listen");
}

HandedOver::~HandedOver() { (void)close(fd_); }

Launch HandedOver::credd(const Site& site) const {
  Launch launch;
  // The socket comes as standard input, and is moved to where systemd puts it.
  launch.argv = {"sh",
                 "-c",
                 "LISTEN_PID=$$ LISTEN_FDS=1 exec \"$@\" 3<&0 </dev/null",
                 "sh",
                 CREDD,
                 "--config",
                 site.configuration()};
  launch.input_fd = fd_;
  return launch;
}

long Credd::memory_kib(const std::string& field) const {
  const std::string status = content("/proc/" + std::to_string(pid()) + "/status");
  return std::stol(status.substr(status.find(field + ":") + field.size() + 1));
}

wire::Request asking(wire::Kind kind, std::string_view account, std::string_view password) {
  wire::Request request;
  request.kind = kind;
  request.real_uid = 0;
  request.realm = "system";
  request.account = account;
  request.password = std::as_bytes(std::span(password));
  return request;
}

wire::Request asking_from(std::string_view host, wire::Kind kind, std::string_view account,
                          std::string_view password) {
  wire::Request request = asking(kind, account, password);
  request.real_uid = 0xffffffff;
  request.source.rhost = host;
  return request;
}

bool tell(wire::Channel& channel, const wire::Request& request) {
  return channel.send(wire::encode(request), patience_ms) == wire::Io::done;
}

Heard hear(wire::Channel& channel, int timeout_ms) {
  Heard heard;
  Secret body;
  wire::Reply reply;
  if (channel.receive(body, timeout_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
    return heard;
  heard.came = true;
  heard.code = reply.code;
  heard.reason = reply.reason;
  for (std::size_t i = 0; i < reply.messages; ++i)
    heard.messages += std::string(reply.message[i]) + "\n";
  return heard;
}

Heard ask(wire::Channel& channel, const wire::Request& request, int timeout_ms) {
  return tell(channel, request) ? hear(channel, timeout_ms) : Heard();
}

Heard log_in(const Credd& credd, std::string_view account, std::string_view password,
             std::string_view host) {
  auto channel = credd.connect();
  const auto kind = wire::Kind::authenticate;
  return ask(channel, host.empty() ? asking(kind, account, password)
                                   : asking_from(host, kind, account, password));
}

int as_user(const std::string& user, const std::function<int()>& work, const char* group) {
  const pid_t child = fork();
  if (child == 0) {
    const auto* entry = getpwnam(user.c_str());
    const auto* extra = group != nullptr ? getgrnam(group) : nullptr;
    if (entry == nullptr || (group != nullptr && extra == nullptr)) _exit(120);
    if (setgroups(extra != nullptr ? 1 : 0, extra != nullptr ? &extra->gr_gid : nullptr) != 0 ||
        setgid(entry->pw_gid) != 0 || setuid(entry->pw_uid) != 0)
      _exit(121);
    _exit(work());
  }
  int status = 0;
  if (waitpid(child, &status, 0) != child) throw std::runtime_error("waitpid failed");
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128;
}
