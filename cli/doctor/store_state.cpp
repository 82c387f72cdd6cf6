// The store: its version, whether the key opens it, and whether anchor and journal agree with it.

#include "cli/doctor/subjects.hpp"
#include "base/uuid.hpp"
#include "engine/engine.hpp"
#include "journal/anchor.hpp"
#include "store/look.hpp"

#include <algorithm>
#include <map>
#include <sys/stat.h>

namespace cred::doctor {
namespace {

bool is_there(const std::string& path) {
  struct stat status {};
  return lstat(path.c_str(), &status) == 0;
}

class Examination {
 public:
  Examination(const Patient& patient, std::vector<Finding>& findings)
      : patient_(patient),
        store_(findings, "store"),
        keys_(findings, "keys"),
        anchor_(findings, "anchor"),
        journal_(findings, "journal") {}

  StoreState run(bool key_is_good) {
    state_.key_is_good = key_is_good;
    const auto& configuration = patient_.configuration;
    if (patient_.store_path().empty()) return key_is_good ? look_at_server() : state_;
    const store::Look look = store::look(configuration.store_url);
    if (look.version > look.newest) {
      store_.error("the store " + patient_.store_path() + " has version " +
                       std::to_string(look.version) + ", made by a newer libcred; this one knows " +
                       std::to_string(look.newest),
                   "upgrade libcred");
      return state_;
    }
    if (look.version < look.newest) {
      store_.warning("the store " + patient_.store_path() + " has version " +
                         std::to_string(look.version) + ", and this libcred writes " +
                         std::to_string(look.newest) +
                         ": the next command brings it up to date, "
                         "and older programs no longer open it. It was not opened",
                     "credctl backup create, with the programs that are in use now; then credctl "
                     "maintain");
      return state_;
    }
    if (!key_is_good) return state_;
    std::vector<std::string> troubles;
    auto engine = engine::Engine::open(
        configuration, patient_.surroundings.clock,
        [&](const audit::SecurityEvent& event) {
          if (event.event == "trouble") troubles.push_back(event.detail);
        },
        patient_.ask);
    if (!engine) {
      told(store_, engine.error(), "credctl backup restore --dry-run");
      return state_;
    }
    for (const auto& realm : look.realms)
      if (const auto changed = look_at(*engine, realm); changed)
        state_.newest = std::max(state_.newest.value_or(*changed), *changed);
    for (const std::string& trouble : troubles)
      if (trouble.find("journal") != std::string::npos)
        journal_.error(trouble,
                       "credctl backup create, which needs no journal before it; keep the "
                       "damaged one until it is verified");
    return state_;
  }

 private:
  // A store on a server has its own ways to be looked after: whether it opens, with all realms.
  StoreState look_at_server() {
    auto engine =
        engine::Engine::open(patient_.configuration, patient_.surroundings.clock, {}, patient_.ask);
    if (!engine) {
      told(store_, engine.error(), "look at [store] url, and at the server's log");
      return state_;
    }
    const auto names = engine->realms();
    if (!names) told(store_, names.error(), "look at the server's log");
    for (const std::string& name : names ? *names : std::vector<std::string>()) {
      auto realm = engine->realm(name);
      const auto status = realm ? realm->realm_status() : tl::make_unexpected(realm.error());
      if (!status) {
        told(store_, status.error(), "credctl --realm " + name + " realm show");
        continue;
      }
      state_.newest = std::max(state_.newest.value_or(status->changed), status->changed);
      look_at_imports(*realm);
    }
    return state_;
  }
  // What opening a realm says. An anchor or a journal that is missing is made anew by that, so
  // that one who looks twice would not see it again: such a realm is not opened.
  std::optional<Time> look_at(engine::Engine& engine, const store::RealmRow& row) {
    const std::string id = to_string(row.id);
    const std::string anchor = patient_.configuration.anchor_directory + "/" + id;
    std::optional<journal::Mark> mark;
    try {
      mark = journal::Anchor(anchor).read();
    } catch (const Failure& failure) {
      anchor_.error("the anchor of realm " + row.name + ": " + failure.error().message,
                    "rm " + anchor + ", and look at credctl audit show --event rollback_noticed",
                    failure.error().code);
      return std::nullopt;
    }
    if (!mark) {
      anchor_.warning("realm " + row.name + " has no anchor at " + anchor +
                          ": a store that was put back would not be noticed",
                      "compare the accounts with those of a backup (credctl backup list); then "
                      "credctl --realm " +
                          row.name + " realm show, which makes it anew");
      return std::nullopt;
    }
    const std::string journal = patient_.configuration.journal_directory + "/" + id;
    if (mark->number > 1 && !is_there(journal)) {
      journal_.warning("realm " + row.name + " has no journal at " + journal +
                           ": a restore reaches the backups alone",
                       "credctl backup create, from which the next one begins");
      return std::nullopt;
    }
    auto realm = engine.realm(row.name);
    if (!realm) {
      if (realm.error().message.find("another root key") != std::string::npos) {
        state_.key_is_good = false;
        told(keys_, realm.error(),
             "install -m 0400 -o root COPY FILE, where COPY is the right root key");
      } else
        told(store_, realm.error(), "credctl backup restore --dry-run");
      return std::nullopt;
    }
    const auto status = realm->realm_status();
    if (!status) {
      told(store_, status.error(), "credctl backup restore --dry-run");
      return std::nullopt;
    }
    look_at_imports(*realm);
    return status->changed;
  }
  // An import wraps other systems' hashes in Argon2id. Whoever never logs in keeps one.
  void look_at_imports(engine::Realm& realm) {
    constexpr std::uint64_t most_seen = 100'000;
    std::uint64_t seen = 0;
    std::map<std::string, std::uint64_t> schemes;
    const auto listed = realm.list([&](const engine::Status& account) {
      if (!account.wrapped.empty()) ++schemes[account.wrapped];
      return ++seen < most_seen;
    });
    if (!listed) return told(store_, listed.error(), "credctl maintain, which names what is wrong");
    if (schemes.empty()) return;
    std::string text;
    for (const auto& [scheme, count] : schemes)
      text += (text.empty() ? "" : ", ") + std::to_string(count) + " of " + scheme;
    store_.note("accounts of realm " + realm.name() +
                    " have another system's hash within Argon2id until their next login: " + text,
                "credctl user show NAME tells which; credctl passwd NAME --generate for those who "
                "will not come");
  }
  static void told(Report& report, const Error& error, const std::string& mend) {
    report.error(error.message, mend, error.code);
  }

  const Patient& patient_;
  StoreState state_;
  Report store_;
  Report keys_;
  Report anchor_;
  Report journal_;
};

}  // namespace

StoreState look_at_store(const Patient& patient, bool key_is_good, std::vector<Finding>& findings) {
  try {
    return Examination(patient, findings).run(key_is_good);
  } catch (const Failure& failure) {
    const bool missing = !patient.store_path().empty() && !is_there(patient.store_path());
    Report(findings, "store")
        .error(failure.error().message,
               missing
                   ? "credctl backup restore --dry-run, or credctl init where there never was one"
                   : "credctl backup restore --dry-run",
               failure.error().code);
    return {std::nullopt, key_is_good};
  }
}

}  // namespace cred::doctor
