// Periodic work, and what an administrator decides about the store as a whole.

#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int maintain(const Session& session) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  const auto done = engine->maintain(session.actor());
  if (!done) return session.fail(done.error());
  Code worst = Code::accepted;
  std::string text;
  auto list = nlohmann::json::array();
  for (const auto& piece : *done) {
    if (piece.code != Code::accepted) worst = piece.code;
    text +=
        (text.empty() ? "" : "\n") + (piece.realm.empty() ? "" : piece.realm + ": ") + piece.what;
    list.push_back({{"realm", piece.realm}, {"what", piece.what}, {"status", word(piece.code)}});
  }
  if (worst != Code::accepted && !session.json) return session.fail({worst, text});
  return session.finish(worst, text.empty() ? "Nothing was due." : text, {{"done", list}});
}

int accept(const Session& session, const std::string& reason) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  if (const auto accepted = engine->accept_rollback(session.realm_name, reason, session.actor());
      !accepted)
    return session.fail(accepted.error());
  return session.finish(Code::accepted,
                        "The store of realm " + session.realm_name +
                            " is used as it is. Make a backup now: credctl backup create",
                        {{"realm", session.realm_name}});
}

}  // namespace

void add_maintain(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "maintain", "What is due: expired realms, old records and backups, work that was left");
  command->footer("Example: credctl maintain\nA timer runs it every day: cred-maintain.timer.");
  command->callback([&session, &action] { action = [&session] { return maintain(session); }; });
}

void add_accept_rollback(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "accept-rollback", "Use a store that is older than it was, after it was put back on purpose");
  auto reason = std::make_shared<std::string>();
  command->add_option("--reason", *reason, "Why, for the trail")->required()->type_name("TEXT");
  command->footer("Example: credctl accept-rollback --reason 'disk image of Monday'");
  command->callback([&session, &action, reason] {
    action = [&session, reason] { return accept(session, *reason); };
  });
}

}  // namespace cred::cli
