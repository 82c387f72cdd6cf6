// credctl: the administrator's tool.

#include "base/language.hpp"
#include "base/process.hpp"
#include "base/translate.hpp"
#include "cli/commands/commands.hpp"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>

namespace {

constexpr auto usage_status = static_cast<int>(cred::Code::usage);

// CLI11 repeats the words that it did not expect; one of them may be a password.
bool repeats_input(const CLI::ParseError& error) {
  const int code = error.get_exit_code();
  return code != static_cast<int>(CLI::ExitCodes::RequiredError) &&
         code != static_cast<int>(CLI::ExitCodes::RequiresError) &&
         code != static_cast<int>(CLI::ExitCodes::ExcludesError);
}

int wrong_usage(const CLI::ParseError& error, const cred::cli::Session& session) {
  const std::string message =
      repeats_input(error)
          ? "an argument is unknown, or one too many (not repeated here, in case it is a password; "
            "passwords are asked for, or read with --stdin)"
          : error.what();
  (void)session.fail({cred::Code::usage, message});
  if (!session.json) std::fputs("Try: credctl --help\n", stderr);
  return usage_status;
}

}  // namespace

int main(int argc, char** argv) {
  cred::harden_process();
  const std::string languages(cred::wanted_language(std::getenv));
  cred::prepare_to_speak();
  cred::speak(languages);
  cred::cli::Session session;
  session.languages = languages;
  cred::cli::Action action;
  CLI::App program("Sets, checks, ages and refuses passwords.", "credctl");
  program.require_subcommand(1);
  program.fallthrough();
  program.add_option("--config", session.config, "Read this instead of " CRED_CONFIG_PATH)
      ->type_name("FILE");
  program.add_option("--realm", session.realm_name, "The tenant; \"system\" unless told otherwise")
      ->type_name("NAME");
  bool passphrase_from_stdin = false;
  program.add_flag("--passphrase-stdin", passphrase_from_stdin,
                   "The root key's passphrase or PIN is the first line of standard input");
  program.add_flag("--json", session.json, "Print one JSON object");
  program.add_flag("--quiet", session.quiet, "Print errors only");
  program.set_version_flag("--version", "credctl " CRED_VERSION);
  program.footer(
      "Example: credctl user add alice --full-name 'Alice Miller'\n"
      "Each command has a --help of its own. See credctl(8).");
  using namespace cred::cli;
  for (const auto add : {
           add_init,       add_user,     add_passwd,
           add_verify,     add_check,    add_generate,
           add_status,     add_attempts, add_audit,
           add_backup,     add_expire,   add_compromise,
           add_realm,      add_policy,   add_breach,
           add_calibrate,  add_doctor,   add_grant,
           add_key,        add_maintain, add_accept_rollback,
           add_completion, add_import,   add_export,
           add_adopt,      add_store,
       })
    add(program, session, action);
  for (auto* command : program.get_subcommands({})) {
    command->fallthrough();
    for (auto* inner : command->get_subcommands({})) inner->fallthrough();
  }
  try {
    program.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return program.exit(error);
    return wrong_usage(error, session);
  }
  session.realm_given = program.count("--realm") > 0;
  if (passphrase_from_stdin)
    if (const auto taken = session.take_passphrase(); !taken) return session.fail(taken.error());
  return action();
}
