#include "audit/event_log.hpp"
#include "cli/commands/commands.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace cred::cli {
namespace {

using engine::print_time;

// A bar for each part of the work.
class Bars {
 public:
  engine::WorkProgress progress() {
    return [this](const char* what, std::uint64_t done, std::uint64_t total) {
      if (what_ != what) {
        bar_.reset();
        bar_ = std::make_unique<Progress>(what, "records");
        what_ = what;
      }
      bar_->update(done, done, total);
    };
  }
  void end() { bar_.reset(); }

 private:
  std::string what_;
  std::unique_ptr<Progress> bar_;
};

std::uint64_t accounts_of(const engine::BackupInfo& info) {
  std::uint64_t accounts = 0;
  for (const auto& realm : info.realms) accounts += realm.accounts;
  return accounts;
}

nlohmann::json json_of(const engine::BackupInfo& info) {
  nlohmann::json object{{"name", info.name}};
  if (info.problem) {
    object["problem"] = info.problem->message;
    return object;
  }
  object["created"] = print_time(info.created);
  object["bytes"] = info.bytes;
  object["restored_from"] =
      info.restored_from.empty() ? nlohmann::json() : nlohmann::json(info.restored_from);
  auto realms = nlohmann::json::array();
  for (const auto& realm : info.realms)
    realms.push_back({{"name", realm.name},
                      {"accounts", realm.accounts},
                      {"audit_records", realm.audit_records},
                      {"erased", realm.erased},
                      {"change", realm.change},
                      {"time", print_time(realm.time)}});
  object["realms"] = std::move(realms);
  return object;
}

std::string in_words(const engine::BackupInfo& info) {
  return std::to_string(accounts_of(info)) + " accounts in " + std::to_string(info.realms.size()) +
         (info.realms.size() == 1 ? " realm" : " realms") + ", " +
         std::to_string((info.bytes + 1023) / 1024) + " KiB";
}

int create(const Session& session) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  Bars bars;
  const auto made = engine->create_backup(session.actor(), bars.progress());
  bars.end();
  if (!made) return session.fail(made.error());
  return session.finish(Code::accepted,
                        "Backup " + made->name + " is made: " + in_words(*made) + ".",
                        {{"backup", json_of(*made)}});
}

int list(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const auto backups = engine::list_backups(*configuration, session.ask());
  if (!backups) return session.fail(backups.error());
  auto objects = nlohmann::json::array();
  std::vector<std::vector<std::string>> rows{{"NAME", "MADE", "ACCOUNTS", "SIZE", ""}};
  for (const auto& info : *backups) {
    objects.push_back(json_of(info));
    if (info.problem)
      rows.push_back({info.name, "-", "-", "-", info.problem->message});
    else
      rows.push_back({info.name, print_time(info.created), std::to_string(accounts_of(info)),
                      std::to_string((info.bytes + 1023) / 1024) + " KiB", ""});
  }
  std::string text = rows.size() > 1 ? table(rows, "") : "There is no backup yet.\n";
  text.pop_back();
  return session.finish(Code::accepted, text, {{"backups", std::move(objects)}});
}

int verify(const Session& session, const std::string& name) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  Bars bars;
  const auto verified =
      engine::verify_backup(*configuration, name.empty() ? std::nullopt : std::optional(name),
                            bars.progress(), session.ask());
  bars.end();
  if (!verified) return session.fail(verified.error());
  return session.finish(Code::accepted,
                        "Backup " + verified->name +
                            " is whole, and every record of it opens: " + in_words(*verified) + ".",
                        {{"backup", json_of(*verified)}});
}

struct Wish {
  std::string at;
  std::string from;
  bool yes = false;
  bool dry_run = false;
  bool accept_damage = false;
};

nlohmann::json json_of(const engine::RestoreReport& report) {
  auto realms = nlohmann::json::array();
  for (const auto& realm : report.realms)
    realms.push_back({{"name", realm.name},
                      {"time", print_time(realm.time)},
                      {"accounts", realm.accounts},
                      {"changes", realm.changes},
                      {"erased", realm.erased},
                      {"compromised", realm.compromised},
                      {"changed", realm.changed},
                      {"altered", realm.altered},
                      {"dropped", realm.dropped},
                      {"kept", realm.kept},
                      {"new_checkpoints", realm.new_checkpoints}});
  const auto text = [](const std::string& t) {
    return t.empty() ? nlohmann::json() : nlohmann::json(t);
  };
  return {{"from", report.backup},           {"in_place", report.in_place},
          {"realms", std::move(realms)},     {"moved_aside", report.moved_aside},
          {"live_store", text(report.live)}, {"fresh_backup", text(report.fresh_backup)},
          {"warning", text(report.warning)}};
}

