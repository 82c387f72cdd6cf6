#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int add(const Session& session, const std::string& name) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  if (const auto added = engine->add_realm(name, session.actor()); !added)
    return session.fail(added.error());
  return session.finish(Code::accepted, "Realm " + name + " is there, with a key of its own.",
                        {{"realm", name}});
}

int list(const Session& session) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  const auto names = engine->realms();
  if (!names) return session.fail(names.error());
  std::string text;
  for (const auto& name : *names) text += (text.empty() ? "" : "\n") + name;
  return session.finish(Code::accepted, text, {{"realms", *names}});
}

}  // namespace

void add_realm(CLI::App& program, const Session& session, Action& action) {
  auto* realm = program.add_subcommand("realm", "Tenants, each with accounts and a key of its own");
  realm->require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto* adding = realm->add_subcommand("add", "A new one");
  adding->add_option("NAME", *name, "Its name")->required();
  adding->footer("Example: credctl realm add shop");
  adding->callback(
      [&session, &action, name] { action = [&session, name] { return add(session, *name); }; });
  auto* listing = realm->add_subcommand("list", "The names of all");
  listing->footer("Example: credctl realm list --json");
  listing->callback([&session, &action] { action = [&session] { return list(session); }; });
}

}  // namespace cred::cli
