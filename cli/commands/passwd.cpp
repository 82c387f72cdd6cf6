#include "cli/account_view.hpp"
#include "cli/commands/commands.hpp"
#include "cli/credd_client.hpp"
#include "cli/own_account.hpp"
#include "cli/password_source.hpp"
#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int reset(const Session& session, const std::string& name, const PasswordSource& source) {
  auto realm = session.realm();
  if (!realm) {
    if (!Session::lacks_rights(realm.error())) return session.fail(realm.error());
    return name == own_login() && !source.generate && !source.must_change
               ? change_own_password(session, source.from_stdin)
               : reset_through_credd(session, name, source);
  }
  const auto status = realm->status(name);
  if (!status) return session.fail(status.error());
  const auto password = source.get(*realm, name, status->profile);
  if (!password) return session.fail(password.error());
  const auto changed = realm->reset(name, *password, source.change_required(), session.actor());
  if (!changed) return session.fail(changed.error());
  if (changed->code == Code::refused)
    return session.refuse("the password of " + name + " is unchanged", changed->verdicts);
  if (source.generate)
    if (auto shown = show_once(name, *password); !shown) return session.fail(shown.error());
  return session.finish(Code::accepted, "The password of " + name + " is changed.",
                        {{"account", name}});
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
