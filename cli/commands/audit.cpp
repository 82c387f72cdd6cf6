#include "audit/checkpoint.hpp"
#include "audit/event.hpp"
#include "audit/export.hpp"
#include "base/hexadecimal.hpp"
#include "cli/commands/commands.hpp"
#include "cli/new_file.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"
#include "engine/units.hpp"

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

struct Filter {
  std::string since;
  std::string until;
  std::string account;
  std::string event;
  std::string outcome;
  std::string format = "json";
  std::string output;
  bool follow = false;
};

// What of a filter was understood.
class Sieve {
 public:
  static Expected<Sieve> of(const Filter& filter) {
    Sieve sieve;
    const Time now = SystemClock().now();
    const auto moment = [&](const std::string& text, std::optional<Time>& time) {
      if (text.empty()) return true;
      time = engine::parse_moment(text, now);
      return time.has_value();
    };
    if (!moment(filter.since, sieve.since_) || !moment(filter.until, sieve.until_))
      return fail(Code::usage,
                  "--since and --until take a day (YYYY-MM-DD), a time (2026-11-25T03:04:05Z) or a "
                  "time ago, such as 2d or \"3h\"");
    if (!filter.event.empty())
      if (const auto event = audit::parse_event(filter.event); !event)
        return tl::make_unexpected(event.error());
    if (!filter.outcome.empty() && !is_outcome(filter.outcome))
      return fail(Code::usage, "--outcome takes a status, such as accepted, refused or locked");
    sieve.filter_ = filter;
    return sieve;
  }

  bool passes(const engine::TrailEntry& entry) const {
    return (!since_ || entry.time >= *since_) && (!until_ || entry.time < *until_) &&
           (filter_.account.empty() || entry.account == filter_.account ||
            (entry.account_id != Uuid{} && to_string(entry.account_id) == filter_.account)) &&
           (filter_.event.empty() || entry.event == filter_.event) &&
           (filter_.outcome.empty() || word(entry.outcome) == filter_.outcome);
  }

 private:
  static bool is_outcome(const std::string& text) {
    for (int code = 0; code <= static_cast<int>(Code::internal); ++code)
      if (text == word(static_cast<Code>(code))) return true;
    return false;
  }

  Filter filter_;
  std::optional<Time> since_;
  std::optional<Time> until_;
};

nlohmann::json json_of(const engine::TrailEntry& entry) {
  const auto text = [](const std::string& t) {
    return t.empty() ? nlohmann::json() : nlohmann::json(t);
  };
  const bool about_one = entry.account_id != Uuid{};
  return {{"number", entry.number},
          {"time", engine::print_time(entry.time)},
          {"event", entry.event},
          {"outcome", word(entry.outcome)},
          {"account", text(entry.account)},
          {"account_id", about_one ? nlohmann::json(to_string(entry.account_id)) : nullptr},
          {"uid", entry.uid ? nlohmann::json(*entry.uid) : nlohmann::json()},
          {"actor", text(entry.actor)},
          {"source", text(entry.source)},
          {"service", text(entry.service)},
          {"tty", text(entry.tty)},
          {"detail", text(entry.detail)},
          {"erased", entry.erased}};
}

std::vector<std::string> row_of(const engine::TrailEntry& entry) {
  return {std::to_string(entry.number),
          engine::print_time(entry.time),
          entry.event,
          word(entry.outcome),
          entry.account.empty() ? "-" : entry.account,
          entry.actor.empty() ? "-" : entry.actor,
          entry.source.empty() ? "-" : entry.source,
          entry.detail};
}

const std::vector<std::string> titles{"NUMBER",  "TIME",  "EVENT",  "OUTCOME",
                                      "ACCOUNT", "ACTOR", "SOURCE", "DETAIL"};

volatile std::sig_atomic_t ended = 0;
extern "C" void end_following(int) { ended = 1; }

// A line for each record, at once: columns would have to wait for the rest.
void print_line(const Session& session, const engine::TrailEntry& entry) {
  std::string line;
  if (session.json) {
    line = json_of(entry).dump(-1, ' ', true, nlohmann::json::error_handler_t::replace);
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
      if (sieve.passes(entry)) print_line(session, entry);
      return ended == 0;
    });
    if (!read) return session.fail(read.error());
    if (std::fflush(stdout) != 0) break;
    std::this_thread::sleep_for(std::chrono::seconds(1));
  }
  return 0;
}

