#include "cli/commands/commands.hpp"
#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int erase(const Session& session, const std::string& name, bool yes) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  if (!yes) {
    // Who is not there is not asked about; an erasure that was killed is completed below.
    if (const auto there = realm->status(name); there || there.error().code != Code::not_found)
      if (auto meant = confirm("This erases " + name + " in realm " + session.realm_name +
                               ", for good: password, profile and what the trail says of them.");
          !meant)
        return session.fail(meant.error());
  }
  const auto erased = realm->erase(name, session.actor());
  if (!erased) return session.fail(erased.error());
  if (erased->kept > 0)
    session.warn(std::to_string(erased->kept) +
                 " records of the trail are of a former format and keep the name until the trail "
                 "is pruned");
  return session.finish(Code::accepted,
                        "Erased " + name + ". It was account " + to_string(erased->account) +
                            ". Backups that were made before still have it; a restore erases it "
                            "again.",
                        {{"id", to_string(erased->account)},
                         {"records_emptied", erased->bodies},
                         {"records_kept", erased->kept}});
}

}  // namespace

void add_user_erase(CLI::App& user, const Session& session, Action& action) {
  auto* command = user.add_subcommand(
      "erase", "Erase an account, and what the trail and the journal say of its owner");
  auto name = std::make_shared<std::string>();
  auto yes = std::make_shared<bool>(false);
  command->add_option("NAME", *name, "Login name")->required();
  command->add_flag("--yes", *yes, "Do not ask");
  command->footer("Example: credctl user erase alice");
  command->callback([&session, &action, name, yes] {
    action = [&session, name, yes] { return erase(session, *name, *yes); };
  });
}

}  // namespace cred::cli
