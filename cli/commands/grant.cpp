#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"
#include "cli/policy_view.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

using administration::Command;
using engine::Operation;

struct Wanted {
  std::string holder;
  std::string role;
  std::string time;
  std::string reason;
};

int add(const Session& session, const Wanted& w) {
  const auto outcome = Desk(session).run(Command{Operation::grant_add}
                                             .with("holder", w.holder)
                                             .with("role", w.role)
                                             .with("for", w.time)
                                             .with("reason", w.reason));
  return conclude(session, outcome,
                  w.holder + " has role " + w.role + " in realm " + session.realm_name + " until " +
                      outcome.details.value("until", "") + ".");
}

int list(const Session& session) {
  const auto outcome = Desk(session).run(Command{Operation::grant_list});
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  std::vector<std::vector<std::string>> rows{
      {"NUMBER", "HOLDER", "ROLE", "FROM", "UNTIL", "BY", "REASON"}};
  for (const auto& grant : outcome.details.at("grants"))
    rows.push_back({grant.at("number").dump(), grant.value("holder", ""), grant.value("role", ""),
                    grant.value("from", ""), grant.value("until", ""), grant.value("by", ""),
                    grant.value("reason", "")});
  std::string text = rows.size() > 1 ? table(rows, "") : "No grant is in force.\n";
  text.pop_back();
  return conclude(session, outcome, text);
}

int remove(const Session& session, const std::string& holder) {
  return run(session, Command{Operation::grant_remove}.with("holder", holder),
             "Took the grants of " + holder + " back.");
}

}  // namespace

void add_grant(CLI::App& program, const Session& session, Action& action) {
  auto* grant = program.add_subcommand("grant", "Roles for a while, which end by themselves");
  grant->require_subcommand(1);
  auto wanted = std::make_shared<Wanted>();
  const auto holder = [&](CLI::App& command) {
    command.add_option("NAME", wanted->holder, "A user of this machine, or @ and a group")
        ->required();
  };

  auto* adding = grant->add_subcommand("add", "Give a role");
  holder(*adding);
  adding->add_option("--role", wanted->role, "viewer, helpdesk, operator, auditor or owner")
      ->required()
      ->type_name("ROLE");
  adding->add_option("--for", wanted->time, "How long, such as 2h; 90d at most")
      ->required()
      ->type_name("TIME");
  adding->add_option("--reason", wanted->reason, "Why, for the trail")
      ->required()
      ->type_name("TEXT");
  adding->footer(
      "Example: credctl grant add alice --role operator --for 2h --reason 'ticket 4711'\n"
      "         credctl --realm shop grant add @support --role helpdesk --for 7d --reason move");
  adding->callback([&session, &action, wanted] {
    action = [&session, wanted] { return add(session, *wanted); };
  });

  auto* listing = grant->add_subcommand("list", "Those in force");
  listing->footer("Example: credctl grant list --json");
  listing->callback([&session, &action] { action = [&session] { return list(session); }; });

  auto* removing = grant->add_subcommand("remove", "Take all grants of a holder back");
  holder(*removing);
  removing->footer("Example: credctl grant remove alice");
  removing->callback([&session, &action, wanted] {
    action = [&session, wanted] { return remove(session, wanted->holder); };
  });
}

}  // namespace cred::cli
