#include "administration/views.hpp"
#include "cli/commands/commands.hpp"
#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int check(const Session& session, const std::string& name, bool from_stdin) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto password = from_stdin ? password_from_stdin("password") : ask("Password to check: ");
  if (!password) return session.fail(password.error());
  const auto account = name.empty() ? std::nullopt : std::optional<std::string_view>(name);
  const auto report = realm->check(account, nullptr, *password, engine::Realm::Depth::history);
  if (!report) return session.fail(report.error());
  for (const auto& failure : report->data_failures) session.warn(failure.message);
  std::string text;
  auto rules = nlohmann::json::array();
  for (const auto& verdict : report->verdicts) {
    const bool passed = !verdict.violation;
    text += (passed ? "passed  " : "FAILED  ") + verdict.requirement + " [" + verdict.rule + "]\n";
    if (!passed) text += "        " + *verdict.violation + "\n";
    rules.push_back({{"rule", verdict.rule},
                     {"requirement", verdict.requirement},
                     {"passed", passed},
                     {"message", verdict.violation.value_or("")},
                     {"parameters", administration::json_of(verdict.parameters)}});
  }
  const bool accepted = engine::violations(report->verdicts).empty();
  text += accepted ? "The policy takes this password." : "The policy refuses this password.";
  nlohmann::json strength;
  if (report->strength) {
    const auto advice = policy::advice(*report->strength);
    text += "\n" + advice;
    strength = {{"score", report->strength->score}, {"message", advice}};
  }
  return session.finish(accepted ? Code::accepted : Code::refused, text,
                        {{"rules", rules},
                         {"violations", administration::violations_json(report->verdicts)},
                         {"strength", strength}});
}

}  // namespace

void add_check(CLI::App& program, const Session& session, Action& action) {
  auto* command =
      program.add_subcommand("check", "Try a password against the policy; changes nothing");
  auto name = std::make_shared<std::string>();
  auto from_stdin = std::make_shared<bool>(false);
  command->add_option("NAME", *name, "Judge it for this account: its names and earlier passwords");
  command->add_flag("--stdin", *from_stdin, "Read the password as one line of standard input");
  command->footer("Example: credctl check alice --stdin < file");
  command->callback([&session, &action, name, from_stdin] {
    action = [&session, name, from_stdin] { return check(session, *name, *from_stdin); };
  });
}

}  // namespace cred::cli
