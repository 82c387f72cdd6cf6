#include "cli/account_view.hpp"
#include "cli/commands/commands.hpp"
#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int verify(const Session& session, const std::string& name, bool from_stdin) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto password = from_stdin ? password_from_stdin("password") : ask("Password: ");
  if (!password) return session.fail(password.error());
  if (auto normal = policy::normalise(*password); !normal) return session.fail(normal.error());
  const auto result = realm->authenticate(name, *password, {session.source(), "credctl", {}});
  if (!result) return session.fail(result.error());
  switch (result->code) {
    case Code::accepted:
      return session.finish(Code::accepted, "The password is right.", {{"account", name}});
    case Code::must_change:
      return session.finish(Code::must_change,
                            "The password is right, but must be changed: " +
                                reason_text(result->standing.reason) + ".",
                            {{"account", name}, {"reason", word(result->standing.reason)}});
    case Code::locked:
      return session.finish(Code::locked, "No login: " + reason_text(result->standing.reason) + ".",
                            {{"account", name}, {"reason", word(result->standing.reason)}});
    default: break;
  }
  return session.fail({Code::refused,
                       "wrong name or password, or too many failures: wait, then "
                       "try again"});
}

}  // namespace

void add_verify(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "verify", "Check a password exactly as a login does; counts as an attempt");
  auto name = std::make_shared<std::string>();
  auto from_stdin = std::make_shared<bool>(false);
  command->add_option("NAME", *name, "Login name")->required();
  command->add_flag("--stdin", *from_stdin, "Read the password as one line of standard input");
  command->footer(
      "Example: credctl verify alice --stdin < file\n"
      "Exit: 0 right, 1 wrong, 3 right but must be changed, 4 locked or disabled");
  command->callback([&session, &action, name, from_stdin] {
    action = [&session, name, from_stdin] { return verify(session, *name, *from_stdin); };
  });
}

}  // namespace cred::cli
