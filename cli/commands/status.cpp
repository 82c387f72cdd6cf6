#include "cli/account_view.hpp"
#include "cli/commands/commands.hpp"
#include "cli/own_account.hpp"

#include <CLI/CLI.hpp>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {

void add_status(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "status", "State, when the password was set and is due, attempts left");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Login name; without it, your own");
  command->footer("Example: credctl status alice");
  command->callback([&session, &action, name] {
    action = [&session, name] {
      const bool own = name->empty();
      if (own)
        if (const passwd* user = getpwuid(getuid())) *name = user->pw_name;
      // Others than root cannot open the store.
      return own && geteuid() != 0 ? show_own_account(session)
                                   : show_account(session, *name, false);
    };
  });
}

}  // namespace cred::cli
