#include "base/hexadecimal.hpp"
#include "cli/commands/commands.hpp"
#include "cli/policy_view.hpp"
#include "cli/progress.hpp"
#include "engine/units.hpp"

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

std::string state_of(const engine::KeyStatus& key) {
  if (key.seals) return "seals";
  return key.retired ? "retired" : "being left";
}

int show(const Session& session) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto keys = realm->key_status();
  if (!keys) return session.fail(keys.error());
  std::vector<std::vector<std::string>> rows{
      {"KEY", "ID", "MADE", "STATE", "SINCE", "SEALED VALUES"}};
  auto list = nlohmann::json::array();
  for (const auto& key : *keys) {
    const std::string id = key.id == 0 ? "-" : hexadecimal(key.id);
    rows.push_back({std::to_string(key.number), id, engine::print_time(key.made), state_of(key),
                    key.retired ? engine::print_time(*key.retired) : "-",
                    std::to_string(key.values)});
    list.push_back(
        {{"number", key.number},
         {"id", key.id == 0 ? nlohmann::json() : nlohmann::json(id)},
         {"made", engine::print_time(key.made)},
         {"state", state_of(key)},
         {"retired", key.retired ? nlohmann::json(engine::print_time(*key.retired)) : nullptr},
         {"values", key.values}});
  }
  std::string text = table(rows, "");
  text.pop_back();
  return session.finish(Code::accepted, text, {{"realm", session.realm_name}, {"keys", list}});
}

int rotate(const Session& session) {
  if (!session.realm_given)
    return session.fail({Code::usage,
                         "say whose data key with --realm NAME; the root key cannot be rotated "
                         "yet"});
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  Progress progress("Sealing anew", "records");
  const auto rotated = realm->rotate_data_key(
      session.actor(), [&](const char*, std::uint64_t done, std::uint64_t total) {
        progress.update(done, done, total);
      });
  if (!rotated) return session.fail(rotated.error());
  return session.finish(
      Code::accepted,
      std::string(rotated->continued ? "A rotation that was under way is finished: "
                                     : "Realm " + session.realm_name + " has a new data key: ") +
          std::to_string(rotated->resealed) +
          " records were sealed with it. The old key opens backups and the journal until they are "
          "gone.",
      {{"realm", session.realm_name},
       {"continued", rotated->continued},
       {"resealed", rotated->resealed}});
}

}  // namespace

void add_key(CLI::App& program, const Session& session, Action& action) {
  auto* key = program.add_subcommand("key", "The data keys of a realm");
  key->require_subcommand(1);
  auto* showing = key->add_subcommand("show", "Each with how much it sealed");
  showing->footer("Example: credctl --realm shop key show");
  showing->callback([&session, &action] { action = [&session] { return show(session); }; });
  auto* rotating = key->add_subcommand(
      "rotate", "A new data key: everything is sealed with it, while logins go on");
  rotating->footer("Example: credctl --realm shop key rotate\nKilled, it goes on when repeated.");
  rotating->callback([&session, &action] { action = [&session] { return rotate(session); }; });
}

}  // namespace cred::cli
