#include "cli/commands/commands.hpp"
#include "cli/policy_view.hpp"
#include "engine/units.hpp"
#include "policy/clauses.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

struct Measure {
  int rule;
  std::string text;
  std::string measure;
};

std::string age_measure(const policy::Options& o) {
  if (o.each_quarter) return "expires with the calendar quarter";
  return o.max_age ? "expires after " + engine::print_duration(*o.max_age) : "off in this policy";
}

std::string history_measure(const policy::Options& o) {
  if (o.history == 0) return "off in this policy";
  return (o.history == policy::all_earlier
              ? "every earlier password is refused"
              : "the last " + std::to_string(o.history) + " passwords are refused") +
         std::string(o.history_similar ? ", near copies too" : "");
}

std::string personal_measure(const policy::Options& o) {
  std::string text = o.personal ? "the profile, host and realm are looked for" : "";
  if (o.family_names) text += (text.empty() ? "" : "; ") + std::string("lists of names");
  return text.empty() ? "off in this policy" : text;
}

std::vector<Measure> measures(const policy::Options& o, const hash::Parameters& p) {
  return {{1, "changed at least quarterly", age_measure(o)},
          {2, "never in email or messages", "no command or log prints one"},
          {3, "never shared or disclosed",
           "locked and wiped memory; one-time passwords on the terminal only"},
          {4, "changed at once on suspected compromise",
           o.breach.empty() ? "credctl compromise or expire forces a change"
                            : "looked up in the breach corpus when set and at every login"},
          {5, "encrypted in transit, stored as a salted hash",
           "Argon2id, " + std::to_string(p.memory / 1024) + " MiB, " + std::to_string(p.passes) +
               " passes, " + std::to_string(p.lanes) + " lanes; sealed with XChaCha20-Poly1305"},
          {6, "at least eight alphanumeric characters",
           std::to_string(o.min_alphanumeric) + " letters and digits, " +
               std::to_string(o.min_length) + " characters"},
          {7, "upper and lower case",
           std::to_string(o.min_upper) + " upper, " + std::to_string(o.min_lower) + " lower"},
          {8, "no reuse", history_measure(o)},
          {9, "not based on personal data", personal_measure(o)}};
}

int show(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const auto& [options, origins] = configuration->policy_of(session.realm_name);
  nlohmann::json values = nlohmann::json::object();
  nlohmann::json from = nlohmann::json::object();
  nlohmann::json serves = nlohmann::json::object();
  std::vector<std::vector<std::string>> lines{{"option", "value", "from", "serves"}};
  for (const auto& row : option_rows(options)) {
    const auto set = origins.find(row.option);
    const std::string origin =
        set != origins.end()
            ? set->second
            : "preset " + options.preset + (origins.count("preset") != 0 ? "" : " (default)");
    const std::string clause = policy::clause(options.preset, row.option);
    values[row.option] = row.value;
    from[row.option] = origin;
    serves[row.option] = clause;
    lines.push_back({row.option, value_text(row.value), origin, clause});
  }
  std::string text = "Policy of realm " + session.realm_name + "\n\n" + table(lines, "  ") +
                     "\nThe nine rules, and what enforces them\n\n";
  auto rules = nlohmann::json::array();
  std::vector<std::vector<std::string>> rule_lines;
  for (const auto& m : measures(options, configuration->hash)) {
    rules.push_back({{"rule", m.rule}, {"text", m.text}, {"measure", m.measure}});
    rule_lines.push_back({std::to_string(m.rule), m.text, m.measure});
  }
  text += table(rule_lines, "  ");
  text.pop_back();
  return session.finish(Code::accepted, text,
                        {{"realm", session.realm_name},
                         {"policy", values},
                         {"from", from},
                         {"serves", serves},
                         {"rules", rules}});
}

int list(const Session& session) {
  std::vector<std::vector<std::string>> lines{{"option"}};
  nlohmann::json all = nlohmann::json::object();
  for (const auto& name : policy::presets()) {
    const auto rows = option_rows(*policy::preset(name));
    lines.front().push_back(name);
    for (std::size_t i = 1; i < rows.size(); ++i) {  // the first is the name itself
      if (lines.size() <= i) lines.push_back({rows[i].option});
      lines[i].push_back(value_text(rows[i].value));
      all[name][rows[i].option] = rows[i].value;
    }
  }
  std::string text = table(lines, "  ");
  text += "\nEach is aligned with the document it is named after; see cred.conf(5).";
  return session.finish(Code::accepted, text, {{"presets", all}});
}

int lint(const Session& session, const std::string& preset) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const auto& options = configuration->policy_of(session.realm_name).options;
  const auto found = policy::departures(options, preset);
  if (!found) return session.fail({Code::usage, found.error().message});
  const auto rows = option_rows(options);
  const auto value_of = [&](const std::string& option) {
    return std::find_if(rows.begin(), rows.end(),
                        [&](const auto& row) { return option == row.option; })
        ->value;
  };
  std::string text;
  auto departures = nlohmann::json::array();
  for (const auto& d : *found) {
    const auto value = value_of(d.option);
    text += d.option + " = " + value_text(value) + ": " + d.clause + " " + d.sentence + "\n";
    departures.push_back({{"option", d.option},
                          {"value", value},
                          {"clause", d.clause},
                          {"message", d.clause + " " + d.sentence}});
  }
  text += found->empty()
              ? "The policy of realm " + session.realm_name + " is aligned with " + preset + "."
              : std::to_string(found->size()) + (found->size() == 1 ? " clause" : " clauses") +
                    " of " + preset + " departed from.";
  return session.finish(
      found->empty() ? Code::accepted : Code::refused, text,
      {{"realm", session.realm_name}, {"against", preset}, {"departures", departures}});
}

}  // namespace

void add_policy(CLI::App& program, const Session& session, Action& action) {
  auto* policy = program.add_subcommand("policy", "Look at the password policy");
  policy->require_subcommand(1);
  policy->footer("Example: credctl policy show");
  auto* showing = policy->add_subcommand(
      "show", "The effective policy, where each value came from, and the rules it serves");
  showing->footer("Example: credctl --realm shop policy show --json");
  showing->callback([&] { action = [&] { return show(session); }; });
  auto* listing = policy->add_subcommand("list", "The presets side by side");
  listing->footer("Example: credctl policy list");
  listing->callback([&] { action = [&] { return list(session); }; });
  auto* linting = policy->add_subcommand(
      "lint", "Name each clause of a preset that the effective policy departs from");
  auto against = std::make_shared<std::string>();
  linting->add_option("--against", *against, "The preset")->required()->type_name("PRESET");
  linting->footer(
      "Example: credctl policy lint --against nist-800-63b-4\n"
      "Exit: 0 none, 1 some");
  linting->callback([&session, &action, against] {
    action = [&session, against] { return lint(session, *against); };
  });
  add_policy_test(*policy, session, action);
}

}  // namespace cred::cli
