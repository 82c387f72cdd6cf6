#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace cred::cli {
namespace {

// Written with write(2): a stdio buffer, or a JSON library's string, would keep a
// copy. Generated passwords hold nothing that JSON escapes.
bool print_line(const Secret& password, bool json) {
  const std::string_view before = json ? "{\"password\":\"" : "";
  const std::string_view after = json ? "\",\"status\":\"accepted\"}\n" : "\n";
  Secret line(before.size() + password.size() + after.size());
  if (!line.ok()) return false;
  std::memcpy(line.uchars(), before.data(), before.size());
  std::memcpy(line.uchars() + before.size(), password.uchars(), password.size());
  std::memcpy(line.uchars() + before.size() + password.size(), after.data(), after.size());
  return write(STDOUT_FILENO, line.uchars(), line.size()) == static_cast<ssize_t>(line.size());
}

int generate(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const policy::Policy policy(configuration->policy_of(session.realm_name).options);
  const auto password = policy.generate({});
  if (!password) return session.fail(password.error());
  if (!print_line(*password, session.json))
    return session.fail({Code::unavailable, std::string("cannot write: ") + std::strerror(errno)});
  return 0;
}

}  // namespace

void add_generate(CLI::App& program, const Session& session, Action& action) {
  auto* command =
      program.add_subcommand("generate", "Print a random password that the policy takes");
  command->footer("Example: credctl generate");
  command->callback([&] { action = [&] { return generate(session); }; });
}

}  // namespace cred::cli