int show(const Session& session, const Filter& filter) {
  const auto sieve = Sieve::of(filter);
  if (!sieve) return session.fail(sieve.error());
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  if (filter.follow) return follow(session, *realm, *sieve);
  auto records = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows{titles};
  const auto read = realm->trail(0, [&](const engine::TrailEntry& entry) {
    if (!sieve->passes(entry)) return true;
    if (session.json)
      records.push_back(json_of(entry));
    else
      rows.push_back(row_of(entry));
    return true;
  });
  if (!read) return session.fail(read.error());
  std::string text = rows.size() > 1 ? table(rows, "") : "No record of the trail fits.\n";
  text.pop_back();
  return session.finish(Code::accepted, text, {{"records", records}});
}

std::string host_name() {
  std::array<char, 256> name{};
  return gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "";
}

int export_trail(const Session& session, const Filter& filter) {
  const auto sieve = Sieve::of(filter);
  if (!sieve) return session.fail(sieve.error());
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
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
  const auto read = realm->trail(0, [&](const engine::TrailEntry& entry) {
    if (!sieve->passes(entry)) return true;
    const audit::ExportedRecord record{entry.number,
                                       entry.time,
                                       host,
                                       session.realm_name,
                                       entry.event,
                                       word(entry.outcome),
                                       entry.account,
                                       entry.account_id == Uuid{} ? std::string()
                                                                  : to_string(entry.account_id),
                                       entry.uid,
                                       entry.actor,
                                       entry.source,
                                       entry.service,
                                       entry.tty,
                                       entry.detail,
                                       hexadecimal(entry.mac)};
    const std::string line = (filter.format == "json"     ? audit::to_json_line(record)
                              : filter.format == "syslog" ? audit::to_syslog(record)
                                                          : audit::to_cef(record)) +
                             "\n";
    written = file ? file->write(line) : std::fputs(line.c_str(), stdout) >= 0;
    ++records;
    return written;
  });
  if (!read) return session.fail(read.error());
  if (!written || !(file ? file->keep() : std::fflush(stdout) == 0))
    return session.fail({Code::unavailable, "the export could not be written whole"});
  if (filter.output.empty()) return 0;
  return session.finish(
      Code::accepted, "Exported " + std::to_string(records) + " records to " + filter.output + ".",
      {{"records", records}, {"output", filter.output}});
}

int verify(const Session& session, const std::string& fingerprint) {
  std::optional<audit::PublicKey> noted;
  if (!fingerprint.empty()) {
    const auto parsed = audit::parse_fingerprint(fingerprint);
    if (!parsed) return session.fail(parsed.error());
    noted = *parsed;
  }
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  Progress progress("Verifying", "records");
  const auto check =
      realm->verify_trail([&](std::uint64_t records) { progress.update(records, 0, 0); });
  if (!check) return session.fail(check.error());
  nlohmann::json details{
      {"records", check->records},
      {"pruned", check->pruned},
      {"fingerprint", check->fingerprint},
      {"first_bad", check->first_bad ? nlohmann::json(*check->first_bad) : nullptr}};
  const auto bad = [&](const std::string& message) {
    if (!session.json) return session.fail({Code::integrity, message});
    details["message"] = message;
    return session.finish(Code::integrity, "", details);
  };
  const std::string trail = "the trail of realm " + session.realm_name;
  if (check->first_bad)
    return bad(trail + " is whole up to record " + std::to_string(check->pruned + check->records) +
               "; the first bad one is " + std::to_string(*check->first_bad) + ": " + check->why);
  if (noted && audit::fingerprint(*noted) != check->fingerprint)
    return bad(trail +
               " begins with another key than the one that was written down: its "
               "fingerprint is " +
               check->fingerprint);
  std::string text =
      "T" + trail.substr(1) + " is whole: " + std::to_string(check->records) + " records.\n";
  if (check->pruned > 0)
    text += "Records 1 to " + std::to_string(check->pruned) + " were pruned.\n";
  text += "Fingerprint of its first key: " + check->fingerprint;
  return session.finish(Code::accepted, text, details);
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
