#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

using Row = std::array<std::string, 5>;

using administration::Command;
using engine::Operation;

std::string text_of(const nlohmann::json& row, const char* key) {
  const auto& member = row.at(key);
  return member.is_string() ? member.get<std::string>() : "";
}

Row row_of(const nlohmann::json& failed) {
  const std::string account = text_of(failed, "account");
  const std::string source = text_of(failed, "source");
  const bool by_source = failed.at("by_source");
  const bool source_alone = !by_source && account.empty() && !source.empty();
  return {source_alone      ? "(all)"
          : account.empty() ? "(no account)"
                            : account,
          !source.empty() ? source
          : by_source     ? "(unknown)"
                          : "(all)",
          failed.at("failures").dump(), text_of(failed, "last_failure"),
          text_of(failed, "blocked_until")};
}

int show(const Session& session, const std::string& name) {
  const auto outcome =
      Desk(session).run(Command{Operation::attempts_show}.with_given("account", name));
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  std::vector<Row> rows{{"ACCOUNT", "SOURCE", "FAILURES", "LAST", "WAITS UNTIL"}};
  for (const auto& counter : outcome.details.at("attempts")) rows.push_back(row_of(counter));
  std::string text = "No failed attempts are counted.";
  if (rows.size() > 1) {
    text.clear();
    std::array<std::size_t, 5> widths{};
    for (const auto& row : rows)
      for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    for (const auto& row : rows) {
      std::string line;
      for (std::size_t i = 0; i < row.size(); ++i)
        line += row[i] + std::string(widths[i] + 2 - row[i].size(), ' ');
      line.erase(line.find_last_not_of(' ') + 1);
      text += (text.empty() ? "" : "\n") + line;
    }
  }
  return conclude(session, outcome, text);
}

int clear(const Session& session, const std::string& name, const std::string& source) {
  if (name.empty() == source.empty())
    return session.fail({Code::usage, "give an account, or --source"});
  return run(
      session,
      Command{Operation::attempts_clear}.with_given("account", name).with_given("source", source),
      "Forgot the failed attempts " + (name.empty() ? "from " + source : "on " + name) + ".");
}

}  // namespace

void add_attempts(CLI::App& program, const Session& session, Action& action) {
  auto* attempts = program.add_subcommand("attempts", "Failed attempts that are counted");
  attempts->require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto source = std::make_shared<std::string>();

  auto* showing = attempts->add_subcommand("show", "By account, by account and source, by source");
  showing->add_option("NAME", *name, "Login name; without it, all");
  showing->footer("Example: credctl attempts show alice");
  showing->callback(
      [&session, &action, name] { action = [&session, name] { return show(session, *name); }; });

  auto* clearing = attempts->add_subcommand("clear", "Forget failures and the delays they brought");
  clearing->add_option("NAME", *name, "Login name: its failures from everywhere");
  clearing->add_option("--source", *source, "The failures of a source, as show names it")
      ->type_name("SOURCE");
  clearing->footer(
      "Example: credctl attempts clear alice\n"
      "         credctl attempts clear --source 'host 192.0.2.7'");
  clearing->callback([&session, &action, name, source] {
    action = [&session, name, source] { return clear(session, *name, *source); };
  });
}

}  // namespace cred::cli
