#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <optional>
#include <unistd.h>

namespace cred::cli {
namespace {

// Written with write(2): a stdio buffer, or a JSON library's string, would keep a
// copy. Generated passwords hold nothing that JSON escapes.
bool print_line(const Secret& password, const std::string& before, const std::string& after) {
  Secret line(before.size() + password.size() + after.size());
  if (!line.ok()) return false;
  std::memcpy(line.uchars(), before.data(), before.size());
  std::memcpy(line.uchars() + before.size(), password.uchars(), password.size());
  std::memcpy(line.uchars() + before.size() + password.size(), after.data(), after.size());
  return write(STDOUT_FILENO, line.uchars(), line.size()) == static_cast<ssize_t>(line.size());
}

int generate(const Session& session, std::optional<std::uint32_t> words) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  const policy::Policy policy(configuration->policy_of(session.realm_name).options);
  try {
    const auto made = words ? policy.generate_words({}, *words) : policy.generate({});
    if (!made) return session.fail(made.error());
    // Rounded down: nobody is told more than there is.
    const std::string bits = std::to_string(static_cast<unsigned>(made->entropy_bits));
    const bool printed =
        session.json ? print_line(made->password, "{\"entropy_bits\":" + bits + ",\"password\":\"",
                                  "\",\"status\":\"accepted\"}\n")
                     : print_line(made->password, "", "\n");
    if (!printed)
      return session.fail(
          {Code::unavailable, std::string("cannot write: ") + std::strerror(errno)});
    if (!session.json && !session.quiet) std::fprintf(stderr, "%s bits of entropy\n", bits.c_str());
    return 0;
  } catch (const Failure& failure) {
    return session.fail(failure.error());
  }
}

}  // namespace

void add_generate(CLI::App& program, const Session& session, Action& action) {
  auto* command =
      program.add_subcommand("generate", "Print a random password that the policy takes");
  auto words = std::make_shared<std::optional<std::uint32_t>>();
  command->add_option("--words", *words, "A passphrase of so many words instead, 3 to 32")
      ->type_name("N");
  command->footer("Example: credctl generate --words 6");
  command->callback([&session, &action, words] {
    action = [&session, words] { return generate(session, *words); };
  });
}

}  // namespace cred::cli
