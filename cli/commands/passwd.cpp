#include "cli/commands/commands.hpp"
#include "cli/credd_client.hpp"
#include "cli/desk.hpp"
#include "cli/own_account.hpp"
#include "cli/password_source.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int reset(const Session& session, const std::string& name, const PasswordSource& source) {
  using administration::Command;
  using engine::Operation;
  Desk desk(session);
  if (desk.trouble()) return session.fail(*desk.trouble());
  if (desk.through_credd() && name == own_login() && !source.generate && !source.must_change)
    return change_own_password(session, source.from_stdin);
  const bool asks = !source.from_stdin && !source.generate;
  if (!desk.through_credd() || asks) {
    // Before a password is typed in vain.
    const auto known = desk.run(Command{Operation::status}.with("account", name));
    if (known.code != Code::accepted) return conclude(session, known, "");
  }
  return source.run(session, desk, Command{Operation::passwd}.with("account", name),
                    "The password of " + name + " is changed.");
}

}  // namespace

void add_passwd(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "passwd", "Reset an account's password, or change your own when NAME is left out");
  auto name = std::make_shared<std::string>();
  auto source = std::make_shared<PasswordSource>();
  command->add_option("NAME", *name, "Login name");
  source->add_options(*command);
  command->footer(
      "Example: credctl passwd alice --generate\n"
      "With --stdin and no NAME, two lines: the current and the new password.");
  command->callback([&session, &action, name, source] {
    action = [&session, name, source] {
      if (!name->empty()) return reset(session, *name, *source);
      if (source->generate || source->must_change)
        return session.fail({Code::usage, "--generate and --must-change need a NAME"});
      return change_own_password(session, source->from_stdin);
    };
  });
}

}  // namespace cred::cli
