#include "cli/commands/commands.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

struct Filter {
  std::string since;
  std::string account;
  std::string event;
};

// A day, or so long ago.
std::optional<Time> since_time(const std::string& text) {
  if (const auto day = engine::parse_date(text)) return Time(*day);
  if (const auto ago = engine::parse_duration(text)) return SystemClock().now() - *ago;
  return std::nullopt;
}

nlohmann::json json_of(const engine::TrailEntry& entry) {
  const auto text = [](const std::string& t) {
    return t.empty() ? nlohmann::json() : nlohmann::json(t);
  };
  const bool about_one = entry.account_id != Uuid{};
  return {{"number", entry.number},
          {"time", engine::print_time(entry.time)},
          {"event", entry.event},
          {"account", text(entry.account)},
          {"account_id", about_one ? nlohmann::json(to_string(entry.account_id)) : nullptr},
          {"actor", text(entry.actor)},
          {"detail", text(entry.detail)}};
}

int show(const Session& session, const Filter& filter) {
  std::optional<Time> since;
  if (!filter.since.empty()) {
    since = since_time(filter.since);
    if (!since)
      return session.fail(
          {Code::usage, "--since takes a day (YYYY-MM-DD) or a time ago, such as 2d or \"3h\""});
  }
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  auto records = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows{
      {"NUMBER", "TIME", "EVENT", "ACCOUNT", "ACTOR", "DETAIL"}};
  const auto read = realm->trail(0, [&](const engine::TrailEntry& entry) {
    if (since && entry.time < *since) return true;
    if (!filter.account.empty() && entry.account != filter.account) return true;
    if (!filter.event.empty() && entry.event != filter.event) return true;
    if (session.json)
      records.push_back(json_of(entry));
    else
      rows.push_back({std::to_string(entry.number), engine::print_time(entry.time), entry.event,
                      entry.account.empty() ? "-" : entry.account, entry.actor, entry.detail});
    return true;
  });
  if (!read) return session.fail(read.error());
  std::string text = rows.size() > 1 ? table(rows, "") : "No record of the trail fits.\n";
  text.pop_back();
  return session.finish(Code::accepted, text, {{"records", records}});
}

int verify(const Session& session) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  Progress progress("Verifying", "records");
  const auto check =
      realm->verify_trail([&](std::uint64_t records) { progress.update(records, 0, 0); });
  if (!check) return session.fail(check.error());
  const nlohmann::json details{
      {"records", check->records},
      {"first_bad", check->first_bad ? nlohmann::json(*check->first_bad) : nullptr}};
  if (!check->first_bad)
    return session.finish(Code::accepted,
                          "The trail of realm " + session.realm_name +
                              " is whole: " + std::to_string(check->records) + " records.",
                          details);
  const std::string message = "the trail of realm " + session.realm_name +
                              " is whole up to record " + std::to_string(check->records) +
                              "; the first bad one is " + std::to_string(*check->first_bad) + ": " +
                              check->why;
  if (!session.json) return session.fail({Code::integrity, message});
  auto object = details;
  object["message"] = message;
  return session.finish(Code::integrity, "", object);
}

}  // namespace

void add_audit(CLI::App& program, const Session& session, Action& action) {
  auto* audit = program.add_subcommand("audit", "The trail of what happened to accounts");
  audit->require_subcommand(1);
  auto filter = std::make_shared<Filter>();
  auto* showing = audit->add_subcommand("show", "Its records, the oldest first");
  showing->add_option("--since", filter->since, "From this day on (YYYY-MM-DD), or so long ago")
      ->type_name("TIME");
  showing->add_option("--account", filter->account, "Of this login name alone")->type_name("NAME");
  showing->add_option("--event", filter->event, "This event alone, such as changed")
      ->type_name("EVENT");
  showing->footer("Example: credctl audit show --since 7d --event compromised");
  showing->callback([&session, &action, filter] {
    action = [&session, filter] { return show(session, *filter); };
  });
  auto* verifying = audit->add_subcommand("verify", "Whether a record is missing or altered");
  verifying->footer(
      "Example: credctl audit verify\nExit: 0 whole, 9 not; the first bad record is named");
  verifying->callback([&session, &action] { action = [&session] { return verify(session); }; });
}

}  // namespace cred::cli
