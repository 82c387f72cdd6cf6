// What every command shares: the global options, the store, and how results and
// errors are printed.
#pragma once

#include "base/error.hpp"
#include "engine/engine.hpp"

#include <nlohmann/json_fwd.hpp>
#include <memory>
#include <string>
#include <vector>

namespace cred::cli {

class RootSecrets;

struct Session {
  std::string config;
  std::string realm_name = "system";
  bool realm_given = false;  // on the command line
  std::string languages;     // the user's, as base/language.hpp gives them
  bool json = false;
  bool quiet = false;
  std::shared_ptr<RootSecrets> root_secrets;

  Session();

  Expected<engine::Configuration> configuration() const;
  // Before a credential takes the place of the root key's file.
  Expected<engine::Configuration> configured() const;
  Expected<engine::Engine> engine() const;
  Expected<engine::Engine> engine(const engine::Configuration& configuration) const;
  // Asks for a root key's passphrase or PIN on the terminal, or reads it from standard input
  // with --passphrase-stdin; once each, however often it is needed. Empty where neither is.
  vault::AskSecret ask() const;
  // Takes the first line of standard input for that. Errors: usage.
  Expected<void> take_passphrase();
  Expected<engine::Realm> realm() const;
  // Opening the store fails because of who asks: credd may still answer.
  static bool lacks_rights(const Error& error);
  engine::Actor actor() const;
  // Where attempts of this caller come from, as credd names it.
  std::string source() const;

  // Prints a result and gives the exit status of `code`. `text` is for people
  // (nothing with --quiet), `details` for --json.
  int finish(Code code, const std::string& text, const nlohmann::json& details) const;
  // A diagnostic on standard error, or an object with --json.
  int fail(const Error& error) const;
  // The same for what another than `accepted` came of: `details` has a "message", and may
  // have "violations" of the policy.
  int fail(Code code, const nlohmann::json& details) const;
  // A diagnostic that changes nothing about the result.
  void warn(const std::string& message) const;
  // Every broken rule.
  int refuse(const std::string& what, const std::vector<policy::Verdict>& verdicts) const;
};

// Of the terminal that the caller sits at, such as "/dev/pts/3"; empty: there is none.
std::string terminal_name();

}  // namespace cred::cli
