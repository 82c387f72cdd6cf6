// Accounts of another system on their way into a realm, and what is told of them.
#pragma once

#include "engine/engine.hpp"
#include "migration/migration.hpp"

#include <functional>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <unordered_set>
#include <vector>

namespace cred::cli {

// What was said of one account of the source.
struct SourceLine {
  std::size_t line = 0;
  std::string account;
  std::string text;
};

struct ImportReport {
  std::size_t taken = 0;
  std::size_t there = 0;
  std::size_t without_password = 0;  // among `left`
  std::map<std::string, std::size_t> schemes;
  std::vector<SourceLine> left;
  std::vector<SourceLine> remarks;
};

// A whole file, or standard input for "-". Errors: configuration, usage (too large).
Expected<Wiped<char>> read_source(const std::string& path);

// A source's names may be anything; a terminal gets what may be one.
std::string shown(const std::string& name);

// Every entry of `text`; what is none is in the report.
Expected<std::vector<migration::Entry>> entries_of(migration::Format format, std::string_view text,
                                                   ImportReport& report);

// The entries on their way, some at a time.
class Importer {
 public:
  // Takes so many accounts, or says what would come of them.
  using Take = std::function<Expected<std::vector<engine::Imported>>(
      std::span<const engine::ImportedAccount>)>;

  Importer(Take take, ImportReport& report) : take_(std::move(take)), report_(report) {}

  Expected<void> add(migration::Entry&& entry, migration::EarlierHashes& earlier);
  Expected<void> flush();

 private:
  void tell(std::size_t line, const std::string& name, const engine::Imported& result);

  const Take take_;
  ImportReport& report_;
  std::unordered_set<std::string> names_;
  std::vector<std::size_t> lines_;
  std::vector<engine::ImportedAccount> accounts_;
};

// "Imported 3 accounts (yescrypt 3); ..." and a line for each that was left or remarked on.
std::string text_of(const ImportReport& report, bool dry_run);
nlohmann::json json_of(const ImportReport& report, bool dry_run);

}  // namespace cred::cli
