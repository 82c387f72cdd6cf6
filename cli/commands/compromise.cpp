#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int compromise(const Session& session, const std::string& name, const std::string& reason,
               bool lock) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  if (const auto done = realm->compromise(name, reason, lock, session.actor()); !done)
    return session.fail(done.error());
  return session.finish(Code::accepted,
                        lock ? "Nobody gets in as " + name +
                                   " until the account is unlocked and its password changed."
                             : "The password of " + name + " only lets its owner change it now.",
                        {{"account", name}, {"locked", lock}});
}

}  // namespace

void add_compromise(CLI::App& program, const Session& session, Action& action) {
  auto* command =
      program.add_subcommand("compromise", "Mark a password as suspected to be known to others");
  auto name = std::make_shared<std::string>();
  auto reason = std::make_shared<std::string>();
  auto lock = std::make_shared<bool>(false);
  command->add_option("NAME", *name, "Login name")->required();
  command->add_option("--reason", *reason, "Why, for the trail")->required()->type_name("TEXT");
  command->add_flag("--lock", *lock, "Let nobody in, not even to change it");
  command->footer("Example: credctl compromise alice --reason 'laptop stolen' --lock");
  command->callback([&session, &action, name, reason, lock] {
    action = [&session, name, reason, lock] { return compromise(session, *name, *reason, *lock); };
  });
}

}  // namespace cred::cli
