#include "cli/commands/commands.hpp"
#include "cli/desk.hpp"
#include "cli/new_file.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

int export_to(const Session& session, const std::string& name, const std::string& output) {
  Desk desk(session);
  if (desk.trouble()) return session.fail(*desk.trouble());
  std::optional<NewFile> file;
  if (!output.empty()) {
    file.emplace(output);
    if (!file->there())
      return session.fail({errno == EEXIST ? Code::conflict : Code::configuration,
                           "cannot make the file of --output: " + std::string(strerror(errno))});
  }
  const auto outcome =
      desk.run(administration::Command{engine::Operation::user_export}.with("account", name));
  if (outcome.code != Code::accepted) return conclude(session, outcome, "");
  const std::string bytes =
      outcome.details.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
  if (!file) {
    if (std::fputs(bytes.c_str(), stdout) < 0 || std::fflush(stdout) != 0)
      return session.fail({Code::unavailable, "cannot write the data to standard output"});
    return static_cast<int>(Code::accepted);
  }
  if (!file->write(bytes) || !file->keep())
    return session.fail(
        {Code::unavailable, "cannot write the file of --output: " + std::string(strerror(errno))});
  return session.finish(Code::accepted, "Wrote what is stored about " + name + ".",
                        {{"account", name}, {"output", output}});
}

}  // namespace

void add_user_export(CLI::App& user, const Session& session, Action& action) {
  auto* command =
      user.add_subcommand("export", "Everything that is stored about a person, for the person");
  auto name = std::make_shared<std::string>();
  auto output = std::make_shared<std::string>();
  command->add_option("NAME", *name, "Login name")->required();
  command->add_option("--output", *output, "A new file, for its owner alone to read")
      ->type_name("FILE");
  command->footer("Example: credctl user export alice --output alice.json");
  command->callback([&session, &action, name, output] {
    action = [&session, name, output] { return export_to(session, *name, *output); };
  });
}

}  // namespace cred::cli
