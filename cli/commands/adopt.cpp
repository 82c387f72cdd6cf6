// This machine's own accounts come into realm system, and its programs ask libcred from then
// on; and back.
#include "cli/commands/commands.hpp"
#include "cli/importing.hpp"
#include "cli/pam_profile.hpp"
#include "cli/progress.hpp"
#include "cli/terminal.hpp"
#include "engine/units.hpp"
#include "store/store.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr const char* passwd_file = "/etc/passwd";
constexpr const char* shadow_file = "/etc/shadow";

struct Request {
  bool dry_run = false;
  bool undo = false;
  bool yes = false;
};

struct LocalUser {
  uid_t uid = 0;
  std::string full_name;
};

// Of the file alone: directories and other name services keep their own passwords.
Expected<std::map<std::string, LocalUser>> local_users() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(passwd_file, "re"),
                                                             std::fclose);
  if (!file)
    return fail(Code::configuration, std::string(passwd_file) + ": " + std::strerror(errno));
  std::map<std::string, LocalUser> users;
  while (const passwd* entry = fgetpwent(file.get())) {
    const std::string comment = entry->pw_gecos != nullptr ? entry->pw_gecos : "";
    users.emplace(entry->pw_name, LocalUser{entry->pw_uid, comment.substr(0, comment.find(','))});
  }
  return users;
}

// What /etc/shadow has of the users of /etc/passwd.
struct Source {
  std::vector<migration::Entry> entries;
  ImportReport report;  // of those that are not among `entries`
  std::size_t old = 0;  // passwords that are to be changed at once
  bool root_opens = false;
};

Expected<Source> read_source_files(const engine::Configuration& configuration) {
  const auto users = local_users();
  if (!users) return tl::make_unexpected(users.error());
  const auto shadow = read_source(shadow_file);
  if (!shadow) return tl::make_unexpected(shadow.error());
  Source source;
  auto entries =
      entries_of(migration::Format::shadow, {shadow->data(), shadow->size()}, source.report);
  if (!entries) return tl::make_unexpected(entries.error());
  const auto max_age = configuration.policy_of(engine::system_realm).options.max_age;
  const Time now = SystemClock().now();
  for (auto& entry : *entries) {
    const auto user = users->find(entry.name);
    if (user == users->end()) {
      source.report.left.push_back({entry.line, shown(entry.name), "it is not in /etc/passwd"});
      continue;
    }
    if (user->second.uid == 0) {
      source.root_opens |= !entry.locked && !entry.disabled;
      continue;
    }
    entry.full_name = user->second.full_name;
    if (max_age && entry.set_at && *entry.set_at + *max_age <= now) ++source.old;
    source.entries.push_back(std::move(entry));
  }
  // That daemons have no password is nothing to be told one by one.
  std::erase_if(source.report.left,
                [](const SourceLine& line) { return line.text == migration::no_password; });
  return source;
}

std::string counted(std::size_t count, const char* one, const char* more) {
  return std::to_string(count) + " " + (count == 1 ? one : more);
}

// What is to be known beside the accounts.
std::string remarks_on(const engine::Configuration& configuration, const Source& source) {
  std::string text;
  if (source.old > 0)
    text += "\n" + counted(source.old, "password is", "passwords are") + " older than " +
            engine::print_duration(*configuration.policy_of(engine::system_realm).options.max_age) +
            ": to be changed at the next login.";
  text += "\nroot stays with pam_unix.so, as the way in when the store is away.";
  if (!source.root_opens)
    text +=
        " But root has no password there: if the store is ever away, nobody gets in by one. Set "
        "it with passwd, or see to a key.";
  return text;
}

Expected<void> take_all(Source& source, const Importer::Take& take, ImportReport& report,
                        bool dry_run) {
  Progress progress(dry_run ? "Reading" : "Importing", "accounts");
  Importer importer(take, report);
  migration::EarlierHashes none;
  const std::size_t total = source.entries.size();
  std::size_t done = 0;
  for (auto& entry : source.entries) {
    if (auto added = importer.add(std::move(entry), none); !added) return added;
    ++done;
    progress.update(done, done, total);
  }
  return importer.flush();
}

// When a password of /etc/shadow was set, and in which line that is said.
struct SetAt {
  std::size_t line = 0;
  Time time{};
};

