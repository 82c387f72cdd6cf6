// Sends security events to the system's log: to journald with fields of their own, or
// to syslog in RFC 5424's form. Facility authpriv.
#pragma once

#include "audit/security_event.hpp"

#include <string>

namespace cred::audit {

struct LogPaths {
  std::string journal = "/run/systemd/journal/socket";
  std::string syslog = "/dev/log";
};

// Safe to use from several threads. An event that no log takes within a second is
// dropped: a full log must not stop logins.
class EventLog {
 public:
  explicit EventLog(std::string program, LogPaths paths = {});
  void operator()(const SecurityEvent& event) const noexcept;

 private:
  std::string program_;
  std::string host_;
  LogPaths paths_;
};

}  // namespace cred::audit
