#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace cred::cli {
namespace {

// Written with write(2): a stdio buffer would keep a copy.
bool print_line(const Secret& password) {
  Secret line(password.size() + 1);
  if (!line.ok()) return false;
  std::memcpy(line.uchars(), password.uchars(), password.size());
  line.uchars()[password.size()] = '\n';
  return write(STDOUT_FILENO, line.uchars(), line.size()) == static_cast<ssize_t>(line.size());
}

int generate(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const policy::Policy policy(configuration->policy_of(session.realm_name));
  const auto password = policy.generate({});
  if (!password) return session.fail(password.error());
  if (!print_line(*password))
    return session.fail({Code::unavailable, std::string("cannot write: ") + std::strerror(errno)});
  return 0;
}

}  // namespace

void add_generate(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand("generate", "Print a random password that the policy takes");
  command->footer("Example: credctl generate");
  command->callback([&] { action = [&] { return generate(session); }; });
}

}  // namespace cred::cli
