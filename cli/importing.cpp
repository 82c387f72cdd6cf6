#include "cli/importing.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <memory>
#include <nlohmann/json.hpp>
#include <unistd.h>

namespace cred::cli {
namespace {

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

std::string text_of(const std::vector<SourceLine>& lines, const char* title) {
  std::string text;
  for (const auto& line : lines)
    text += "\n  " + std::to_string(line.line) + (line.account.empty() ? "" : " " + line.account) +
            ": " + line.text;
  return text.empty() ? text : std::string("\n") + title + text;
}

nlohmann::json json_of(const std::vector<SourceLine>& lines, const char* key) {
  auto list = nlohmann::json::array();
  for (const auto& line : lines)
    list.push_back(
        {{"line", line.line},
         {"account", line.account.empty() ? nlohmann::json() : nlohmann::json(line.account)},
         {key, line.text}});
  return list;
}

}  // namespace

// Hashes are wiped; a vector that grows would leave copies of them behind.
Expected<Wiped<char>> read_source(const std::string& path) {
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

std::string shown(const std::string& name) { return engine::check_name(name) ? name : ""; }

Expected<std::vector<migration::Entry>> entries_of(migration::Format format, std::string_view text,
                                                   ImportReport& report) {
  std::vector<migration::Entry> entries;
  const auto read =
      migration::read(format, text, SystemClock().now(), [&](migration::Record&& record) {
        if (auto* entry = std::get_if<migration::Entry>(&record)) {
          entries.push_back(std::move(*entry));
          return true;
        }
        const auto& left = std::get<migration::Left>(record);
        if (left.why == migration::no_password) ++report.without_password;
        report.left.push_back({left.line, shown(left.name), left.why});
        return true;
      });
  if (!read) return tl::make_unexpected(read.error());
  return entries;
}

Expected<void> Importer::add(migration::Entry&& entry, migration::EarlierHashes& earlier) {
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

Expected<void> Importer::flush() {
  if (accounts_.empty()) return {};
  const auto results = take_(accounts_);
  if (!results) return tl::make_unexpected(results.error());
  for (std::size_t i = 0; i < results->size(); ++i)
    tell(lines_[i], accounts_[i].name, (*results)[i]);
  accounts_.clear();
  lines_.clear();
  return {};
}

void Importer::tell(std::size_t line, const std::string& name, const engine::Imported& result) {
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

std::string text_of(const ImportReport& report, bool dry_run) {
  std::string text = std::string(dry_run ? "Would import " : "Imported ") +
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
  return text;
}

nlohmann::json json_of(const ImportReport& report, bool dry_run) {
  return {{"dry_run", dry_run},
          {"imported", report.taken},
          {"there", report.there},
          {"schemes", report.schemes},
          {"not_taken", json_of(report.left, "why")},
          {"remarks", json_of(report.remarks, "remark")}};
}

}  // namespace cred::cli
