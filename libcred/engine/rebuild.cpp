#include "engine/rebuild.hpp"

#include "backup/archive.hpp"
#include "base/hexadecimal.hpp"
#include "engine/account_tree.hpp"
#include "engine/record_opener.hpp"
#include "engine/realm_state.hpp"
#include "engine/store_check.hpp"
#include "engine/trail_check.hpp"
#include "journal/journal.hpp"

#include <algorithm>
#include <tuple>

namespace cred::engine {
namespace {

constexpr std::uint64_t records_between_reports = 4096;

[[noreturn]] void damaged(const std::string& what) { throw Failure(Code::integrity, what); }

// What the journal of a realm has, as far as it matters which state follows on which: numbers
// that follow on one another, and which state the first of them continues from.
struct Run {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t after = 0;
};

// One realm's rows are put into a scratch store.
class Filling {
 public:
  Filling(Rebuilt& realm, store::Store& scratch, RootKey& root)
      : realm_(realm),
        root_(root),
        store_(scratch.realm(realm.row.name)),
        transaction_(store_->begin(store::Access::write)) {}
  store::Transaction& transaction() { return *transaction_; }
  void commit() { transaction_->commit(); }

  // True: the keys are others than before.
  bool apply(const Item& item) {
    return std::visit([this](const auto& row) { return put(row); }, item);
  }

 private:
  bool put(const store::RealmRow&) { return false; }
  bool put(const RunBegins&) { return false; }
  bool put(const AddedRealm&) { return false; }
  bool put(const ErasedRealm&) { return false; }
  bool put(const HeadCopy& copy) {
    realm_.head = value_or_throw(decode_head(copy.record));
    return false;
  }
  bool put(const store::KeyRow& key) {
    std::erase_if(realm_.keys, [&](const auto& known) { return known.number == key.number; });
    realm_.keys.push_back(root_.under_this(key, realm_.row.id));
    transaction_->put_key(realm_.keys.back());
    return true;
  }
  bool put(const RemovedKey& key) {
    // It opens what was sealed before, and is not in the store any more.
    transaction_->remove_key(key.number);
    return false;
  }
  bool put(const store::AccountRow& row) {
    (void)transaction_->remove(row.id);
    realm_.erased.erase(row.id);
    if (!transaction_->insert(row))
      damaged("two accounts of realm " + realm_.row.name + " have the same name");
    return false;
  }
  bool put(const ErasedRow& row) {
    remove(row.member.account);
    realm_.erased[row.member.account] = row.member;
    return false;
  }
  bool put(const RemovedAccount& removed) {
    remove(removed.account);
    realm_.erased.erase(removed.account);
    return false;
  }
  bool put(const store::AuditRow& row) {
    transaction_->append_audit(row);
    return false;
  }
  bool put(const RemovedBodies& removed) {
    for (const std::uint64_t number : removed.numbers) transaction_->set_audit_body(number, {});
    return false;
  }
  bool put(const PrunedTrail& pruned) {
    transaction_->prune_audit(pruned.up_to);
    return false;
  }
  bool put(const store::CheckpointRow& row) {
    transaction_->append_checkpoint(row);
    return false;
  }
  bool put(const NamedDocument& named) {
    transaction_->set_document(named.name, named.document);
    return false;
  }
  bool put(const store::Tombstone& tombstone) {
    transaction_->add_tombstone(tombstone);
    return false;
  }
  bool put(const store::Counter& counter) {
    transaction_->set_attempts(counter.subject, counter.attempts);
    return false;
  }

  void remove(const Uuid& account) {
    const auto row = transaction_->find(account);
    if (!row) return;
    const auto name = realm_.vault->subject(row->name);
    for (const auto& counter : transaction_->sources_of(name))
      transaction_->remove_attempts(counter.subject);
    transaction_->remove_attempts(name);
    (void)transaction_->remove(account);
  }