std::string in_words(const engine::RestoreReport& report) {
  std::string text;
  for (const auto& realm : report.realms) {
    if (!text.empty()) text += "\n";
    text += "Realm " + realm.name + ": ";
    if (realm.kept) {
      text += "came later and stays as it is, " + std::to_string(realm.accounts) + " accounts.";
      continue;
    }
    text += std::to_string(realm.accounts) + " accounts as of " + print_time(realm.time) + " (" +
            std::to_string(realm.changes) + " changes from the journal).";
    const auto say = [&](std::uint64_t count, const char* what) {
      if (count != 0) text += "\n  " + std::to_string(count) + " " + what;
    };
    say(realm.erased, "erased since: they stay erased");
    say(realm.compromised, "marked as compromised since: they keep the mark");
    say(realm.changed, "whose password was changed since: they have to change it");
    say(realm.altered, "whose sessions end");
    say(realm.dropped, "that came later: they are gone");
    if (realm.new_checkpoints)
      text += "\n  The key for the trail's checkpoints was lost; a new fingerprint holds.";
  }
  if (!report.live.empty()) text += "\nThe store that was there is of no use: " + report.live;
  return text;
}

int restore(const Session& session, const Wish& wish) {
  engine::RestoreRequest request;
  if (!wish.at.empty()) {
    request.at = engine::parse_moment(wish.at, SystemClock().now());
    if (!request.at)
      return session.fail({Code::usage,
                           "--at takes a time such as 2026-11-25T03:04:05Z, or a time ago, such "
                           "as 2h"});
  }
  if (!wish.from.empty()) request.from = wish.from;
  request.accept_damage = wish.accept_damage;
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const auto run = [&](bool dry) {
    request.dry_run = dry;
    Bars bars;
    auto report = engine::Engine::restore(*configuration, std::make_shared<SystemClock>(),
                                          audit::EventLog("credctl"), request, session.actor(),
                                          bars.progress(), session.ask());
    return report;
  };
  if (wish.dry_run || !wish.yes) {
    const auto report = run(true);
    if (!report) return session.fail(report.error());
    if (wish.dry_run)
      return session.finish(Code::accepted,
                            "From backup " + report->backup + " would be restored:\n" +
                                in_words(*report),
                            json_of(*report));
    const auto sure = confirm("From backup " + report->backup + " would be restored:\n" +
                              in_words(*report) + "\nRestore it?");
    if (!sure) return session.fail(sure.error());
  }
  const auto report = run(false);
  if (!report) return session.fail(report.error());
  std::string text = "Restored from backup " + report->backup + ":\n" + in_words(*report);
  for (const auto& aside : report->moved_aside)
    text += "\nWhat was damaged is now " + aside + "; remove it when it is not needed.";
  if (!report->fresh_backup.empty())
    text += "\nBackup " + report->fresh_backup + " was made of it.";
  if (!report->warning.empty())
    session.warn("the store is restored, but what comes after is not done: " + report->warning +
                 "; run credctl backup create");
  return session.finish(Code::accepted, text, json_of(*report));
}

}  // namespace

void add_backup(CLI::App& program, const Session& session, Action& action) {
  auto* backup = program.add_subcommand("backup", "Backups of all realms, and the way back");
  backup->require_subcommand(1);

  auto* creating = backup->add_subcommand("create", "A new one, while the store is in use");
  creating->footer(
      "Example: credctl backup create\n"
      "Backups older than [backup] retention go, and journals that no backup needs.");
  creating->callback([&session, &action] { action = [&session] { return create(session); }; });

  auto* listing = backup->add_subcommand("list", "Those that there are, oldest first");
  listing->footer("Example: credctl backup list --json");
  listing->callback([&session, &action] { action = [&session] { return list(session); }; });

  auto name = std::make_shared<std::string>();
  auto* verifying =
      backup->add_subcommand("verify", "Restores one aside, opens every record, compares digests");
  verifying->add_option("NAME", *name, "This one; the newest unless told otherwise");
  verifying->footer("Example: credctl backup verify\nExit: 0 whole, 9 damaged");
  verifying->callback(
      [&session, &action, name] { action = [&session, name] { return verify(session, *name); }; });

  auto wish = std::make_shared<Wish>();
  auto* restoring = backup->add_subcommand("restore", "The store as it was");
  restoring
      ->add_option("--at", wish->at,
                   "At this moment (2026-11-25T03:04:05Z), or so long ago (2h); else the newest")
      ->type_name("TIME");
  restoring->add_option("--from", wish->from, "From this backup and the journal after it")
      ->type_name("NAME");
  restoring->add_flag("--dry-run", wish->dry_run, "Say what it would do, and change nothing");
  restoring->add_flag("--yes", wish->yes, "Do not ask");
  restoring->add_flag("--accept-damage", wish->accept_damage,
                      "Give up what comes after damage in the journal");
  restoring->footer(
      "Example: credctl backup restore --at 2h --dry-run\n"
      "Erasures, compromise marks and the trail since then stay; passwords that were changed\n"
      "since have to be changed again.");
  restoring->callback(
      [&session, &action, wish] { action = [&session, wish] { return restore(session, *wish); }; });
}

}  // namespace cred::cli
