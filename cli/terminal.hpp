// Asking for passwords, and showing one: on the terminal, never elsewhere.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <string>

namespace cred::cli {

// One line of standard input. Errors: usage (none there, or too long).
Expected<Secret> password_from_stdin(const char* what);

// Asks on the terminal without echo. Errors: usage (no terminal, or interrupted).
Expected<Secret> ask(const std::string& prompt);

// Asks for a new password twice. Errors: usage (they differ).
Expected<Secret> ask_for_new();

// Asks for a yes on the terminal. Errors: usage (no terminal, or something else was said).
Expected<void> confirm(const std::string& question);

// Prints on the terminal, if there is one.
void tell(const std::string& text);

// Shows a generated password once. `check_terminal` tells beforehand whether that
// will be possible. Errors: usage (no terminal).
Expected<void> check_terminal();
Expected<void> show_once(const std::string& account, const Secret& password);

}  // namespace cred::cli