  Rebuilt& realm_;
  RootKey& root_;
  std::unique_ptr<store::RealmStore> store_;
  std::unique_ptr<store::Transaction> transaction_;
};

std::string named(const Rebuilt& realm) { return "realm " + realm.row.name; }

}  // namespace

Rebuild::Rebuild(std::shared_ptr<RootKey> root, store::Store& scratch, Terms terms,
                 WorkProgress progress)
    : root_(std::move(root)),
      scratch_(scratch),
      terms_(std::move(terms)),
      progress_(std::move(progress)) {}

void Rebuild::open_keys(Rebuilt& realm) {
  // A row that is known apart from the backup may be wrapped with a newer root key.
  std::map<std::uint32_t, store::KeyRow> keys;
  for (const auto& key : realm.keys) keys[key.number] = key;
  const auto known = terms_.known_keys.find(realm.row.id);
  if (known != terms_.known_keys.end())
    for (const auto& key : known->second) keys[key.number] = key;
  std::vector<store::KeyRow> all;
  for (const auto& [number, key] : keys) all.push_back(root_->under_this(key, realm.row.id));
  if (all.empty()) damaged("the keys of " + named(realm) + " are missing");
  realm.vault = std::make_shared<const vault::Vault>(
      value_or_throw(vault::Vault::open(*root_->get(), realm.row.id, wrapped_keys(all))));
}

void Rebuild::begin_realm(const store::RealmRow& row, std::vector<store::KeyRow> keys,
                          const HeadCopy& head) {
  Rebuilt realm;
  realm.row = row;
  for (auto& key : keys) realm.keys.push_back(root_->under_this(std::move(key), row.id));
  open_keys(realm);
  realm.head = value_or_throw(decode_head(head.record));
  if (!scratch_.add_realm(row, realm.keys, {realm.head.number, head.record}))
    damaged("two realms have the name " + row.name);
  realms_.insert_or_assign(row.id, std::move(realm));
}

void Rebuild::load(const backup::Directory& directory, const backup::Backup& backup) {
  if (!backup.manifest) throw Failure(backup.manifest.error());
  const backup::Manifest& manifest = *backup.manifest;
  std::map<std::string, const backup::Manifest::Realm*> expected;
  std::uint64_t total = 0;
  for (const auto& realm : manifest.realms) {
    expected[realm.id] = &realm;
    total += realm.accounts + realm.audit_records;
  }
  backup::ArchiveReader archive(directory.archive_path(backup.name));
  const auto wrapped_by = value_or_throw(vault::key_id_of(archive.wrapped_key()));
  archive.begin(
      value_or_throw(vault::unwrap_archive_key(*root_->kept(wrapped_by), archive.wrapped_key())));

  RecordOpener opener;
  std::unique_ptr<Filling> filling;
  Rebuilt* realm = nullptr;
  bool skipping = false;
  std::uint64_t done = 0;
  store::RealmRow row;
  std::vector<store::KeyRow> keys;
  const auto close = [&] {
    if (filling) filling->commit();
    filling.reset();
  };
  while (const auto bytes = archive.next()) {
    Item item = value_or_throw(decode_item(*bytes));
    if (++done % records_between_reports == 0) report("Reading the backup", done, total);
    if (const auto* erased = std::get_if<ErasedRealm>(&item)) {
      erased_[erased->realm] = {erased->realm, erased->erased, {}};
      continue;
    }
    if (const auto* begun = std::get_if<store::RealmRow>(&item)) {
      close();
      row = *begun;
      keys.clear();
      realm = nullptr;
      skipping = terms_.erased_realms.contains(row.id);
      continue;
    }
    if (skipping) continue;
    if (realm == nullptr) {
      if (auto* key = std::get_if<store::KeyRow>(&item)) {
        keys.push_back(std::move(*key));
        continue;
      }
      const auto* head = std::get_if<HeadCopy>(&item);
      const auto told = expected.find(to_string(row.id));
      if (head == nullptr || told == expected.end())
        damaged("the archive of backup " + backup.name + " is not what its manifest tells of");
      begin_realm(row, std::exchange(keys, {}), *head);
      realm = &realms_.at(row.id);
      const auto& manifested = *told->second;
      if (manifested.change != realm->head.number || manifested.accounts != realm->head.accounts ||
          manifested.erased != realm->head.tombstones ||
          manifested.last_number != realm->head.audit_number ||
          manifested.audit_records != realm->head.audit_number - realm->head.audit_pruned ||
          manifested.digest != hexadecimal(digest_of(*realm->vault, realm->head)))
        damaged("realm " + row.name + " in the archive of backup " + backup.name +
                " is not the one that its manifest tells of");
      filling = std::make_unique<Filling>(*realm, scratch_, *root_);
      continue;
    }
    if (!terms_.counters && std::holds_alternative<store::Counter>(item)) continue;
    if (auto* account = std::get_if<store::AccountRow>(&item)) {
      // Nothing of it is there yet.
      if (!filling->transaction().insert(*account))
        damaged("two accounts of " + named(*realm) + " have the same name");
      opener.open(realm->vault, std::move(*account));
      continue;
    }
    filling->apply(item);
  }
  close();
  opener.finish();
  if (archive.sum().digest != manifest.digest)
    damaged("the archive of backup " + backup.name + " has another digest than its manifest says");
  for (const auto& told : manifest.realms) {
    const auto same = [&](const auto& there) { return to_string(there.first) == told.id; };
    if (std::ranges::none_of(realms_, same) &&
        std::ranges::none_of(terms_.erased_realms,
                             [&](const Uuid& id) { return to_string(id) == told.id; }))
      damaged("realm " + told.name + " is missing from the archive of backup " + backup.name);
  }
}

void Rebuild::replay(Time at) {
  added_.clear();
  for (auto& [id, realm] : realms_)
    if (realm.row.name == system_realm) replay(realm, at);
  for (const auto& added : added_) {
    if (realms_.contains(added.row.id) || erased_.contains(added.row.id) ||
        terms_.erased_realms.contains(added.row.id))
      continue;
    begin_realm(added.row, added.keys, added.head);
  }
  for (const auto& [id, tombstone] : erased_) {
    if (!realms_.contains(id)) continue;
    (void)scratch_.erase_realm(id, tombstone.erased);
    realms_.erase(id);
  }
  for (auto& [id, realm] : realms_)
    if (realm.row.name != system_realm) replay(realm, at);
  for (const auto& [id, tombstone] : erased_) scratch_.add_erased_realm(id, tombstone.erased);
}

namespace {

std::vector<Item> items_of(Rebuilt& realm, const journal::Entry& entry) {
  const auto opened = realm.vault->open_kept(place_of_entry(entry.number), entry.bytes);
  if (!opened)
    damaged("change " + std::to_string(entry.number) + " in the journal of " + named(realm) +
            " does not open: " + opened.error().message);
  return value_or_throw(decode_items(opened->bytes()));
}

// From the state `from`, the numbers that lead to the last entry of `runs`, whose first
// follows on it.
std::vector<Run> way_through(const std::vector<Run>& runs, std::uint64_t from,
                             const std::string& realm) {
  const auto no_way = [&](const std::string& why) {
    return Failure(Code::conflict, "the journal of " + realm + " does not lead from change " +
                                       std::to_string(from) + " there: " + why);
  };
  std::vector<Run> way;
  std::size_t i = runs.size() - 1;
  Run run = runs[i];
  while (i > 0) {
    way.insert(way.begin(), run);
    const std::uint64_t after = run.after;
    if (after == 0)
      throw no_way("the changes before " + std::to_string(run.first) +
                   " are not in it, or a backup was restored then: take a later backup");
    if (after < from)
      throw no_way("it continued from change " + std::to_string(after) +
                   " later: take an earlier backup");
    while (i > 0 && runs[i].first > after) --i;
    run = runs[i];
    if (after > run.last) throw no_way("change " + std::to_string(after) + " is missing from it");
    run.last = after;
  }
  way.insert(way.begin(), run);
  return way;
}

}  // namespace

void Rebuild::replay(Rebuilt& realm, Time at) {
  const journal::Journal journal(terms_.journals + "/" + to_string(realm.row.id), realm.row.id);
  const std::uint64_t from = realm.head.number;
  const auto read = [&](const std::function<bool(const journal::Entry&)>& visit) {
    try {
      journal.read(from,
                   [&](const journal::Entry& entry) { return entry.time <= at && visit(entry); });
    } catch (const Failure& failure) {
      if (!terms_.accept_damage || failure.error().code != Code::integrity) throw;
    }
  };

  // First which entries: those that a rollback undid are no part of the way.
  std::vector<Run> runs{{from + 1, from, from}};
  const auto keys = realm.keys;
  const bool all_keys_known = terms_.known_keys.contains(realm.row.id);
  std::uint64_t entries = 0;
  read([&](const journal::Entry& entry) {
    ++entries;
    const bool follows = entry.number == runs.back().last + 1;
    if (!follows) runs.push_back({entry.number, entry.number, 0});
    runs.back().last = entry.number;
    if (follows && all_keys_known) return true;
    const auto items = items_of(realm, entry);
    const auto* begins = items.empty() ? nullptr : std::get_if<RunBegins>(items.data());
    if (!follows && begins != nullptr) runs.back().after = begins->after;
    // Later ones are sealed with keys that this one may bring.
    bool fresh = false;
    for (const Item& item : items)
      if (const auto* key = std::get_if<store::KeyRow>(&item)) {
        realm.keys.push_back(*key);
        fresh = true;
      }
    if (fresh) open_keys(realm);
    return true;
  });
  realm.keys = keys;
  const auto way = way_through(runs, from, named(realm));

  Filling filling(realm, scratch_, *root_);
  RecordOpener opener;
  std::uint64_t done = 0;
  auto run = way.begin();
  read([&](const journal::Entry& entry) {
    while (run != way.end() && entry.number > run->last) ++run;
    if (run == way.end()) return false;
    if (entry.number < run->first) return true;
    const auto items = items_of(realm, entry);
    for (const Item& item : items) {
      if (const auto* added = std::get_if<AddedRealm>(&item)) added_.push_back(*added);
      if (const auto* erased = std::get_if<ErasedRealm>(&item))
        erased_[erased->realm] = {erased->realm, erased->erased, {}};
      if (filling.apply(item)) open_keys(realm);
      if (const auto* row = std::get_if<store::AccountRow>(&item)) opener.open(realm.vault, *row);
    }
    if (realm.head.number != entry.number || realm.head.realm != realm.row.name)
      damaged("change " + std::to_string(entry.number) + " in the journal of " + named(realm) +
              " is another one than it says");
    ++realm.changes;
    if (++done % records_between_reports == 0) report("Applying the journal", done, entries);
    return true;
  });
  opener.finish();
  filling.commit();
}

void Rebuild::check() {
  for (auto& [id, realm] : realms_) {
    const auto store = scratch_.realm(realm.row.name);
    const auto transaction = store->begin(store::Access::read);
    std::vector<store::Member> erased;
    for (const auto& [account, member] : realm.erased) erased.push_back(member);
    std::ranges::sort(erased, {}, [](const auto& m) { return std::tie(m.bucket, m.account); });
    const auto whole = AccountTree(*realm.vault, *transaction).whole(erased);
    if (whole.root != realm.head.tree || whole.accounts != realm.head.accounts)
      damaged("the accounts of " + named(realm) + " are not those that change " +
              std::to_string(realm.head.number) + " tells of");
    (void)checked_tombstones(*transaction, *realm.vault, realm.head);
    const std::uint64_t records = realm.head.audit_number - realm.head.audit_pruned;
    const auto trail = check_trail(*transaction, *realm.vault, realm.head, id, {{}, true, true},
                                   [&](std::uint64_t n) {
                                     if (n % records_between_reports == 0)
                                       report("Checking the trail", n, records);
                                   });
    if (trail.first_bad)
      damaged("record " + std::to_string(*trail.first_bad) + " of the trail of " + named(realm) +
              ": " + trail.why);
  }
}

}  // namespace cred::engine
