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

nlohmann::json json_of(const std::optional<Time>& time) {
  return time ? nlohmann::json(engine::print_time(*time)) : nullptr;
}

// A retired key is destroyed by the first maintenance after this.
std::optional<Time> kept_until(const engine::KeyStatus& key, const engine::Configuration& c) {
  if (!key.retired) return std::nullopt;
  return *key.retired + c.retired_key_retention();
}

nlohmann::json json_of(const engine::KeyStatus& key, const engine::Configuration& configuration) {
  return {{"number", key.number},
          {"id", hexadecimal(key.id)},
          {"made", engine::print_time(key.made)},
          {"state", state_of(key)},
          {"retired", json_of(key.retired)},
          {"kept_until", json_of(kept_until(key, configuration))},
          {"values", key.uses.values()},
          {"fields", key.uses.fields},
          {"labels", key.uses.labels},
          {"logins", key.uses.logins},
          {"bodies", key.uses.bodies},
          {"documents", key.uses.documents}};
}

int show(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  auto engine = session.engine(*configuration);
  if (!engine) return session.fail(engine.error());
  std::vector<std::string> names{session.realm_name};
  if (!session.realm_given) {
    auto all = engine->realms();
    if (!all) return session.fail(all.error());
    names = std::move(*all);
  }
  std::vector<std::vector<std::string>> rows{{"REALM", "KEY", "ID", "MADE", "STATE", "KEPT UNTIL",
                                              "FIELDS", "LABELS", "LOGINS", "BODIES", "DOCUMENTS"}};
  auto realms = nlohmann::json::array();
  for (const auto& name : names) {
    auto realm = engine->realm(name);
    if (!realm) return session.fail(realm.error());
    const auto keys = realm->key_status();
    if (!keys) return session.fail(keys.error());
    auto list = nlohmann::json::array();
    for (const auto& key : *keys) {
      const auto until = kept_until(key, *configuration);
      rows.push_back({name, std::to_string(key.number), hexadecimal(key.id),
                      engine::print_time(key.made), state_of(key),
                      until ? engine::print_time(*until) : "-", std::to_string(key.uses.fields),
                      std::to_string(key.uses.labels), std::to_string(key.uses.logins),
                      std::to_string(key.uses.bodies), std::to_string(key.uses.documents)});
      list.push_back(json_of(key, *configuration));
    }
    realms.push_back({{"realm", name}, {"keys", std::move(list)}});
  }
  // After the realms: a store that is wrapped with a key's successor shows by them.
  const auto root = engine->root_key_status();
  std::string text = "Root key " + hexadecimal(root.id) + " from " + root.url +
                     (root.since ? ", since " + engine::print_time(*root.since) : "") + "\n\n" +
                     table(rows, "");
  text.pop_back();
  return session.finish(
      Code::accepted, text,
      {{"root", {{"url", root.url}, {"id", hexadecimal(root.id)}, {"since", json_of(root.since)}}},
       {"realms", std::move(realms)}});
}

int rotate_root(const Session& session, const std::string& to) {
  // The file itself, even where a unit has handed over what is in it.
  const auto configuration = session.configured();
  if (!configuration) return session.fail(configuration.error());
  auto engine = session.engine(*configuration);
  if (!engine) return session.fail(engine.error());
  const auto rotated = engine->rotate_root_key(to.empty() ? std::nullopt : std::optional(to),
                                               session.ask(), session.actor());
  if (!rotated) return session.fail(rotated.error());
  if (!rotated->warning.empty()) session.warn(rotated->warning);
  std::string text =
      (rotated->continued ? "Continuing: a rotation that was cut off is finished. " : "") +
      std::string("All realms are under root key ") + hexadecimal(rotated->id) + " from " +
      rotated->url + ".\n";
  if (rotated->configure)
    text += "Nothing opens the store before the configuration names it: set keys.root to \"" +
            rotated->url + "\" now, then restart credd.\n";
  else
    text += "Restart credd if systemd hands it the key (LoadCredential).\n";
  text +=
      "Keep a copy of the new key apart from the store. The old one is kept, sealed with it, "
      "as long as backups need it.";
  return session.finish(Code::accepted, text,
                        {{"root", {{"url", rotated->url}, {"id", hexadecimal(rotated->id)}}},
                         {"continued", rotated->continued},
                         {"configure", rotated->configure}});
}

int rotate(const Session& session, const std::string& to) {
  if (!session.realm_given) return rotate_root(session, to);
  if (!to.empty())
    return session.fail({Code::usage,
                         "--to is for the root key, and --realm for a realm's data key: give one "
                         "of them"});
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto rotated = [&] {
    Progress progress("Sealing anew", "records");
    return realm->rotate_data_key(session.actor(),
                                  [&](const char*, std::uint64_t done, std::uint64_t total) {
                                    progress.update(done, done, total);
                                  });
  }();
  if (!rotated) return session.fail(rotated.error());
  return session.finish(
      Code::accepted,
      std::string(rotated->continued ? "Continuing: a rotation that was under way is finished: "
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
  auto* key = program.add_subcommand("key", "The root key, and the data keys of realms");
  key->require_subcommand(1);
  key->footer("Example: credctl key show");
  auto* showing = key->add_subcommand(
      "show", "The root key and every data key, or those of --realm, with how much each sealed");
  showing->footer("Example: credctl key show --json");
  showing->callback([&session, &action] { action = [&session] { return show(session); }; });
  auto* rotating = key->add_subcommand(
      "rotate", "Another root key; with --realm, another data key of that realm");
  auto to = std::make_shared<std::string>();
  rotating
      ->add_option("--to", *to,
                   "The root key comes from there from now on; created where there is none")
      ->type_name("URL");
  rotating->footer(
      "Example: credctl key rotate\n"
      "         credctl key rotate --to passphrase:/etc/cred/root.passphrase\n"
      "         credctl key rotate --realm shop\n"
      "Logins go on meanwhile. Killed, it goes on when repeated.");
  rotating->callback(
      [&session, &action, to] { action = [&session, to] { return rotate(session, *to); }; });
}

}  // namespace cred::cli
