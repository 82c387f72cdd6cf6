#include "cli/doctor/doctor.hpp"
#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace cred::cli {
namespace {

// The file that this session reads.
std::string configuration_path(const Session& session) {
  if (!session.config.empty()) return session.config;
  const char* path = geteuid() == 0 ? nullptr : secure_getenv("CRED_CONFIG");
  return path != nullptr && *path != '\0' ? path : CRED_CONFIG_PATH;
}

std::string text_of(const std::vector<doctor::Finding>& findings) {
  std::string text;
  for (const auto& finding : findings)
    text += std::string(doctor::word(finding.severity)) + ": " + finding.check + ": " +
            finding.message + "\n    " + finding.mend + "\n";
  return text;
}

int examine(const Session& session) {
  const auto surroundings = doctor::this_machine(configuration_path(session));
  const auto findings = doctor::examine(surroundings, session.configuration(), session.ask());
  const Code code = doctor::conclusion(findings);
  auto list = nlohmann::json::array();
  for (const auto& finding : findings)
    list.push_back({{"check", finding.check},
                    {"severity", doctor::word(finding.severity)},
                    {"message", finding.message},
                    {"mend", finding.mend}});
  const auto argon2 = surroundings.argon2();
  const std::string kernel = argon2 ? argon2->name : "";
  std::string text = text_of(findings);
  text += code == Code::accepted ? "Nothing is wrong." : "";
  if (text.ends_with('\n')) text.pop_back();
  return session.finish(code, text, {{"findings", list}, {"argon2", kernel}});
}

}  // namespace

void add_doctor(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "doctor", "What is wrong with this installation, and the command that mends it");
  command->footer(
      "Example: credctl doctor\n"
      "As root. Exit: 0 nothing (notes aside), 1 findings, 9 something was altered or put back");
  command->callback([&session, &action] { action = [&session] { return examine(session); }; });
}

}  // namespace cred::cli
