#include "administration/sieve.hpp"
#include "administration/views.hpp"
#include "audit/export.hpp"
#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"
#include "cli/new_file.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"

#include <CLI/CLI.hpp>
#include <array>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <nlohmann/json.hpp>
#include <thread>
#include <unistd.h>

namespace cred::cli {
namespace {

using administration::Command;
using administration::Sieve;
using engine::Operation;

struct Filter : administration::Filter {
  std::string format = "json";
  std::string output;
  bool follow = false;
};

Command command_of(Operation operation, const Filter& filter) {
  return Command{operation}
      .with_given("since", filter.since)
      .with_given("until", filter.until)
      .with_given("account", filter.account)
      .with_given("event", filter.event)
      .with_given("outcome", filter.outcome);
}

// Empty where it is null.
std::string text_of(const nlohmann::json& entry, const char* key) {
  const auto& member = entry.at(key);
  return member.is_string() ? member.get<std::string>() : "";
}

std::vector<std::string> row_of(const nlohmann::json& entry) {
  const auto or_dash = [&](const char* key) {
    const auto text = text_of(entry, key);
    return text.empty() ? "-" : text;
  };
  return {entry.at("number").dump(), text_of(entry, "time"),  text_of(entry, "event"),
          text_of(entry, "outcome"), or_dash("account"),      or_dash("actor"),
          or_dash("source"),         text_of(entry, "detail")};
}

const std::vector<std::string> titles{"NUMBER",  "TIME",  "EVENT",  "OUTCOME",
                                      "ACCOUNT", "ACTOR", "SOURCE", "DETAIL"};

volatile std::sig_atomic_t ended = 0;
extern "C" void end_following(int) { ended = 1; }

// A line for each record, at once: columns would have to wait for the rest.
void print_line(const Session& session, const nlohmann::json& entry) {
  std::string line;
  if (session.json) {
    line = entry.dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
  } else {
    for (const auto& cell : row_of(entry)) line += (line.empty() ? "" : "  ") + cell;
  }
  std::fputs((line + "\n").c_str(), stdout);
}

int follow(const Session& session, engine::Realm& realm, const Sieve& sieve) {
  struct sigaction action {};
  action.sa_handler = end_following;
  (void)sigaction(SIGINT, &action, nullptr);
  (void)sigaction(SIGTERM, &action, nullptr);
  std::uint64_t after = 0;
  while (ended == 0) {
    const auto read = realm.trail(after, [&](const engine::TrailEntry& entry) {
      after = entry.number;
      if (sieve.passes(entry)) print_line(session, administration::json_of(entry));
      return ended == 0;
    });
    if (!read) return session.fail(read.error());
    if (std::fflush(stdout) != 0) break;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  return 0;
}

int show(const Session& session, const Filter& filter) {
  // Wrong words are told of, whoever asks.
  const auto sieve = Sieve::of(filter);
  if (!sieve) return session.fail(sieve.error());
  if (filter.follow) {
    auto realm = session.realm();
    return realm ? follow(session, *realm, *sieve) : session.fail(realm.error());
  }
  auto records = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows{titles};
  auto outcome = Desk(session).run(command_of(Operation::audit_show, filter), nullptr,
                                   [&](const nlohmann::json& entry) {
                                     if (session.json)
                                       records.push_back(entry);
                                     else
                                       rows.push_back(row_of(entry));
                                     return true;
                                   });
  if (outcome.code == Code::accepted) outcome.details["records"] = std::move(records);
  std::string text = rows.size() > 1 ? table(rows, "") : "No record of the trail fits.\n";
  text.pop_back();
  return conclude(session, outcome, text);
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

audit::ExportedRecord exported(const nlohmann::json& entry, const std::string& host,
                               const std::string& realm) {
  const auto& uid = entry.at("uid");
  return {entry.at("number"),
          Time(Duration(entry.at("milliseconds").get<std::int64_t>())),
          host,
          realm,
          text_of(entry, "event"),
          text_of(entry, "outcome"),
          text_of(entry, "account"),
          text_of(entry, "account_id"),
          uid.is_null() ? std::nullopt : std::optional<std::uint32_t>(uid.get<std::uint32_t>()),
          text_of(entry, "actor"),
          text_of(entry, "source"),
          text_of(entry, "service"),
          text_of(entry, "tty"),
          text_of(entry, "detail"),
          text_of(entry, "mac")};
}

int export_trail(const Session& session, const Filter& filter) {
  const auto sieve = Sieve::of(filter);
  if (!sieve) return session.fail(sieve.error());
  Desk desk(session);
  if (desk.trouble()) return session.fail(*desk.trouble());
  std::optional<NewFile> file;
  if (!filter.output.empty()) {
    file.emplace(filter.output);
    if (!file->there())
      return session.fail(
          {Code::usage, "cannot create " + filter.output + ": " + std::strerror(errno)});
  }
  const std::string host = host_name();
  bool written = true;
  std::uint64_t records = 0;
  const auto outcome = desk.run(
      command_of(Operation::audit_export, filter), nullptr, [&](const nlohmann::json& entry) {
        const auto record = exported(entry, host, session.realm_name);
        const std::string line = (filter.format == "json"     ? audit::to_json_line(record)
                                  : filter.format == "syslog" ? audit::to_syslog(record)
                                                              : audit::to_cef(record)) +
                                 "\n";
        written = written && (file ? file->write(line) : std::fputs(line.c_str(), stdout) >= 0);
        ++records;
        return written;
      });
  if (!written) return session.fail({Code::unavailable, "the export could not be written whole"});
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  if (!(file ? file->keep() : std::fflush(stdout) == 0))
    return session.fail({Code::unavailable, "the export could not be written whole"});
  if (filter.output.empty()) return 0;
  return session.finish(
      Code::accepted, "Exported " + std::to_string(records) + " records to " + filter.output + ".",
      {{"records", records}, {"output", filter.output}});
}

int verify(const Session& session, const std::string& fingerprint) {
  Progress progress("Verifying", "records");
  Desk desk(session);
  desk.progress = [&](std::uint64_t records) { progress.update(records, 0, 0); };
  const auto outcome =
      desk.run(Command{Operation::audit_verify}.with_given("fingerprint", fingerprint));
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  std::string text = "The trail of realm " + session.realm_name +
                     " is whole: " + outcome.details.at("records").dump() + " records.\n";
  if (const auto pruned = outcome.details.value("pruned", 0ULL); pruned > 0)
    text += "Records 1 to " + std::to_string(pruned) + " were pruned.\n";
  text += "Fingerprint of its first key: " + text_of(outcome.details, "fingerprint");
  return conclude(session, outcome, text);
}

void add_filters(CLI::App& command, const std::shared_ptr<Filter>& filter) {
  command.add_option("--since", filter->since, "From this day or time on, or so long ago")
      ->type_name("TIME");
  command.add_option("--until", filter->until, "Before this day or time")->type_name("TIME");
  command.add_option("--account", filter->account, "Of this login name, or account id, alone")
      ->type_name("NAME");
  command.add_option("--event", filter->event, "This event alone, such as changed")
      ->type_name("EVENT");
  command.add_option("--outcome", filter->outcome, "This outcome alone, such as refused")
      ->type_name("STATUS");
}

}  // namespace

void add_audit(CLI::App& program, const Session& session, Action& action) {
  auto* audit = program.add_subcommand("audit", "The trail of what happened to accounts");
  audit->require_subcommand(1);
  auto filter = std::make_shared<Filter>();
  auto* showing = audit->add_subcommand("show", "Its records, the oldest first");
  add_filters(*showing, filter);
  showing->add_flag("--follow", filter->follow, "Go on with records as they come");
  showing->footer("Example: credctl audit show --since 7d --event compromised");
  showing->callback([&session, &action, filter] {
    action = [&session, filter] { return show(session, *filter); };
  });
  auto* exporting = audit->add_subcommand("export", "Its records, one a line, for other programs");
  add_filters(*exporting, filter);
  exporting->add_option("--format", filter->format, "json, syslog (RFC 5424) or cef")
      ->check(CLI::IsMember({"json", "syslog", "cef"}));
  exporting->add_option("--output", filter->output, "A new file instead of standard output")
      ->type_name("FILE");
  exporting->footer("Example: credctl audit export --format cef --since 1d");
  exporting->callback([&session, &action, filter] {
    action = [&session, filter] { return export_trail(session, *filter); };
  });
  auto fingerprint = std::make_shared<std::string>();
  auto* verifying = audit->add_subcommand("verify", "Whether a record is missing or altered");
  verifying
      ->add_option("--fingerprint", *fingerprint,
                   "Of the trail's first key, as it was written down")
      ->type_name("TEXT");
  verifying->footer(
      "Example: credctl audit verify\nExit: 0 whole, 9 not; the first bad record is named");
  verifying->callback([&session, &action, fingerprint] {
    action = [&session, fingerprint] { return verify(session, *fingerprint); };
  });
}

}  // namespace cred::cli
