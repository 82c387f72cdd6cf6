#include "audit/security_event.hpp"

#include <nlohmann/json.hpp>
#include <syslog.h>

namespace cred::audit {

std::string to_json(const SecurityEvent& event) {
  nlohmann::ordered_json object;
  const auto field = [&](const char* name, const std::string& value) {
    if (!value.empty()) object[name] = value;
  };
  field("event", event.event);
  field("outcome", event.outcome);
  field("realm", event.realm);
  field("account", event.account);
  field("actor", event.actor);
  field("source", event.source);
  field("service", event.service);
  field("tty", event.tty);
  field("reason", event.reason);
  field("detail", event.detail);
  // What hosts name may be anything; a record is read by programs all the same.
  return object.dump(-1, ' ', true, nlohmann::ordered_json::error_handler_t::replace);
}

int severity(const SecurityEvent& event) {
  if (event.outcome == "integrity" || event.outcome == "configuration") return LOG_ALERT;
  if (event.outcome == "internal" || event.outcome == "unavailable") return LOG_ERR;
  if (event.event == "compromised" || event.event == "request_refused") return LOG_WARNING;
  return event.outcome == "accepted" ? LOG_INFO : LOG_NOTICE;
}

}  // namespace cred::audit
