#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"
#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>
#include <filesystem>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

// What restores moved out of their way: nobody erases anything in it.
std::vector<std::string> left_aside(const Session& session) {
  namespace fs = std::filesystem;
  std::vector<std::string> found;
  auto configuration = session.configuration();
  if (!configuration) return found;
  configuration->fill_in_directories();
  const std::string& url = configuration->store_url;
  const fs::path store = url.substr(url.find(':') + 1);
  for (const fs::path& directory :
       {store.parent_path(), fs::path(configuration->journal_directory)}) {
    std::error_code ignored;
    for (fs::directory_iterator entry(directory, ignored), end; !ignored && entry != end;
         entry.increment(ignored))
      if (entry->path().filename().string().find(".damaged-") != std::string::npos)
        found.push_back(entry->path());
  }
  return found;
}

int erase(const Session& session, const std::string& name, bool yes) {
  using administration::Command;
  using engine::Operation;
  Desk desk(session);
  if (desk.trouble()) return session.fail(*desk.trouble());
  if (!yes) {
    // Who is not there is not asked about; an erasure that was killed is completed below.
    if (const auto there = desk.run(Command{Operation::status}.with("account", name));
        there.code != Code::not_found)
      if (auto meant = confirm("This erases " + name + " in realm " + session.realm_name +
                               ", for good: password, profile and what the trail says of them.");
          !meant)
        return session.fail(meant.error());
  }
  const auto outcome = desk.run(Command{Operation::user_erase}.with("account", name));
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  if (const auto kept = outcome.details.value("records_kept", 0ULL); kept > 0)
    session.warn(std::to_string(kept) +
                 " records of the trail are of a former format and keep the name until the trail "
                 "is pruned");
  if (!desk.through_credd())
    for (const auto& path : left_aside(session))
      session.warn("a restore left " + path + " aside, which may have the person still; remove it");
  return conclude(session, outcome,
                  "Erased " + name + ". It was account " + outcome.details.value("id", "") +
                      ". Backups that were made before still have it; a restore erases it "
                      "again.");
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
