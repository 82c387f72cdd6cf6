#include "cli/commands/commands.hpp"
#include "cli/account_view.hpp"
#include "cli/desk.hpp"
#include "cli/password_source.hpp"

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

using administration::Command;
using engine::Operation;

struct Addition {
  std::string name;
  std::string full_name, email, birth_date, phone;
  std::vector<std::string> attributes;
  PasswordSource password;
};

int add(const Session& session, const Addition& a) {
  // Before a password is typed in vain.
  if (auto named = engine::check_name(a.name); !named) return session.fail(named.error());
  for (const auto& attribute : a.attributes)
    if (const auto equals = attribute.find('='); equals == std::string::npos || equals == 0)
      return session.fail({Code::usage, "--attribute takes KEY=VALUE"});
  Command command{Operation::user_add};
  command.with("account", a.name)
      .with_given("full_name", a.full_name)
      .with_given("email", a.email)
      .with_given("birth_date", a.birth_date)
      .with_given("phone", a.phone);
  for (const auto& attribute : a.attributes) command.with("attribute", attribute);
  Desk desk(session);
  if (desk.trouble()) return session.fail(*desk.trouble());
  return a.password.run(session, desk, command, "Added " + a.name + ".");
}

int list(const Session& session) {
  std::vector<std::array<std::string, 3>> rows;
  std::size_t width = 4;
  auto accounts = nlohmann::json::array();
  Desk desk(session);
  auto outcome = desk.run(Command{Operation::user_list}, nullptr, [&](const nlohmann::json& row) {
    if (session.json) {
      accounts.push_back(row);
    } else {
      rows.push_back({row.value("account", ""), state_word(row), due_text(row)});
      width = std::max(width, rows.back()[0].size());
    }
    return true;
  });
  if (outcome.code == Code::accepted) outcome.details["accounts"] = std::move(accounts);
  std::string text;
  const auto line = [&](const std::string& name, const std::string& state, const std::string& due) {
    text += name + std::string(width + 2 - name.size(), ' ') + state +
            std::string(state.size() < 14 ? 14 - state.size() : 1, ' ') + due + "\n";
  };
  if (!rows.empty()) line("NAME", "STATE", "CHANGE DUE");
  for (const auto& [name, state, due] : rows) line(name, state, due);
  if (!text.empty()) text.pop_back();
  return conclude(session, outcome, text);
}

void add_add(CLI::App& user, const Session& session, Action& action) {
  auto* command = user.add_subcommand("add", "Enrol an account");
  auto a = std::make_shared<Addition>();
  command->add_option("NAME", a->name, "Login name")->required();
  command->add_option("--full-name", a->full_name, "Given and family names")->type_name("TEXT");
  command->add_option("--email", a->email, "E-mail address")->type_name("TEXT");
  command->add_option("--birth-date", a->birth_date, "Date of birth")->type_name("YYYY-MM-DD");
  command->add_option("--phone", a->phone, "Telephone number")->type_name("TEXT");
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
  const auto state = [&](Operation operation, const char* verb, const char* help,
                         const char* done) {
    add_simple(*user, action, verb, help, [&session, operation, done](const std::string& name) {
      return run(session, Command{operation}.with("account", name),
                 std::string(done) + " " + name + ".");
    });
  };
  state(Operation::user_lock, "lock", "Let nobody in with its password", "Locked");
  state(Operation::user_unlock, "unlock", "Undo lock, and end a wait after failures", "Unlocked");
  state(Operation::user_disable, "disable", "Close the account", "Disabled");
  state(Operation::user_enable, "enable", "Undo disable", "Enabled");
}

}  // namespace cred::cli
