// Runs administrators' commands: on the store, or by credd for callers who may not open it.
#pragma once

#include "administration/command.hpp"
#include "cli/session.hpp"

#include <functional>
#include <string>

namespace cred::cli {

class Desk {
 public:
  // In the realm of --realm, unless another one is named.
  explicit Desk(const Session& session) : Desk(session, session.realm_name) {}
  Desk(const Session& session, std::string realm);

  // What would keep every command from running, such as a realm that there is not.
  const std::optional<Error>& trouble() const { return trouble_; }
  bool through_credd() const { return !engine_ && !trouble_; }

  // Rows of a list go to `row`, or without one into the outcome's details.
  administration::Outcome run(const administration::Command& command,
                              const Secret* password = nullptr,
                              const administration::Row& row = {});
  // Told how far a long command has come; on the store alone.
  std::function<void(std::uint64_t)> progress;

 private:
  const Session& session_;
  const std::string realm_;
  std::optional<engine::Engine> engine_;
  std::optional<Error> trouble_;
};

// Prints what came of a command and gives its exit status; `text` is for people, where it
// was accepted.
int conclude(const Session& session, const administration::Outcome& outcome,
             const std::string& text);
// Runs a command that has no rows and prints what came of it.
int run(const Session& session, const administration::Command& command, const std::string& text);

}  // namespace cred::cli
