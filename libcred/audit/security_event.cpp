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

int severity(std::string_view event, std::string_view outcome) {
  if (outcome == "integrity" || outcome == "configuration") return LOG_ALERT;
  if (event == "tampering_noticed" || event == "rollback_noticed") return LOG_ALERT;
  if (outcome == "internal" || outcome == "unavailable") return LOG_ERR;
  if (event == "compromised" || event == "request_refused" || event == "rollback_accepted")
    return LOG_WARNING;
  return outcome == "accepted" ? LOG_INFO : LOG_NOTICE;
}

int severity(const SecurityEvent& event) { return severity(event.event, event.outcome); }

}  // namespace cred::audit