// A password that was set in /etc/shadow after the one in the store, as after an undo: nobody
// may replace a password that libcred has but its owner or an administrator.
void remark_on_newer(engine::Realm& realm, const std::map<std::string, SetAt>& set,
                     ImportReport& report) {
  for (const auto& [name, where] : set) {
    const auto& [line, in_shadow] = where;
    const auto status = realm.status(name);
    if (!status || status->standing.set_at >= in_shadow) continue;
    report.remarks.push_back(
        {line, name,
         "its password in /etc/shadow is newer, and stays unused: credctl passwd " + name});
  }
}

nlohmann::json details_of(const Source& source, const ImportReport& report, bool dry_run,
                          bool created) {
  auto details = json_of(report, dry_run);
  details["created"] = created;
  details["outdated"] = source.old;
  details["without_password"] = report.without_password;
  details["root_has_password"] = source.root_opens;
  return details;
}

int try_adopt(const Session& session, const engine::Configuration& configuration, Source& source) {
  ImportReport report = source.report;
  Importer::Take take = [&](std::span<const engine::ImportedAccount> accounts) {
    return Expected<std::vector<engine::Imported>>(
        engine::judge_import(accounts, configuration.hash));
  };
  std::optional<engine::Realm> realm;
  const bool there = store::exists(configuration.store_url);
  if (there) {
    auto opened = session.realm();
    if (!opened) return session.fail(opened.error());
    realm.emplace(std::move(*opened));
    take = [&](std::span<const engine::ImportedAccount> accounts) {
      return realm->import_accounts(accounts, true, session.actor());
    };
  }
  if (const auto done = take_all(source, take, report, true); !done)
    return session.fail(done.error());
  std::string text = text_of(report, true) + remarks_on(configuration, source);
  if (!there)
    text += "\nWould create the store " + configuration.store_url + " and the root key " +
            configuration.root_key_url + ".";
  text += profile_enabled() ? "\nThe profile of pam-auth-update is enabled already."
                            : "\nWould enable the profile of pam-auth-update.";
  auto details = details_of(source, report, true, !there);
  details["profile_enabled"] = profile_enabled();
  return session.finish(report.left.empty() ? Code::accepted : Code::refused, text, details);
}

Expected<bool> create_if_missing(const Session& session,
                                 const engine::Configuration& configuration) {
  if (store::exists(configuration.store_url)) return false;
  if (auto made = engine::Engine::initialise(configuration, session.ask()); !made)
    return tl::make_unexpected(made.error());
  return true;
}

int adopt(const Session& session, const Request& request) {
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  if (const auto possible = can_enable_profile(); !possible) return session.fail(possible.error());
  auto source = read_source_files(*configuration);
  if (!source) return session.fail(source.error());
  if (request.dry_run) return try_adopt(session, *configuration, *source);
  if (!request.yes)
    if (auto meant = confirm("Of " + std::string(shadow_file) + ", " +
                             counted(source->entries.size(), "account comes", "accounts come") +
                             " into libcred, and the logins of this machine ask it from then on." +
                             remarks_on(*configuration, *source));
        !meant)
      return session.fail(meant.error());

  const auto created = create_if_missing(session, *configuration);
  if (!created) return session.fail(created.error());
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  ImportReport report = source->report;
  std::map<std::string, SetAt> set;
  for (const auto& entry : source->entries)
    if (entry.set_at) set.emplace(entry.name, SetAt{entry.line, *entry.set_at});
  const auto taken = take_all(
      *source,
      [&](std::span<const engine::ImportedAccount> accounts) {
        return realm->import_accounts(accounts, false, session.actor());
      },
      report, false);
  if (!taken) return session.fail(taken.error());
  if (!*created) remark_on_newer(*realm, set, report);
  if (auto enabled = enable_profile(); !enabled)
    return session.fail({enabled.error().code, enabled.error().message +
                                                   ". The accounts are in the store, and nothing "
                                                   "asks it yet"});
  std::string text = text_of(report, false) + remarks_on(*configuration, *source);
  if (*created)
    text += "\nCreated the store " + configuration->store_url + " and the root key " +
            configuration->root_key_url +
            ". Keep a copy of the key apart from the store: without it, nobody can log in.";
  text += "\nEnabled the profile of pam-auth-update; " + std::string(shadow_file) +
          " is as it was: credctl adopt --undo goes back to it.";
  if (access(configuration->broker_socket.c_str(), F_OK) != 0)
    text += "\nStart the service now: systemctl enable --now credd.socket";
  auto details = details_of(*source, report, false, *created);
  details["profile_enabled"] = true;
  return session.finish(report.left.empty() ? Code::accepted : Code::refused, text, details);
}

