// What the files of a store still hold of somebody: bytes, and what the journal's entries
// open to.
#pragma once

#include "backup/archive.hpp"
#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "journal/journal.hpp"
#include "store/store.hpp"
#include "vault/root_key.hpp"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

namespace cred::test {

// Whether a file below the directory has these bytes somewhere.
inline bool contains_bytes(const std::filesystem::path& directory, std::string_view bytes) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    std::ifstream stream(entry.path(), std::ios::binary);
    const std::string content{std::istreambuf_iterator<char>(stream), {}};
    if (content.find(bytes) != std::string::npos) return true;
  }
  return false;
}

inline std::string text_of(const store::Blob& blob) {
  return {reinterpret_cast<const char*>(blob.data()), blob.size()};
}

// The rows of an account as they are now.
inline store::AccountRow stored_row(const std::string& store_url, std::string_view name) {
  const auto row = store::open(store_url)->realm("system")->begin(store::Access::read)->find(name);
  if (!row) throw std::runtime_error("there is no such account");
  return *row;
}

inline vault::Vault stored_vault(const std::string& store_url, const std::string& root_key_url) {
  const auto realm = store::open(store_url)->realm("system");
  const auto root = value_or_throw(vault::load_root_key(root_key_url));
  return value_or_throw(
      vault::Vault::open(root, realm->row().id, engine::wrapped_keys(realm->keys())));
}

// Everything that the journal of realm system holds, opened.
inline std::vector<engine::Item> journal_items(const std::string& store_url,
                                               const std::string& root_key_url,
                                               const std::string& journals) {
  const Uuid realm = store::open(store_url)->realm("system")->row().id;
  const auto vault = stored_vault(store_url, root_key_url);
  std::vector<engine::Item> all;
  const journal::Journal journal(journals + "/" + to_string(realm), realm);
  journal.read(0, [&](const journal::Entry& entry) {
    const auto opened =
        value_or_throw(vault.open_kept(engine::place_of_entry(entry.number), entry.bytes));
    for (auto& item : value_or_throw(engine::decode_items(opened.bytes())))
      all.push_back(std::move(item));
    return true;
  });
  return all;
}

// The same of a backup.
inline std::vector<engine::Item> backup_items(const std::string& archive_path,
                                              const std::string& root_key_url) {
  const auto root = value_or_throw(vault::load_root_key(root_key_url));
  backup::ArchiveReader archive(archive_path);
  archive.begin(value_or_throw(vault::unwrap_archive_key(root, archive.wrapped_key())));
  std::vector<engine::Item> all;
  while (const auto bytes = archive.next())
    all.push_back(value_or_throw(engine::decode_item(*bytes)));
  return all;
}

// What the bodies of records among them say, a line each.
inline std::string bodies_of(const std::vector<engine::Item>& items, const vault::Vault& vault) {
  std::string all;
  for (const auto& item : items) {
    const auto* row = std::get_if<store::AuditRow>(&item);
    if (row == nullptr || row->body.empty()) continue;
    const auto opened = value_or_throw(
        vault.open_kept(engine::place_of_body(row->number, row->account), row->body));
    const auto body = value_or_throw(audit::decode_body(opened.bytes()));
    for (const auto* text : {&body.actor, &body.source, &body.service, &body.tty, &body.detail})
      all += *text + "\t";
    all += "\n";
  }
  return all;
}

// What of them shows an account: its rows, and the bodies of records about it.
inline std::size_t shown_of(const std::vector<engine::Item>& items, const Uuid& account) {
  return static_cast<std::size_t>(std::count_if(items.begin(), items.end(), [&](const auto& item) {
    if (const auto* row = std::get_if<store::AccountRow>(&item)) return row->id == account;
    if (const auto* row = std::get_if<store::AuditRow>(&item)) {
      const auto record = value_or_throw(audit::decode(row->record));
      return record.account == account && record.event != audit::Event::erased &&
             !row->body.empty();
    }
    return false;
  }));
}

}  // namespace cred::test
