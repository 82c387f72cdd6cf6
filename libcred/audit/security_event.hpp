// What a security officer's log tells of one event: docs/formats/events.md.
#pragma once

#include "base/clock.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace cred::audit {

// No field holds a secret. Empty ones are left out of the record.
struct SecurityEvent {
  Time time{};
  std::string event;    // stable word, such as "authentication"
  std::string outcome;  // a code's word, such as "refused"
  std::string realm;
  // Empty where the name is no account's: it may be a password typed too early.
  std::string account;
  std::string actor;   // who acted, such as "uid 0 (root) by credctl"
  std::string source;  // where from, such as "host 192.0.2.7"
  std::string service;
  std::string tty;
  std::string reason;  // stable word
  std::string detail;  // a sentence
};

// Called after the event is in the store. Must not throw; may be called from several
// threads at once.
using EventSink = std::function<void(const SecurityEvent&)>;

// One line of JSON in ASCII.
std::string to_json(const SecurityEvent& event);

// The severity of RFC 5424 §6.2.1, which is syslog(3)'s level.
int severity(const SecurityEvent& event);
int severity(std::string_view event, std::string_view outcome);

}  // namespace cred::audit
