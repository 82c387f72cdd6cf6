#include "administration/views.hpp"
#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"
#include "cli/policy_view.hpp"
#include "cli/terminal.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int add(const Session& session, const std::string& name, bool trial) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  if (const auto added = engine->add_realm(name, session.actor(), trial); !added)
    return session.fail(added.error());
  return session.finish(Code::accepted,
                        "Realm " + name + " is there, with a key of its own" +
                            (trial ? ", for a trial of 30 days." : "."),
                        {{"realm", name}, {"trial", trial}});
}

using administration::Command;
using engine::Operation;

std::string until_text(const nlohmann::json& status) {
  const auto& until = status.at("until");
  if (!until.is_string()) return "";
  return (status.at("phase") == word(engine::Phase::suspended) ? "erased on " : "until ") +
         until.get<std::string>();
}

Expected<engine::RealmStatus> status_of(engine::Engine& engine, const std::string& name) {
  auto realm = engine.realm(name);
  if (!realm) return tl::make_unexpected(realm.error());
  return realm->realm_status();
}

int list(const Session& session) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  const auto names = engine->realms();
  if (!names) return session.fail(names.error());
  std::vector<std::vector<std::string>> rows{{"REALM", "PHASE", "ACCOUNTS", ""}};
  auto details = nlohmann::json::array();
  for (const auto& name : *names) {
    const auto status = status_of(*engine, name);
    // One that does not open is named, and the others are shown.
    if (!status) {
      session.warn(status.error().message);
      rows.push_back({name, "unusable", "", ""});
      details.push_back({{"realm", name}, {"phase", nullptr}});
      continue;
    }
    details.push_back(administration::json_of(*status));
    rows.push_back(
        {name, word(status->phase), std::to_string(status->accounts), until_text(details.back())});
  }
  std::string text = table(rows, "");
  if (!text.empty()) text.pop_back();
  return session.finish(Code::accepted, text, {{"realms", *names}, {"details", details}});
}

int show(const Session& session, const std::string& name) {
  const auto outcome = Desk(session, name).run(Command{Operation::realm_show});
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  const auto& status = outcome.details;
  const auto text_of = [&](const char* key) {
    const auto& member = status.at(key);
    return member.is_string() ? member.get<std::string>() : member.dump();
  };
  std::string phase = text_of("phase");
  if (status.at("trial")) phase += ", a trial";
  if (status.at("by_administrator")) phase += " by an administrator";
  if (const auto until = until_text(status); !until.empty()) phase += ", " + until;
  std::string text = table({{"Realm", text_of("realm")},
                            {"Id", text_of("id")},
                            {"Phase", phase},
                            {"Accounts", text_of("accounts")},
                            {"Erased accounts", text_of("erased_accounts")},
                            {"Last change", text_of("changes") + ", " + text_of("changed")},
                            {"Audit records", text_of("audit_records")}},
                           "");
  text.pop_back();
  return conclude(session, outcome, text);
}

template <typename Work>
int change(const Session& session, const std::string& name, const std::string& done, Work work) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  auto realm = engine->realm(name);
  if (!realm) return session.fail(realm.error());
  if (const Expected<void> changed = work(*realm); !changed) return session.fail(changed.error());
  return session.finish(Code::accepted, done, {{"realm", name}});
}

int expire(const Session& session, const std::string& name, const std::string& at) {
  Time when = SystemClock().now();
  if (!at.empty()) {
    const auto day = engine::parse_date(at);
    if (!day) return session.fail({Code::usage, "--at takes a day, YYYY-MM-DD"});
    when = *day;
  }
  return change(session, name,
                "Realm " + name + " expires on " + engine::print_time(when) +
                    ": 30 days of grace, then 30 suspended, then it is erased.",
                [&](engine::Realm& realm) { return realm.expire_realm(when, session.actor()); });
}

int erase(const Session& session, const std::string& name, bool yes) {
  auto engine = session.engine();
  if (!engine) return session.fail(engine.error());
  if (const auto status = status_of(*engine, name); !status) return session.fail(status.error());
  if (!yes) {
    if (const auto sure = confirm("Erase realm " + name + " with its accounts, trail and keys?");
        !sure)
      return session.fail(sure.error());
  }
  if (const auto erased = engine->erase_realm(name, session.actor()); !erased)
    return session.fail(erased.error());
  return session.finish(Code::accepted,
                        "Realm " + name +
                            " is erased. Backups made before hold it until they are "
                            "removed, and do not bring it back.",
                        {{"realm", name}});
}

// A command that takes a realm's name.
CLI::App* add_named(CLI::App& realm, const char* verb, const char* help, const char* example,
                    const std::shared_ptr<std::string>& name) {
  auto* command = realm.add_subcommand(verb, help);
  command->add_option("NAME", *name, "Its name")->required();
  command->footer(std::string("Example: credctl realm ") + example);
  return command;
}

}  // namespace

void add_realm(CLI::App& program, const Session& session, Action& action) {
  auto* realm = program.add_subcommand("realm", "Tenants, each with accounts and a key of its own");
  realm->require_subcommand(1);
  auto name = std::make_shared<std::string>();
  auto text = std::make_shared<std::string>();
  auto flag = std::make_shared<bool>(false);

  auto* adding = add_named(*realm, "add", "A new one", "add shop --trial", name);
  adding->add_flag("--trial", *flag, "Suspended after 30 days, erased after 30 more");
  adding->callback([&session, &action, name, flag] {
    action = [&session, name, flag] { return add(session, *name, *flag); };
  });
  auto* listing = realm->add_subcommand("list", "All of them");
  listing->footer("Example: credctl realm list --json");
  listing->callback([&session, &action] { action = [&session] { return list(session); }; });
  add_named(*realm, "show", "Its phase, and how much is in it", "show shop", name)
      ->callback([&session, &action, name] {
        action = [&session, name] { return show(session, *name); };
      });
  auto* suspending = add_named(*realm, "suspend", "Nothing works, and everything is kept",
                               "suspend shop --reason 'unpaid'", name);
  suspending->add_option("--reason", *text, "Why, for the trail")->required()->type_name("TEXT");
  suspending->callback([&session, &action, name, text] {
    action = [&session, name, text] {
      return conclude(
          session,
          Desk(session, *name).run(Command{Operation::realm_suspend}.with("reason", *text)),
          "Realm " + *name + " is suspended.");
    };
  });
  add_named(*realm, "resume", "Ends a suspension, an expiry or a trial", "resume shop", name)
      ->callback([&session, &action, name] {
        action = [&session, name] {
          return conclude(session, Desk(session, *name).run(Command{Operation::realm_resume}),
                          "Realm " + *name + " is in use.");
        };
      });
  auto* expiring =
      add_named(*realm, "expire", "30 days of grace, then 30 suspended, then it is erased",
                "expire shop --at 2027-01-01", name);
  expiring->add_option("--at", *text, "From this day on instead of now")->type_name("YYYY-MM-DD");
  expiring->callback([&session, &action, name, text] {
    action = [&session, name, text] { return expire(session, *name, *text); };
  });
  auto* erasing =
      add_named(*realm, "erase", "Accounts, trail and keys of it, at once", "erase shop", name);
  erasing->add_flag("--yes", *flag, "Do not ask");
  erasing->callback([&session, &action, name, flag] {
    action = [&session, name, flag] { return erase(session, *name, *flag); };
  });
}

}  // namespace cred::cli
