#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int init(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  if (const auto done = engine::Engine::initialise(*configuration, session.ask()); !done)
    return session.fail(done.error());
  return session.finish(
      Code::accepted,
      "Created the store " + configuration->store_url + "\nand the root key " +
          configuration->root_key_url +
          "\nKeep a copy of the key apart from the store: without it, nobody can "
          "log in.",
      {{"store", configuration->store_url}, {"root_key", configuration->root_key_url}});
}

}  // namespace

void add_init(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand("init", "Create the store, the root key and realm system");
  command->footer("Example: credctl init");
  command->callback([&] { action = [&] { return init(session); }; });
}

}  // namespace cred::cli
