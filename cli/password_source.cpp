#include "cli/password_source.hpp"

#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>

namespace cred::cli {

void PasswordSource::add_options(CLI::App& command) {
  auto* in =
      command.add_flag("--stdin", from_stdin, "Read the password as one line of standard input");
  command
      .add_flag("--generate", generate,
                "Make a one-time password and show it once, on the terminal")
      ->excludes(in);
  command.add_flag("--must-change", must_change, "Let the user in only to change it");
}

Expected<Secret> PasswordSource::get(engine::Realm& realm, const std::string& account,
                                     const engine::Profile& profile) const {
  if (from_stdin) return password_from_stdin("password");
  if (!generate) return ask_for_new();
  if (auto terminal = check_terminal(); !terminal) return tl::make_unexpected(terminal.error());
  return realm.generate(account, profile);
}

}  // namespace cred::cli
