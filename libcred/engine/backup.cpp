// Making backups, listing them, and trying whether they can be restored.

#include "backup/archive.hpp"
#include "base/hexadecimal.hpp"
#include "engine/backup_parts.hpp"
#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "engine/rebuild.hpp"
#include "engine/scratch_file.hpp"
#include "engine/store_check.hpp"
#include "vault/root_archive.hpp"
#include "vault/root_key.hpp"

#include <algorithm>
#include <sodium.h>

namespace cred::engine {
namespace {

constexpr std::size_t page = 1024;
constexpr const char* software = "libcred " CRED_VERSION;

// Puts items into an archive, one after the other.
class Archiving {
 public:
  Archiving(backup::ArchiveWriter& archive, const WorkProgress& progress)
      : archive_(archive), progress_(progress) {}

  void add(const Item& item) {
    bytes_.clear();
    encode(item, bytes_);
    archive_.add(bytes_);
    if (++done_ % 4096 == 0 && progress_) progress_("Making a backup", done_, total_);
  }
  void expect(std::uint64_t records) { total_ += records; }

 private:
  backup::ArchiveWriter& archive_;
  const WorkProgress& progress_;
  std::vector<std::byte> bytes_;
  std::uint64_t done_ = 0;
  std::uint64_t total_ = 0;
};

// One state of a realm, whatever is changed meanwhile.
backup::Manifest::Realm archive_realm(RealmState& state, const store::RealmRow& row,
                                      Archiving& archive) {
  store::Transaction& transaction = state.transaction();
  const Head& head = state.head();
  backup::Manifest::Realm told;
  told.id = to_string(row.id);
  told.name = row.name;
  told.accounts = head.accounts;
  told.audit_records = head.audit_number - head.audit_pruned;
  told.erased = head.tombstones;
  told.last_number = head.audit_number;
  told.change = head.number;
  told.digest = hexadecimal(digest_of(state.vault(), head));
  told.time = head.time;
  archive.expect(told.accounts + told.audit_records);

  archive.add(row);
  for (auto& key : transaction.keys()) archive.add(std::move(key));
  const Secret copy = encode(head, Seed::without);
  archive.add(HeadCopy{{copy.bytes().begin(), copy.bytes().end()}});
  std::uint64_t accounts = 0;
  for (std::string after;;) {
    auto rows = transaction.list(after, page);
    if (rows.empty()) break;
    after = rows.back().name;
    accounts += rows.size();
    for (auto& account : rows) archive.add(std::move(account));
  }
  if (accounts != head.accounts)
    throw Failure(Code::integrity, "realm " + row.name + " has " + std::to_string(accounts) +
                                       " accounts where its head tells of " +
                                       std::to_string(head.accounts));
  for (std::uint64_t after = 0;;) {
    auto rows = transaction.audit(after, page);
    if (rows.empty()) break;
    after = rows.back().number;
    for (auto& record : rows) archive.add(std::move(record));
  }
  for (auto& checkpoint : transaction.checkpoints()) archive.add(std::move(checkpoint));
  for (auto& [name, document] : transaction.documents())
    archive.add(NamedDocument{name, std::move(document)});
  for (auto& tombstone : transaction.tombstones()) archive.add(std::move(tombstone));
  transaction.each_counter([&](const store::Counter& counter) {
    archive.add(counter);
    return true;
  });
  return told;
}

}  // namespace

std::vector<backup::PublicKey> manifest_keys(const RootKey& root) {
  std::vector<backup::PublicKey> keys;
  for (const auto& key : root.all())
    keys.push_back(backup::public_key_of(vault::manifest_seed(*key)));
  return keys;
}

BackupInfo info_of(const backup::Backup& backup) {
  BackupInfo info;
  info.name = backup.name;
  if (!backup.manifest) {
    info.problem = backup.manifest.error();
    return info;
  }
  const backup::Manifest& manifest = *backup.manifest;
  info.created = manifest.created;
  info.bytes = manifest.bytes;
  info.restored_from = manifest.restored_from.value_or("");
  for (const auto& realm : manifest.realms)
    info.realms.push_back(
        {realm.name, realm.accounts, realm.audit_records, realm.erased, realm.change, realm.time});
  return info;
}

backup::Backup backup_named(const backup::Directory& directory, const RootKey& root,
                            const std::optional<std::string>& name) {
  auto backups = directory.list(manifest_keys(root));
  std::ranges::reverse(backups);
  for (auto& backup : backups) {
    if (name ? backup.name != *name : !backup.manifest.has_value()) continue;
    if (!backup.manifest) throw Failure(backup.manifest.error());
    return std::move(backup);
  }
  throw Failure(Code::not_found, name ? "there is no backup " + *name + " in " + directory.path()
                                      : "there is no backup in " + directory.path() +
                                            " that can be used; make one: credctl backup create");
}

Expected<BackupInfo> Engine::create_backup(const Actor& actor, const WorkProgress& progress,
                                           const std::string& restored_from) {
  return at_the_door([&]() -> Expected<BackupInfo> {
    const auto& configuration = shared_->configuration;
    const auto root = shared_->root_key->get();
    const backup::Directory directory(configuration.backup_directory);
    backup::Backup made;
    backup::Manifest manifest;
    manifest.created = shared_->clock->now();
    made.name = directory.new_name(manifest.created);

    Secret key(vault::key_bytes);
    if (!key.ok()) return fail(Code::unavailable, "no memory for a key");
    randombytes_buf(key.uchars(), key.size());
    const std::string path = directory.archive_path(made.name);
    backup::ArchiveWriter archive(path, vault::wrap_archive_key(*root, key), key);
    Archiving archiving(archive, progress);
    const auto system = value_or_throw(realm(system_realm));
    for (const auto& erased : erased_realms_of(*shared_->store, *system.parts_).realms)
      archiving.add(ErasedRealm{erased.account, erased.erased});
    for (const auto& name : shared_->store->realms()) {
      const auto opened = realm(name);
      if (!opened && opened.error().code == Code::not_found) continue;  // erased meanwhile
      if (!opened) return tl::make_unexpected(opened.error());
      const Realm::Parts& parts = *opened->parts_;
      RealmState state(parts, store::Access::read);
      // Later moments are reached from here by way of the journal.
      parts.write_journal_of(state);
      manifest.realms.push_back(archive_realm(state, parts.store->row(), archiving));
    }
    const auto sum = archive.finish();
    manifest.root_key_id = hexadecimal(vault::id_of(*root));
    manifest.software = software;
    manifest.archive = path.substr(path.rfind('/') + 1);
    manifest.bytes = sum.bytes;
    manifest.digest = sum.digest;
    if (!restored_from.empty()) manifest.restored_from = restored_from;
    backup::write_manifest(directory.manifest_path(made.name), manifest,
                           vault::manifest_seed(*root));
    value_or_throw(realm(system_realm))
        .parts_->note({}, {}, audit::Event::backup_created, actor, made.name);
    made.manifest = std::move(manifest);
    prune_backups();
    return info_of(made);
  });
}

void Engine::prune_backups() {
  const auto keys = manifest_keys(*shared_->root_key);
  const backup::Directory directory(shared_->configuration.backup_directory);
  (void)directory.prune(shared_->clock->now() - shared_->configuration.backup_retention, keys);
  const auto kept = directory.list(keys);
  for (const auto& name : shared_->store->realms()) {
    const auto opened = realm(name);
    if (!opened || !opened->parts_->has_journal) continue;
    const Realm::Parts& parts = *opened->parts_;
    const std::string id = to_string(parts.store->row().id);
    std::optional<std::uint64_t> needed;
    bool whole = false;  // a backup without the realm needs all of its journal
    for (const auto& backup : kept) {
      if (!backup.manifest) continue;
      const auto& realms = backup.manifest->realms;
      const auto found = std::ranges::find(realms, id, &backup::Manifest::Realm::id);
      whole |= found == realms.end();
      if (found != realms.end()) needed = std::min(needed.value_or(found->change), found->change);
    }
    if (needed && !whole) parts.journal.lock().prune(*needed + 1);
  }
  // What the oldest backup needs, and the journal from there on, was wrapped with root keys
  // that gave way after it was made.
  Time before = shared_->clock->now() - shared_->configuration.backup_retention;
  for (const auto& backup : kept) {
    if (!backup.manifest) return;
    before = std::min(before, backup.manifest->created);
  }
  (void)value_or_throw(vault::prune_old_roots(directory.path(), before));
}

Expected<std::vector<BackupInfo>> list_backups(const Configuration& given,
                                               const vault::AskSecret& ask) {
  return at_the_door([&]() -> Expected<std::vector<BackupInfo>> {
    Configuration configuration = given;
    configuration.fill_in_directories();
    const RootKey root(configuration.root_key_url, ask, configuration.backup_directory);
    std::vector<BackupInfo> infos;
    for (const auto& backup :
         backup::Directory(configuration.backup_directory).list(manifest_keys(root)))
      infos.push_back(info_of(backup));
    return infos;
  });
}

Expected<BackupInfo> verify_backup(const Configuration& given,
                                   const std::optional<std::string>& name,
                                   const WorkProgress& progress, const vault::AskSecret& ask) {
  return at_the_door([&]() -> Expected<BackupInfo> {
    Configuration configuration = given;
    configuration.fill_in_directories();
    const auto root =
        std::make_shared<RootKey>(configuration.root_key_url, ask, configuration.backup_directory);
    const backup::Directory directory(configuration.backup_directory);
    const auto backup = backup_named(directory, *root, name);
    const ScratchFile file(directory.path() + "/verifying.db", "the verification of a backup");
    const auto scratch = store::create_scratch(file.path());
    Rebuild rebuild(root, *scratch, {}, progress);
    rebuild.load(directory, backup);
    rebuild.check();
    return info_of(backup);
  });
}

}  // namespace cred::engine
