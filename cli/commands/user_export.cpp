#include "cli/account_view.hpp"
#include "cli/commands/commands.hpp"
#include "cli/new_file.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

nlohmann::json text(const std::string& t) {
  return t.empty() ? nlohmann::json() : nlohmann::json(t);
}

nlohmann::json json_of(const engine::PersonalData& data, const std::string& realm) {
  auto object = status_json(data.status);
  object["realm"] = realm;
  object["profile"] = profile_json(data.status.profile);
  auto& failures = object["failed_attempts"] = nlohmann::json::array();
  for (const auto& failed : data.failures)
    failures.push_back({{"source", text(failed.source)},
                        {"failures", failed.failures},
                        {"last_failure", engine::print_time(failed.last_failure)}});
  auto& records = object["records"] = nlohmann::json::array();
  for (const auto& record : data.records)
    records.push_back({{"time", engine::print_time(record.time)},
                       {"event", record.event},
                       {"outcome", word(record.outcome)},
                       {"actor", text(record.actor)},
                       {"source", text(record.source)}});
  return object;
}

int export_to(const Session& session, const std::string& name, const std::string& output) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  std::optional<NewFile> file;
  if (!output.empty()) {
    file.emplace(output);
    if (!file->there())
      return session.fail({errno == EEXIST ? Code::conflict : Code::configuration,
                           "cannot make the file of --output: " + std::string(strerror(errno))});
  }
  const auto data = realm->export_person(name, session.actor());
  if (!data) return session.fail(data.error());
  const auto object = json_of(*data, session.realm_name);
  const std::string bytes =
      object.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) + "\n";
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