// Whose way in differs when /etc/shadow counts again.
struct Differences {
  std::vector<std::string> changed;      // the former password opens the account again
  std::vector<std::string> without;      // no password there
  std::vector<std::string> compromised;  // suspected to be known, and open again
  std::vector<std::string> closed;       // locked or disabled in libcred alone
};

Expected<Differences> differences(const Session& session) {
  const auto configuration = session.configuration();
  if (!configuration) return tl::make_unexpected(configuration.error());
  const auto source = read_source_files(*configuration);
  if (!source) return tl::make_unexpected(source.error());
  std::map<std::string, bool> open;  // of those with a password
  for (const auto& entry : source->entries) open[entry.name] = !entry.locked && !entry.disabled;
  auto realm = session.realm();
  if (!realm) return tl::make_unexpected(realm.error());
  Differences found;
  const auto listed = realm->list([&](const engine::Status& status) {
    const auto there = open.find(status.name);
    if (there == open.end()) {
      found.without.push_back(status.name);
      return true;
    }
    // An import puts the day of the password before that of the account.
    if (status.standing.set_at > status.profile.created_at) found.changed.push_back(status.name);
    if (status.standing.reason == engine::Reason::compromised)
      found.compromised.push_back(status.name);
    if (there->second && status.state != engine::State::active) found.closed.push_back(status.name);
    return true;
  });
  if (!listed) return tl::make_unexpected(listed.error());
  return found;
}

std::string in_words(const std::vector<std::string>& names, const char* what) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text.empty() ? text : "\n" + std::string(what) + ": " + text + ".";
}

std::string in_words(const Differences& found) {
  return in_words(found.changed,
                  "Changed since the adoption; a hash for /etc/shadow cannot be made of what "
                  "libcred keeps, so the former password opens again, until root sets one with "
                  "passwd NAME") +
         in_words(found.without,
                  "Without a password in /etc/shadow; root sets one with passwd NAME") +
         in_words(found.compromised,
                  "Marked as known to others; lock them with passwd -l NAME, or set another") +
         in_words(found.closed,
                  "Locked or disabled in libcred, open in /etc/shadow; passwd -l NAME, or usermod "
                  "-e 1 NAME");
}

int undo(const Session& session, const Request& request) {
  if (!profile_enabled())
    return session.finish(Code::accepted, "The profile of pam-auth-update is not enabled.",
                          {{"undone", false}});
  // A store that does not open is the best of reasons to go back.
  const auto found = differences(session);
  const std::string text =
      found ? in_words(*found)
            : "\nWhose password was changed since cannot be told: " + found.error().message;
  if (request.dry_run)
    return session.finish(Code::accepted, "Would disable the profile of pam-auth-update." + text,
                          {{"undone", false}});
  if (!request.yes)
    if (auto meant = confirm("The logins of this machine ask /etc/shadow again." + text); !meant)
      return session.fail(meant.error());
  if (auto disabled = disable_profile(); !disabled) return session.fail(disabled.error());
  nlohmann::json details{{"undone", true}};
  if (found)
    details.update({{"changed", found->changed},
                    {"without_password", found->without},
                    {"compromised", found->compromised},
                    {"closed", found->closed}});
  else
    details["message"] = found.error().message;
  return session.finish(Code::accepted,
                        "Disabled the profile of pam-auth-update: /etc/shadow counts again. The "
                        "store is as it was." +
                            text,
                        details);
}

int run(const Session& session, const Request& request) {
  if (geteuid() != 0)
    return session.fail({Code::configuration, "only root changes how this machine logs in"});
  if (session.realm_name != engine::system_realm)
    return session.fail({Code::usage, "the accounts of this machine are those of realm system"});
  return request.undo ? undo(session, request) : adopt(session, request);
}

}  // namespace

void add_adopt(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "adopt", "Take over the accounts of this machine, and have its logins ask libcred");
  auto request = std::make_shared<Request>();
  command->add_flag("--undo", request->undo, "Have its logins ask /etc/shadow again");
  command->add_flag("--dry-run", request->dry_run, "Say what would be done; change nothing");
  command->add_flag("--yes", request->yes, "Do not ask");
  command->footer("Example: credctl adopt --dry-run\n/etc/shadow stays as it is.");
  command->callback([&session, &action, request] {
    action = [&session, request] { return run(session, *request); };
  });
}

}  // namespace cred::cli
