#include "cli/commands/commands.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

using Row = std::array<std::string, 5>;

std::string end_of(const engine::FailedAttempts& failed) {
  if (!failed.blocked_until) return "";
  return *failed.blocked_until == Time::max() ? "cleared"
                                              : engine::print_time(*failed.blocked_until);
}

Row row_of(const engine::FailedAttempts& failed) {
  const bool source_alone = !failed.by_source && failed.account.empty() && !failed.source.empty();
  return {source_alone             ? "(all)"
          : failed.account.empty() ? "(no account)"
                                   : failed.account,
          !failed.source.empty() ? failed.source
          : failed.by_source     ? "(unknown)"
                                 : "(all)",
          std::to_string(failed.failures), engine::print_time(failed.last_failure), end_of(failed)};
}

nlohmann::json json_of(const engine::FailedAttempts& failed) {
  const auto text = [](const std::string& t) {
    return t.empty() ? nlohmann::json() : nlohmann::json(t);
  };
  return {{"account", text(failed.account)},
          {"source", text(failed.source)},
          {"failures", failed.failures},
          {"last_failure", engine::print_time(failed.last_failure)},
          {"blocked_until", text(end_of(failed))}};
}

int show(const Session& session, const std::string& name) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto failed =
      realm->failed_attempts(name.empty() ? std::nullopt : std::optional<std::string_view>(name));
  if (!failed) return session.fail(failed.error());
  auto list = nlohmann::json::array();
  std::vector<Row> rows{{"ACCOUNT", "SOURCE", "FAILURES", "LAST", "WAITS UNTIL"}};
  for (const auto& counter : *failed) {
    list.push_back(json_of(counter));
    rows.push_back(row_of(counter));
  }
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
  return session.finish(Code::accepted, text, {{"attempts", list}});
}

int clear(const Session& session, const std::string& name, const std::string& source) {
  if (name.empty() == source.empty())
    return session.fail({Code::usage, "give an account, or --source"});
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto cleared = name.empty() ? realm->forget_attempts_from(source, session.actor())
                                    : realm->forget_attempts(name, session.actor());
  if (!cleared) return session.fail(cleared.error());
  return session.finish(Code::accepted,
                        "Forgot the failed attempts " +
                            (name.empty() ? "from " + source : "on " + name) + ".",
                        {{name.empty() ? "source" : "account", name.empty() ? source : name}});
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
