#include "cli/commands/commands.hpp"
#include "cli/importing.hpp"
#include "cli/progress.hpp"

#include <CLI/CLI.hpp>
#include <memory>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

using migration::Format;

struct Request {
  Format format = Format::shadow;
  std::string file = "-";
  std::string opasswd;
  bool dry_run = false;
};

std::string_view view(const Wiped<char>& text) { return {text.data(), text.size()}; }

int finish(const Session& session, const Request& request, const ImportReport& report) {
  // Accounts without a password are no reason to look again.
  const bool whole = report.left.size() == report.without_password;
  return session.finish(whole ? Code::accepted : Code::refused, text_of(report, request.dry_run),
                        json_of(report, request.dry_run));
}

Expected<void> import_all(const Session& session, const Request& request, ImportReport& report) {
  const auto source = read_source(request.file);
  if (!source) return tl::make_unexpected(source.error());
  migration::EarlierHashes earlier;
  if (!request.opasswd.empty()) {
    const auto text = read_source(request.opasswd);
    if (!text) return tl::make_unexpected(text.error());
    auto read = migration::read_opasswd(view(*text));
    if (!read) return tl::make_unexpected(read.error());
    earlier = std::move(*read);
    for (const auto& left : earlier.left)
      report.remarks.push_back({left.line, shown(left.name), "of the opasswd file: " + left.why});
  }
  // Read to its end before anything is written: a source that breaks off changes nothing.
  auto entries = entries_of(request.format, view(*source), report);
  if (!entries) return tl::make_unexpected(entries.error());

  auto realm = session.realm();
  if (!realm) return tl::make_unexpected(realm.error());
  Progress progress(request.dry_run ? "Reading" : "Importing", "accounts");
  Importer importer(
      [&](std::span<const engine::ImportedAccount> accounts) {
        return realm->import_accounts(accounts, request.dry_run, session.actor());
      },
      report);
  std::size_t done = 0;
  for (auto& entry : *entries) {
    if (auto added = importer.add(std::move(entry), earlier); !added) return added;
    ++done;
    progress.update(done, done, entries->size());
  }
  return importer.flush();
}

int import_from(const Session& session, const Request& request) {
  ImportReport report;
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
