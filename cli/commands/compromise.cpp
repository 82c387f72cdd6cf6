#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"
#include "cli/policy_view.hpp"
#include "cli/terminal.hpp"
#include "engine/name_list.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr const char* moment_forms =
    "a day (YYYY-MM-DD), a time in UTC (2026-11-23T22:46:00Z) or a time ago, such as 30d";

struct Request {
  std::string name;
  std::string from;
  bool all = false;
  std::string set_before;
  engine::Suspicion suspicion;
  bool skip_unknown = false;
  bool yes = false;
  bool report = false;
  std::string since;

  int targets() const {
    return int{!name.empty()} + int{!from.empty()} + int{all} + int{!set_before.empty()};
  }
};

std::string joined(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

std::string accounts_text(std::size_t count) {
  return std::to_string(count) + (count == 1 ? " account" : " accounts");
}

int dry(const Session& session, const engine::Marked& marked) {
  return session.finish(Code::accepted,
                        "Would mark " + accounts_text(marked.accounts.size()) +
                            (marked.accounts.empty() ? "." : ": " + joined(marked.accounts) + "."),
                        {{"dry_run", true},
                         {"count", marked.accounts.size()},
                         {"accounts", marked.accounts},
                         {"unknown", marked.unknown}});
}

int one(const Session& session, const Request& r) {
  const auto outcome = Desk(session).run(administration::Command{engine::Operation::compromise}
                                             .with("account", r.name)
                                             .with("reason", r.suspicion.reason)
                                             .with_flag("lock", r.suspicion.lock)
                                             .with_flag("dry_run", r.suspicion.dry_run));
  std::string text = "The password of " + r.name + " only lets its owner change it now.";
  if (r.suspicion.dry_run)
    text = "Would mark 1 account: " + r.name + ".";
  else if (r.suspicion.lock)
    text = "Nobody gets in as " + r.name + " until the account is unlocked and its password " +
           "changed.";
  return conclude(session, outcome, text);
}

// A file, or standard input for "-".
Expected<std::string> content_of(const std::string& path) {
  const int fd = path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  const auto failed = [&] {
    return fail(Code::usage,
                "cannot read the list of --from: " + std::string(std::strerror(errno)));
  };
  if (fd < 0) return failed();
  std::string text;
  constexpr std::size_t block = 65536;
  std::string buffer(block, '\0');
  ssize_t got = 0;
  // One byte more than a list may have shows that it is too large.
  while (text.size() <= engine::max_name_list_bytes) {
    got = read(fd, buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    text.append(buffer, 0, static_cast<std::size_t>(got));
  }
  const int error = errno;
  if (fd != STDIN_FILENO) (void)close(fd);
  errno = error;
  if (got < 0) return failed();
  return text;
}

int list(const Session& session, const Request& r) {
  const auto text = content_of(r.from);
  if (!text) return session.fail(text.error());
  const auto listed = engine::parse_name_list(*text);
  if (!listed)
    return session.fail({listed.error().code, listed.error().message + "; nothing was changed"});
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  std::vector<std::string> names;
  for (const auto& entry : *listed) names.push_back(entry.name);
  const auto marked = realm->compromise_list(names, r.suspicion, r.skip_unknown, session.actor());
  if (!marked) return session.fail(marked.error());

  std::vector<std::string> unknown;
  auto unknown_json = nlohmann::json::array();
  for (const auto& entry : *listed) {
    if (std::find(marked->unknown.begin(), marked->unknown.end(), entry.name) ==
        marked->unknown.end())
      continue;
    unknown.push_back(entry.name + " (line " + std::to_string(entry.line) + ")");
    unknown_json.push_back({{"name", entry.name}, {"line", entry.line}});
  }
  if (!unknown.empty() && !r.skip_unknown) {
    const std::string message =
        "nothing was changed: there is no account of these names: " + joined(unknown);
    if (!session.json) return session.fail({Code::not_found, message});
    return session.finish(Code::not_found, "", {{"message", message}, {"unknown", unknown_json}});
  }
  if (!unknown.empty()) session.warn("no accounts, and skipped: " + joined(unknown));
  if (r.suspicion.dry_run) return dry(session, *marked);
  return session.finish(Code::accepted,
                        r.suspicion.lock
                            ? "Nobody gets in with " + accounts_text(marked->accounts.size()) +
                                  " until they are unlocked and their passwords changed."
                            : "The passwords of " + accounts_text(marked->accounts.size()) +
                                  " only let their owners change them now.",
                        {{"count", marked->accounts.size()},
                         {"accounts", marked->accounts},
                         {"unknown", unknown_json},
                         {"locked", r.suspicion.lock}});
}

int whole_realm(const Session& session, const Request& r) {
  std::optional<Time> before;
  if (!r.all) {
    before = engine::parse_moment(r.set_before, SystemClock().now());
    if (!before)
      return session.fail({Code::usage, std::string("--set-before takes ") + moment_forms});
  }
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const std::string which =
      "every password of realm " + session.realm_name + " that was set " +
      (before ? "before " + engine::print_time(*before) : std::string("until now"));
  if (!r.yes && !r.suspicion.dry_run)
    if (auto meant = confirm("This marks " + which + " as compromised" +
                             (r.suspicion.lock ? " and locks its account." : "."));
        !meant)
      return session.fail(meant.error());
  const auto marked = realm->compromise_before(before, r.suspicion, session.actor());
  if (!marked) return session.fail(marked.error());
  if (r.suspicion.dry_run) return dry(session, *marked);
  return session.finish(
      Code::accepted,
      "Marked " + which +
          (r.suspicion.lock ? ": nobody gets in with it until the account is unlocked."
                            : ": it only lets its owner change it."),
      {{"set_before", before ? nlohmann::json(engine::print_time(*before)) : nullptr},
       {"locked", r.suspicion.lock}});
}

int report(const Session& session, const Request& r) {
  std::optional<Time> since;
  if (!r.since.empty()) {
    since = engine::parse_moment(r.since, SystemClock().now());
    if (!since) return session.fail({Code::usage, std::string("--since takes ") + moment_forms});
  }
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto all = realm->compromised(since);
  if (!all) return session.fail(all.error());
  auto accounts = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows{{"ACCOUNT", "MARKED", "CHANGED", "BY"}};
  std::size_t changed = 0;
  for (const auto& a : *all) {
    if (a.changed) ++changed;
    const auto time = [](const std::optional<Time>& t) {
      return t ? nlohmann::json(engine::print_time(*t)) : nlohmann::json();
    };
    const char* by = a.by_owner ? "owner" : "administrator";
    accounts.push_back({{"account", a.account},
                        {"marked", time(a.marked)},
                        {"changed", time(a.changed)},
                        {"changed_by", a.changed ? nlohmann::json(by) : nlohmann::json()},
                        {"locked", a.locked}});
    if (!session.json)
      rows.push_back({a.account, a.marked ? engine::print_time(*a.marked) : "long ago",
                      a.changed  ? engine::print_time(*a.changed)
                      : a.locked ? "no, locked"
                                 : "no",
                      a.changed ? by : "-"});
  }
  std::string text = rows.size() > 1 ? table(rows, "") : "";
  text += accounts_text(all->size()) + " marked, " + std::to_string(changed) + " changed, " +
          std::to_string(all->size() - changed) + " not yet.";
  return session.finish(Code::accepted, text,
                        {{"accounts", accounts},
                         {"marked", all->size()},
                         {"changed", changed},
                         {"outstanding", all->size() - changed}});
}

int run(const Session& session, const Request& r) {
  if (r.report) {
    if (r.targets() != 0)
      return session.fail({Code::usage, "--report is about the whole realm; it takes --since"});
    return report(session, r);
  }
  if (r.targets() != 1)
    return session.fail({Code::usage, "give one of an account, --from, --all and --set-before"});
  if (!r.since.empty()) return session.fail({Code::usage, "--since belongs to --report"});
  if (r.skip_unknown && r.from.empty())
    return session.fail({Code::usage, "--skip-unknown belongs to --from"});
  if (r.suspicion.reason.empty())
    return session.fail({Code::usage, "--reason is required: why, for the trail"});
  if (!r.name.empty()) return one(session, r);
  return r.from.empty() ? whole_realm(session, r) : list(session, r);
}

}  // namespace

void add_compromise(CLI::App& program, const Session& session, Action& action) {
  auto* command =
      program.add_subcommand("compromise", "Mark passwords as suspected to be known to others");
  auto r = std::make_shared<Request>();
  command->add_option("NAME", r->name, "Login name");
  command
      ->add_option("--from", r->from,
                   "The accounts that this file names, one a line; - is standard input")
      ->type_name("FILE");
  command->add_flag("--all", r->all, "Every password of the realm");
  command->add_option("--set-before", r->set_before, "Every password that was set before then")
      ->type_name("TIME");
  command->add_option("--reason", r->suspicion.reason, "Why, for the trail")->type_name("TEXT");
  command->add_flag("--lock", r->suspicion.lock, "Let nobody in, not even to change it");
  command->add_flag("--dry-run", r->suspicion.dry_run, "Name the accounts; change nothing");
  command->add_flag("--skip-unknown", r->skip_unknown, "Mark the rest where names are unknown");
  command->add_flag("--yes", r->yes, "Do not ask");
  command->add_flag("--report", r->report,
                    "Instead: who was marked, and whether the password was changed since");
  command->add_option("--since", r->since, "Marked since then")->type_name("TIME");
  command->footer(
      "Example: credctl compromise alice --reason 'laptop stolen' --lock\n"
      "         credctl compromise --set-before 2026-11-01 --reason 'stolen backup' --dry-run\n"
      "         credctl compromise --report --since 30d");
  command->callback(
      [&session, &action, r] { action = [&session, r] { return run(session, *r); }; });
}

}  // namespace cred::cli
