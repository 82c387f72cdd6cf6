// Where an administrator's command takes a new password from.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "cli/desk.hpp"

#include <string>

namespace CLI {
class App;
}

namespace cred::cli {

struct PasswordSource {
  bool from_stdin = false;
  bool generate = false;
  bool must_change = false;

  // Adds --stdin, --generate and --must-change.
  void add_options(CLI::App& command);
  // Reads it or asks for it, unless it is generated where the command runs; then runs the
  // command, shows what was generated and prints what came of it. Gives the exit status.
  int run(const Session& session, Desk& desk, administration::Command command,
          const std::string& text) const;
  // The password that is not generated.
  Expected<Secret> get() const;
};

}  // namespace cred::cli
