#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int expire(const Session& session, const std::string& name) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  if (const auto done = realm->expire(name, session.actor()); !done)
    return session.fail(done.error());
  return session.finish(Code::accepted, name + " must change the password at the next login.",
                        {{"account", name}});
}

}  // namespace

void add_expire(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand("expire", "Force a change at the next login");
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Login name")->required();
  command->footer("Example: credctl expire alice");
  command->callback(
      [&session, &action, name] { action = [&session, name] { return expire(session, *name); }; });
}

}  // namespace cred::cli
