// Where an administrator's command takes a new password from.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "engine/engine.hpp"

#include <memory>
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
  // Reads, asks for or generates it.
  Expected<Secret> get(engine::Realm& realm, const std::string& account,
                       const engine::Profile& profile) const;
  // A generated password is known to two, so its owner has to change it.
  bool change_required() const { return must_change || generate; }
};

}  // namespace cred::cli
