// The text of a message, read by a program of its own: whatever a message does to the libraries
// that read it, it does to a process that has nothing and may do nothing.
#pragma once

#include "base/error.hpp"

#include <span>
#include <string>

namespace cred::scan {

// What cred-read-message makes of a message: see message_text. `program`: its path; empty: the
// built-in one. Starts a process, and waits for it for up to 30 s. Errors: usage (the message is
// too large), unavailable (it cannot be started, or died of the message).
Expected<std::string> read_message(std::span<const char> message, const std::string& program = {});

// What a person can find a message by: its Message-ID, else `otherwise`. Fit for Realm::scan.
std::string message_id(std::span<const char> message, const std::string& otherwise);

}  // namespace cred::scan
