// Telling systemd how it goes: sd_notify(3)'s protocol.
#pragma once

#include <chrono>
#include <optional>

namespace cred::broker {

// `state`: "READY=1" and the like. Does nothing where nobody wants to know.
void notify(const char* state);

// How often "WATCHDOG=1" has to be said, at least; unset: not at all.
std::optional<std::chrono::microseconds> watchdog();

}  // namespace cred::broker
