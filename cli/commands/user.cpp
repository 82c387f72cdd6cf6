#include "cli/commands/commands.hpp"
#include "cli/account_view.hpp"
#include "cli/password_source.hpp"
#include "cli/terminal.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

struct Addition {
  std::string name;
  engine::Profile profile;
  std::vector<std::string> attributes;
  PasswordSource password;
};

int add(const Session& session, Addition& a) {
  if (auto named = engine::check_name(a.name); !named) return session.fail(named.error());
  for (const auto& attribute : a.attributes) {
    const auto equals = attribute.find('=');
    if (equals == std::string::npos || equals == 0)
      return session.fail({Code::usage, "--attribute takes KEY=VALUE"});
    a.profile.attributes[attribute.substr(0, equals)] = attribute.substr(equals + 1);
  }
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto password = a.password.get(*realm, a.name, a.profile);
  if (!password) return session.fail(password.error());
  const auto added =
      realm->enrol(a.name, a.profile, *password, a.password.change_required(), session.actor());
  if (!added) return session.fail(added.error());
  if (added->code == Code::refused)
    return session.refuse(a.name + " was not added", added->verdicts);
  if (a.password.generate)
    if (auto shown = show_once(a.name, *password); !shown) return session.fail(shown.error());
  return session.finish(Code::accepted, "Added " + a.name + ".", {{"account", a.name}});
}

int list(const Session& session) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  auto accounts = nlohmann::json::array();
  std::vector<engine::Status> rows;
  std::size_t width = 4;
  const auto listed = realm->list([&](const engine::Status& status) {
    if (session.json) {
      accounts.push_back(status_json(status));
    } else {
      width = std::max(width, status.name.size());
      rows.push_back(status);
    }
    return true;
  });
  if (!listed) return session.fail(listed.error());
  std::string text;
  const auto line = [&](const std::string& name, const std::string& state, const std::string& due) {
    text += name + std::string(width + 2 - name.size(), ' ') + state +
            std::string(state.size() < 14 ? 14 - state.size() : 1, ' ') + due + "\n";
  };
  if (!rows.empty()) line("NAME", "STATE", "CHANGE DUE");
  for (const auto& status : rows) line(status.name, state_word(status), due_text(status.standing));
  if (!text.empty()) text.pop_back();
  return session.finish(Code::accepted, text, {{"accounts", accounts}});
}

int set_state(const Session& session, const std::string& name, engine::State from, engine::State to,
              const std::string& done) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  if (const auto set = realm->set_state(name, from, to, session.actor()); !set)
    return session.fail(set.error());
  return session.finish(Code::accepted, done + " " + name + ".", {{"account", name}});
}

void add_add(CLI::App& user, const Session& session, Action& action) {
  auto* command = user.add_subcommand("add", "Enrol an account");
  auto a = std::make_shared<Addition>();
  command->add_option("NAME", a->name, "Login name")->required();
  command->add_option("--full-name", a->profile.full_name, "Given and family names")
      ->type_name("TEXT");
  command->add_option("--email", a->profile.email, "E-mail address")->type_name("TEXT");
  command->add_option("--birth-date", a->profile.birth_date, "Date of birth")
      ->type_name("YYYY-MM-DD");
  command->add_option("--phone", a->profile.phone, "Telephone number")->type_name("TEXT");
  command->add_option("--attribute", a->attributes, "Anything else that is known of the person")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  a->password.add_options(*command);
  command->footer("Example: credctl user add alice --full-name 'Alice Miller' --generate");
  command->callback(
      [&session, &action, a] { action = [&session, a] { return add(session, *a); }; });
}

// The commands that take a name and nothing else.
template <typename Run>
void add_simple(CLI::App& user, Action& action, const char* verb, const char* help, Run run) {
  auto* command = user.add_subcommand(verb, help);
  auto name = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Login name")->required();
  command->footer("Example: credctl user " + std::string(verb) + " alice");
  command->callback([&action, name, run] { action = [name, run] { return run(*name); }; });
}

}  // namespace

void add_user(CLI::App& program, const Session& session, Action& action) {
  auto* user = program.add_subcommand("user", "Administer accounts");
  user->require_subcommand(1);
  user->footer("Example: credctl user list");
  add_add(*user, session, action);
  add_user_set(*user, session, action);
  add_user_erase(*user, session, action);
  add_user_export(*user, session, action);
  auto* listing = user->add_subcommand("list", "List the accounts");
  listing->footer("Example: credctl user list --json");
  listing->callback([&session, &action] { action = [&session] { return list(session); }; });
  add_simple(*user, action, "show", "Show an account with its profile",
             [&session](const std::string& name) { return show_account(session, name, true); });
  using engine::State;
  const auto state = [&](const char* verb, const char* help, State from, State to,
                         const char* done) {
    add_simple(*user, action, verb, help, [&session, from, to, done](const std::string& name) {
      return set_state(session, name, from, to, done);
    });
  };
  state("lock", "Let nobody in with its password", State::active, State::locked, "Locked");
  state("unlock", "Undo lock, and end a wait after failures", State::locked, State::active,
        "Unlocked");
  state("disable", "Close the account", State::active, State::disabled, "Disabled");
  state("enable", "Undo disable", State::disabled, State::active, "Enabled");
}

}  // namespace cred::cli
