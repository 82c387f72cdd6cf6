#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"

#include <CLI/CLI.hpp>
#include <optional>

namespace cred::cli {
namespace {

// What was given; the rest stays as it is.
struct Alteration {
  std::string name;
  std::optional<std::string> full_name, email, birth_date, phone;
  std::vector<std::string> attributes;
  std::string exempt_until;
  bool no_exemption = false;
  std::string reason;

  bool profile() const { return full_name || email || birth_date || phone || !attributes.empty(); }
  bool exemption() const { return no_exemption || !exempt_until.empty(); }
};

int set(const Session& session, const Alteration& a) {
  if (!a.profile() && !a.exemption())
    return session.fail({Code::usage, "nothing to set; see credctl user set --help"});
  for (const auto& attribute : a.attributes)
    if (attribute.find('=') == std::string::npos || attribute.front() == '=')
      return session.fail({Code::usage, "--attribute takes KEY=VALUE, or KEY= to remove it"});
  administration::Command command{engine::Operation::user_set};
  command.with("account", a.name);
  const auto with = [&](const char* key, const std::optional<std::string>& text) {
    if (text) command.with(key, *text);
  };
  with("full_name", a.full_name);
  with("email", a.email);
  with("birth_date", a.birth_date);
  with("phone", a.phone);
  for (const auto& attribute : a.attributes) command.with("attribute", attribute);
  command.with_given("exempt_until", a.exempt_until)
      .with_flag("no_exemption", a.no_exemption)
      .with_given("reason", a.reason);
  return run(session, command, "Set " + a.name + ".");
}

}  // namespace

void add_user_set(CLI::App& user, const Session& session, Action& action) {
  auto* command = user.add_subcommand(
      "set", "Alter an account's profile, or exempt its password from expiry for a while");
  auto a = std::make_shared<Alteration>();
  command->add_option("NAME", a->name, "Login name")->required();
  command->add_option("--full-name", a->full_name, "Given and family names")->type_name("TEXT");
  command->add_option("--email", a->email, "E-mail address")->type_name("TEXT");
  command->add_option("--birth-date", a->birth_date, "Date of birth")->type_name("YYYY-MM-DD");
  command->add_option("--phone", a->phone, "Telephone number")->type_name("TEXT");
  command
      ->add_option("--attribute", a->attributes,
                   "Anything else that is known of the person; KEY= removes it")
      ->type_name("KEY=VALUE")
      ->allow_extra_args(false)
      ->take_all();
  auto* reason =
      command->add_option("--reason", a->reason, "Why, for the trail")->type_name("TEXT");
  auto* until = command->add_option("--exempt-until", a->exempt_until,
                                    "The password does not expire until this day has passed");
  until->type_name("YYYY-MM-DD")->needs(reason);
  command->add_flag("--no-exemption", a->no_exemption, "End an exemption")
      ->needs(reason)
      ->excludes(until);
  command->footer(
      "Example: credctl user set alice --exempt-until 2026-12-31 --reason 'parental leave'");
  command->callback(
      [&session, &action, a] { action = [&session, a] { return set(session, *a); }; });
}

}  // namespace cred::cli
