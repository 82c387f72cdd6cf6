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

Expected<Secret> PasswordSource::get() const {
  return from_stdin ? password_from_stdin("password") : ask_for_new();
}

int PasswordSource::run(const Session& session, Desk& desk, administration::Command command,
                        const std::string& text) const {
  const std::string account(command.account());
  command.with_flag("generate", generate).with_flag("must_change", must_change);
  Secret password;
  if (generate) {
    if (auto terminal = check_terminal(); !terminal) return session.fail(terminal.error());
  } else {
    auto given = get();
    if (!given) return session.fail(given.error());
    // What is empty is none on its way to credd, too.
    if (given->empty()) return session.fail(policy::normalise(*given).error());
    password = std::move(*given);
  }
  const auto outcome = desk.run(command, generate ? nullptr : &password);
  if (generate && outcome.code == Code::accepted)
    if (auto shown = show_once(account, outcome.password); !shown)
      return session.fail(shown.error());
  return conclude(session, outcome, text);
}

}  // namespace cred::cli
