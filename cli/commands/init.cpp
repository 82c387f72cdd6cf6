#include "cli/commands/commands.hpp"
#include "engine/store_copy.hpp"

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

int print_tables(const Session& session) {
  const auto tables = engine::server_tables();
  if (!tables) return session.fail(tables.error());
  return session.finish(Code::accepted, *tables, {{"ddl", *tables}});
}

}  // namespace

void add_init(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand("init", "Create the store, the root key and realm system");
  auto print = std::make_shared<bool>(false);
  command->add_flag("--print-ddl", *print,
                    "Only print the tables and roles that a PostgreSQL server needs");
  command->footer(
      "Example: credctl init\n"
      "Example: credctl init --print-ddl | psql --single-transaction cred");
  command->callback([&session, &action, print] {
    action = [&session, print] { return *print ? print_tables(session) : init(session); };
  });
}

}  // namespace cred::cli
