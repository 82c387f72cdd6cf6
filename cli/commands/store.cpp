// The store as a whole: bringing it to another place.

#include "cli/commands/commands.hpp"
#include "cli/progress.hpp"
#include "engine/store_copy.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

struct Places {
  std::string from;
  std::string to;
};

int copy(const Session& session, const Places& places) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  std::string what;
  std::unique_ptr<Progress> bar;
  const auto progress = [&](const char* now, std::uint64_t done, std::uint64_t total) {
    if (what != now) {
      bar.reset();
      bar = std::make_unique<Progress>(now, "records");
      what = now;
    }
    bar->update(done, done, total);
  };
  const auto copied =
      engine::copy_store(*configuration, places.from, places.to, progress, session.ask());
  bar.reset();
  if (!copied) return session.fail(copied.error());
  std::uint64_t accounts = 0;
  auto realms = nlohmann::json::array();
  for (const auto& realm : copied->realms) {
    accounts += realm.accounts;
    realms.push_back({{"name", realm.name},
                      {"accounts", realm.accounts},
                      {"audit_records", realm.audit_records},
                      {"written", realm.rows_written},
                      {"change", realm.change}});
  }
  return session.finish(
      Code::accepted,
      "Copied " + std::to_string(accounts) + " accounts in " +
          std::to_string(copied->realms.size()) +
          (copied->realms.size() == 1 ? " realm" : " realms") +
          "; every record was compared and opens.\nWriters waited for " +
          std::to_string(copied->switch_time.count()) +
          " ms.\nNow name the new place in [store] url, reload credd, and use the old one no more.",
      {{"realms", std::move(realms)}, {"switch_ms", copied->switch_time.count()}});
}

}  // namespace

void add_store(CLI::App& program, const Session& session, Action& action) {
  auto* store = program.add_subcommand("store", "The store as a whole");
  store->require_subcommand(1);
  auto* copying =
      store->add_subcommand("copy", "Bring a store to another place, while it is in use");
  auto places = std::make_shared<Places>();
  copying->add_option("FROM", places->from, "Its url: sqlite:/path or postgresql://...")
      ->required();
  copying->add_option("TO", places->to, "Where there is none yet")->required();
  copying->footer(
      "Example: credctl store copy sqlite:/var/lib/cred/cred.db postgresql://cred@db1/cred\n"
      "Interrupted, it goes on where it was. Writers wait only for the last of it.");
  copying->callback([&session, &action, places] {
    action = [&session, places] { return copy(session, *places); };
  });
}

}  // namespace cred::cli
