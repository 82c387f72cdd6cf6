#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"

#include <CLI/CLI.hpp>

namespace cred::cli {
namespace {

int expire(const Session& session, const std::string& name) {
  return run(session, administration::Command{engine::Operation::expire}.with("account", name),
             name + " must change the password at the next login.");
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
