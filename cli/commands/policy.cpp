#include "cli/commands/commands.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

struct Row {
  const char* option;
  nlohmann::json value;
  const char* serves;
};

nlohmann::json or_never(const std::optional<Duration>& duration) {
  return duration ? engine::print_duration(*duration) : "never";
}

std::vector<Row> options_of(const policy::Options& o) {
  return {{"preset", o.preset, ""},
          {"min_length", o.min_length, "rule 6"},
          {"max_length", o.max_length, "bounds the work"},
          {"min_alphanumeric", o.min_alphanumeric, "rule 6"},
          {"min_upper", o.min_upper, "rule 7"},
          {"min_lower", o.min_lower, "rule 7"},
          {"min_digit", o.min_digit, "rule 6"},
          {"min_symbol", o.min_symbol, ""},
          {"min_changed", o.min_changed, "rule 8"},
          {"personal", o.personal, "rule 9"},
          {"history", o.history, "rule 8"},
          {"max_age", or_never(o.max_age), "rule 1"},
          {"warn", engine::print_duration(o.warn), "rule 1"},
          {"min_age", engine::print_duration(o.min_age), ""},
          {"grace", or_never(o.grace), "rule 1"}};
}

struct Measure {
  int rule;
  std::string text;
  std::string measure;
};

std::vector<Measure> measures(const policy::Options& o, const hash::Parameters& p) {
  return {
      {1, "changed at least quarterly",
       o.max_age ? "expires after " + engine::print_duration(*o.max_age) : "off in this policy"},
      {2, "never in email or messages", "no command or log prints one"},
      {3, "never shared or disclosed",
       "locked and wiped memory; one-time passwords on the terminal only"},
      {4, "changed at once on suspected compromise", "credctl expire forces a change"},
      {5, "encrypted in transit, stored as a salted hash",
       "Argon2id, " + std::to_string(p.memory / 1024) + " MiB, " + std::to_string(p.passes) +
           " passes, " + std::to_string(p.lanes) + " lanes; sealed with XChaCha20-Poly1305"},
      {6, "at least eight alphanumeric characters",
       std::to_string(o.min_alphanumeric) + " letters and digits, " + std::to_string(o.min_length) +
           " characters"},
      {7, "upper and lower case",
       std::to_string(o.min_upper) + " upper, " + std::to_string(o.min_lower) + " lower"},
      {8, "no reuse", o.history ? "every earlier password is refused" : "off in this policy"},
      {9, "not based on personal data",
       o.personal ? "what is on record is looked for" : "off in this policy"}};
}

std::string pad(const std::string& text, std::size_t width) {
  return text + std::string(text.size() < width ? width - text.size() : 1, ' ');
}

int show(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const policy::Options& options = configuration->policy_of(session.realm_name);
  std::string text = "Policy of realm " + session.realm_name + "\n\n";
  nlohmann::json values = nlohmann::json::object();
  for (const auto& row : options_of(options)) {
    values[row.option] = row.value;
    const std::string value =
        row.value.is_string() ? row.value.get<std::string>() : row.value.dump();
    std::string line = "  " + pad(row.option, 18) + pad(value, 12) + row.serves;
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  }
  text += "\nThe nine rules, and what enforces them\n\n";
  auto rules = nlohmann::json::array();
  for (const auto& m : measures(options, configuration->hash)) {
    rules.push_back({{"rule", m.rule}, {"text", m.text}, {"measure", m.measure}});
    text += "  " + std::to_string(m.rule) + " " + pad(m.text, 48) + m.measure + "\n";
  }
  text.pop_back();
  return session.finish(Code::accepted, text,
                        {{"realm", session.realm_name}, {"policy", values}, {"rules", rules}});
}

}  // namespace

void add_policy(CLI::App& program, const Session& session, Action& action) {
  auto* policy = program.add_subcommand("policy", "Look at the password policy");
  policy->require_subcommand(1);
  policy->footer("Example: credctl policy show");
  auto* command = policy->add_subcommand("show", "The effective policy and the rules it serves");
  command->footer("Example: credctl policy show --json");
  command->callback([&] { action = [&] { return show(session); }; });
}

}  // namespace cred::cli
