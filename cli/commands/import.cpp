#include "cli/commands/commands.hpp"
#include "cli/progress.hpp"
#include "migration/migration.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <fcntl.h>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <sys/stat.h>
#include <unistd.h>
#include <unordered_set>

namespace cred::cli {
namespace {

using migration::Format;

struct Request {
  Format format = Format::shadow;
  std::string file = "-";
  std::string opasswd;
  bool dry_run = false;
};

// What was said of one account of the source.
struct Line {
  std::size_t line = 0;
  std::string account;
  std::string text;
};

struct Report {
  std::size_t taken = 0;
  std::size_t there = 0;
  std::size_t without_password = 0;  // among `left`
  std::map<std::string, std::size_t> schemes;
  std::vector<Line> left;
  std::vector<Line> remarks;
};

// Hashes are wiped; a vector that grows would leave copies of them behind.
Expected<Wiped<char>> read_whole(const std::string& path) {
  const bool input = path == "-";
  const auto unreadable = [&] {
    return fail(Code::configuration,
                (input ? "standard input" : path) + std::string(": ") + std::strerror(errno));
  };
  const int fd = input ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return unreadable();
  const std::unique_ptr<const int, void (*)(const int*)> closing(&fd, [](const int* descriptor) {
    if (*descriptor != STDIN_FILENO) (void)close(*descriptor);
  });
  std::vector<Wiped<char>> chunks;
  std::size_t size = 0;
  for (;;) {
    Wiped<char> chunk(std::size_t{256} * 1024);
    const ssize_t got = read(fd, chunk.data(), chunk.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return unreadable();
    if (got == 0) break;
    chunk.resize(static_cast<std::size_t>(got));
    size += chunk.size();
    if (size > migration::max_source_bytes)
      return fail(Code::usage, "the source is larger than 64 MiB: give it in parts");
    chunks.push_back(std::move(chunk));
  }
  Wiped<char> whole;
  whole.reserve(size);
  for (const auto& chunk : chunks) whole.insert(whole.end(), chunk.begin(), chunk.end());
  return whole;
}

std::string_view view(const Wiped<char>& text) { return {text.data(), text.size()}; }

// A source's names may be anything; a terminal gets what may be one.
std::string shown(const std::string& name) { return engine::check_name(name) ? name : ""; }

engine::ImportedAccount account_of(migration::Entry&& entry) {
  engine::ImportedAccount account;
  account.name = std::move(entry.name);
  account.hash = std::move(entry.hash);
  if (entry.nt) account.notation = engine::Notation::nt;
  account.profile.full_name = std::move(entry.full_name);
  account.profile.email = std::move(entry.email);
  account.profile.phone = std::move(entry.phone);
  account.profile.birth_date = std::move(entry.birth_date);
  account.profile.attributes = std::move(entry.attributes);
  account.set_at = entry.set_at;
  account.must_change = entry.must_change;
  account.state = entry.disabled ? engine::State::disabled
                  : entry.locked ? engine::State::locked
                                 : engine::State::active;
  return account;
}

// The accounts of a source on their way into the realm, some at a time.
class Importer {
 public:
  Importer(engine::Realm& realm, engine::Actor actor, bool dry_run, Report& report)
      : realm_(realm), actor_(std::move(actor)), dry_run_(dry_run), report_(report) {}

  Expected<void> add(migration::Entry&& entry, migration::EarlierHashes& earlier) {
    const std::size_t line = entry.line;
    const std::string name = entry.name;
    if (!names_.insert(name).second) {
      report_.left.push_back({line, shown(name), "its name is in the source twice"});
      return {};
    }
    if (!entry.remark.empty()) report_.remarks.push_back({line, shown(name), entry.remark});
    lines_.push_back(line);
    accounts_.push_back(account_of(std::move(entry)));
    if (const auto found = earlier.accounts.find(name); found != earlier.accounts.end())
      accounts_.back().earlier = std::move(found->second);
    return accounts_.size() < engine::most_imported_at_once ? Expected<void>() : flush();
  }

  Expected<void> flush() {
    if (accounts_.empty()) return {};
    const auto results = realm_.import_accounts(accounts_, dry_run_, actor_);
    if (!results) return tl::make_unexpected(results.error());
    for (std::size_t i = 0; i < results->size(); ++i)
      tell(lines_[i], accounts_[i].name, (*results)[i]);
    accounts_.clear();
    lines_.clear();
    return {};
  }

 private:
  void tell(std::size_t line, const std::string& name, const engine::Imported& result) {
    switch (result.outcome) {
      case engine::Imported::Outcome::refused:
        report_.left.push_back({line, shown(name), result.why});
        return;
      case engine::Imported::Outcome::there: ++report_.there; return;
      case engine::Imported::Outcome::taken: break;
    }
    ++report_.taken;
    ++report_.schemes[result.scheme];
    if (result.earlier_left > 0)
      report_.remarks.push_back({line, shown(name),
                                 std::to_string(result.earlier_left) +
                                     " earlier passwords were not taken: " + result.earlier_why});
  }

  engine::Realm& realm_;
  const engine::Actor actor_;
  const bool dry_run_;
  Report& report_;
  std::unordered_set<std::string> names_;
  std::vector<std::size_t> lines_;
  std::vector<engine::ImportedAccount> accounts_;
};

std::string text_of(const std::vector<Line>& lines, const char* title) {
  std::string text;
  for (const auto& line : lines)
    text += "\n  " + std::to_string(line.line) + (line.account.empty() ? "" : " " + line.account) +
            ": " + line.text;
  return text.empty() ? text : std::string("\n") + title + text;
}

nlohmann::json json_of(const std::vector<Line>& lines, const char* key) {
  auto list = nlohmann::json::array();
  for (const auto& line : lines)
    list.push_back(
        {{"line", line.line},
         {"account", line.account.empty() ? nlohmann::json() : nlohmann::json(line.account)},
         {key, line.text}});
  return list;
}

int finish(const Session& session, const Request& request, const Report& report) {
  std::string text = std::string(request.dry_run ? "Would import " : "Imported ") +
                     std::to_string(report.taken) + (report.taken == 1 ? " account" : " accounts");
  std::string schemes;
  for (const auto& [scheme, count] : report.schemes)
    schemes += (schemes.empty() ? "" : ", ") + scheme + " " + std::to_string(count);
  if (!schemes.empty()) text += " (" + schemes + ")";
  if (report.there > 0) text += "; there already: " + std::to_string(report.there);
  if (!report.left.empty()) text += "; not taken: " + std::to_string(report.left.size());
  text += ".";
  text += text_of(report.left, "Not taken, by line:");
  text += text_of(report.remarks, "Remarks, by line:");
  // Accounts without a password are no reason to look again.
  const bool whole = report.left.size() == report.without_password;
  return session.finish(whole ? Code::accepted : Code::refused, text,
                        {{"dry_run", request.dry_run},
                         {"imported", report.taken},
                         {"there", report.there},
                         {"schemes", report.schemes},
                         {"not_taken", json_of(report.left, "why")},
                         {"remarks", json_of(report.remarks, "remark")}});
}

Expected<void> import_all(const Session& session, const Request& request, Report& report) {
  const auto source = read_whole(request.file);
  if (!source) return tl::make_unexpected(source.error());
  migration::EarlierHashes earlier;
  if (!request.opasswd.empty()) {
    const auto text = read_whole(request.opasswd);
    if (!text) return tl::make_unexpected(text.error());
    auto read = migration::read_opasswd(view(*text));
    if (!read) return tl::make_unexpected(read.error());
    earlier = std::move(*read);
    for (const auto& left : earlier.left)
      report.remarks.push_back({left.line, shown(left.name), "of the opasswd file: " + left.why});
  }
  // Read to its end before anything is written: a source that breaks off changes nothing.
  std::vector<migration::Entry> entries;
  const auto read = migration::read(
      request.format, view(*source), SystemClock().now(), [&](migration::Record&& record) {
        if (auto* entry = std::get_if<migration::Entry>(&record)) {
          entries.push_back(std::move(*entry));
          return true;
        }
        const auto& left = std::get<migration::Left>(record);
        if (left.why == migration::no_password) ++report.without_password;
        report.left.push_back({left.line, shown(left.name), left.why});
        return true;
      });
  if (!read) return read;

  auto realm = session.realm();
  if (!realm) return tl::make_unexpected(realm.error());
  Progress progress(request.dry_run ? "Reading" : "Importing", "accounts");
  Importer importer(*realm, session.actor(), request.dry_run, report);
  std::size_t done = 0;
  for (auto& entry : entries) {
    if (auto added = importer.add(std::move(entry), earlier); !added) return added;
    ++done;
    progress.update(done, done, entries.size());
  }
  return importer.flush();
}

int import_from(const Session& session, const Request& request) {
  Report report;
  if (const auto done = import_all(session, request, report); !done) {
    Error error = done.error();
    if (report.taken > 0 && !request.dry_run)
      error.message += "; " + std::to_string(report.taken) +
                       " accounts were imported before: repeat the command for the rest";
    return session.fail(error);
  }
  return finish(session, request, report);
}

struct Source {
  const char* word;
  Format format;
  const char* help;
  const char* example;
};

constexpr Source sources[] = {
    {"shadow", Format::shadow,
     "The accounts of shadow(5), with the day of the last change, locks and expiry",
     "credctl import shadow /etc/shadow --opasswd /etc/security/opasswd --dry-run"},
    {"htpasswd", Format::htpasswd, "A file of Apache's htpasswd",
     "credctl import htpasswd /etc/apache2/users --realm shop"},
    {"ldif", Format::ldif, "People of a directory, as slapcat writes them",
     "slapcat | credctl import ldif - --realm staff"},
    {"django", Format::django, "Users of Django: JSON of dumpdata, or CSV of auth_user",
     "manage.py dumpdata auth.user | credctl import django - --realm shop"},
    {"phc", Format::phc, "Lines NAME:HASH with PHC strings",
     "credctl import phc hashes.txt --realm shop"},
    {"nt", Format::nt, "NT hashes: smbpasswd, or what pwdump writes",
     "credctl import nt /etc/samba/smbpasswd --realm office"},
    {"csv", Format::csv,
     "A table with a header: name, hash, set, full_name, email, phone, birth_date, state, "
     "must_change, attribute.KEY",
     "credctl import csv users.csv --realm shop"},
};

}  // namespace

void add_import(CLI::App& program, const Session& session, Action& action) {
  auto* import = program.add_subcommand(
      "import", "Take accounts over from another system, with the hashes of their passwords");
  import->require_subcommand(1);
  import->footer(
      "Example: credctl import shadow /etc/shadow --dry-run\n"
      "Each hash is wrapped in Argon2id; the first right login replaces it. Accounts that are\n"
      "there already stay as they are, so that the command can be repeated.");
  for (const Source& source : sources) {
    auto* command = import->add_subcommand(source.word, source.help);
    auto request = std::make_shared<Request>();
    request->format = source.format;
    command->add_option("FILE", request->file, "The source, or - for standard input, the default");
    command->add_flag("--dry-run", request->dry_run, "Say what would be taken; change nothing");
    if (source.format == Format::shadow)
      command
          ->add_option("--opasswd", request->opasswd,
                       "Earlier passwords of these accounts, as pam_pwhistory keeps them")
          ->type_name("FILE");
    command->footer(std::string("Example: ") + source.example);
    command->callback([&session, &action, request] {
      action = [&session, request] { return import_from(session, *request); };
    });
  }
}

}  // namespace cred::cli
