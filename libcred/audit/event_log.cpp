#include "audit/event_log.hpp"

#include "audit/timestamp.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <exception>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <syslog.h>
#include <unistd.h>

namespace cred::audit {
namespace {

bool send_to(const std::string& path, const std::string& datagram) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) return false;
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return false;
  const timeval patience{1, 0};
  (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
  ssize_t sent = -1;
  do {
    sent = sendto(fd, datagram.data(), datagram.size(), MSG_NOSIGNAL,
                  reinterpret_cast<const sockaddr*>(&address), sizeof address);
  } while (sent < 0 && errno == EINTR);
  (void)close(fd);
  return sent >= 0;
}

// systemd's "Native Journal Protocol": a field a line.
std::string for_journal(const SecurityEvent& event, const std::string& program,
                        const std::string& json) {
  std::string text = "MESSAGE=" + json + "\nPRIORITY=" + std::to_string(severity(event)) +
                     "\nSYSLOG_FACILITY=" + std::to_string(LOG_FAC(LOG_AUTHPRIV)) +
                     "\nSYSLOG_IDENTIFIER=" + program + '\n';
  const auto field = [&](const char* name, const std::string& value) {
    if (value.empty() || value.find('\n') != std::string::npos) return;
    text += std::string("CRED_") + name + '=' + value + '\n';
  };
  field("EVENT", event.event);
  field("OUTCOME", event.outcome);
  field("REALM", event.realm);
  field("ACCOUNT", event.account);
  field("ACTOR", event.actor);
  field("SOURCE", event.source);
  return text;
}

}  // namespace

EventLog::EventLog(std::string program, LogPaths paths)
    : program_(std::move(program)), paths_(std::move(paths)) {
  std::array<char, 256> name{};
  const bool known = gethostname(name.data(), name.size() - 1) == 0 && name[0] != '\0';
  host_ = known ? name.data() : "-";
}

void EventLog::operator()(const SecurityEvent& event) const noexcept {
  try {
    const std::string json = to_json(event);
    if (send_to(paths_.journal, for_journal(event, program_, json))) return;
    // RFC 5424 §6: PRI VERSION TIMESTAMP HOSTNAME APP-NAME PROCID MSGID SD MSG. The
    // message is JSON in ASCII, so that no mark of its encoding has to precede it.
    (void)send_to(paths_.syslog, '<' + std::to_string(LOG_AUTHPRIV | severity(event)) + ">1 " +
                                     timestamp(event.time) + ' ' + host_ + ' ' + program_ + ' ' +
                                     std::to_string(getpid()) + ' ' + event.event + " - " + json);
  } catch (const std::exception&) {
    return;  // no memory for a line in the log
  }
}

}  // namespace cred::audit
