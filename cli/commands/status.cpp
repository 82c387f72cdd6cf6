#include "cli/account_view.hpp"
#include "cli/commands/commands.hpp"
#include "cli/credd_client.hpp"

#include <CLI/CLI.hpp>

namespace cred::cli {

void add_status(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "status", "State, when the password was set and is due, attempts left");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Login name; without it, your own");
  command->footer("Example: credctl status alice");
  command->callback([&session, &action, name] {
    action = [&session, name] {
      if (name->empty()) *name = own_login();
      return show_account(session, *name, false);
    };
  });
}

}  // namespace cred::cli
