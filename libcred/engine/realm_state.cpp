#include "engine/realm_state.hpp"

#include "audit/checkpoint.hpp"
#include "base/bytes.hpp"
#include "engine/account_tree.hpp"
#include "engine/units.hpp"

#include <algorithm>
#include <cstring>
#include <sodium.h>

namespace cred::engine {
namespace {

using days = std::chrono::days;
// A checkpoint is signed when the day changes, and after so many records.
constexpr std::uint64_t records_between_checkpoints = 1000;

}  // namespace

vault::Place place_of_head(std::uint64_t number) {
  vault::Place place;
  place.field = vault::Field::head;
  place.generation = number;
  return place;
}

vault::Place place_of_body(std::uint64_t number, const Uuid& account) {
  vault::Place place;
  place.account = account;
  place.field = vault::Field::audit_body;
  place.generation = number;
  return place;
}

vault::Place place_of_entry(std::uint64_t number) {
  vault::Place place;
  place.field = vault::Field::journal;
  place.generation = number;
  return place;
}

vault::Mac mac_of(const vault::Vault& vault, const store::Tombstone& tombstone) {
  std::array<std::byte, sizeof(Uuid) + sizeof(std::int64_t)> bytes{};
  Writer w(bytes);
  w.put(tombstone.account);
  w.i64(tombstone.erased.time_since_epoch().count());
  return vault.tombstone_digest(bytes);
}

vault::Mac digest_of(const vault::Vault& vault, const Head& head) {
  return vault.anchor_digest(encode(head, Seed::without).bytes());
}

store::HeadRow sealed_head(const vault::Vault& vault, const Head& head) {
  return {head.number, vault.seal(place_of_head(head.number), encode(head, Seed::with).bytes())};
}

Head first_head(std::string_view realm, Time now) {
  Head head;
  head.number = 1;
  head.time = now;
  head.realm = realm;
  head.data_key = 1;
  head.oldest_key = 1;
  head.checkpoint_time = now;
  head.checkpoint_epoch = audit::first_epoch;
  head.seed = value_or_throw(audit::new_seed());
  head.genesis = value_or_throw(audit::public_key_of(head.seed));
  head.public_key = head.genesis;
  return head;
}

namespace {

Expected<Head> open_head(const vault::Vault& vault, const store::HeadRow& row) {
  const auto opened = vault.open(place_of_head(row.number), row.record);
  if (!opened) return tl::make_unexpected(opened.error());
  return decode_head(opened->bytes());
}

}  // namespace

RealmState::RealmState(const Realm::Parts& parts, store::Access access, Older older)
    : parts_(parts) {
  // Before the transaction begins: what it shows must be no older.
  const auto mark = parts.anchor.read();
  const std::uint64_t seen = parts.keys->seen;
  const std::string& name = parts.store->row().name;
  const auto ring = parts.keys->ring();
  vault_ = ring.vault;
  transaction_ = parts.store->begin(access);
  const auto row = transaction_->head();
  if (!row)
    throw Failure(Code::integrity, "the head of realm " + name +
                                       " is missing from the store: restore it from a backup");
  if (row->number == 0)
    throw Failure(Code::unavailable, "realm " + name +
                                         " is part of a copy that is not finished: repeat "
                                         "credctl store copy");
  auto head = open_head(*vault_, *row);
  if (!head || head->keys_version != ring.version) {
    // Somebody rotated the keys, or this is the first look.
    vault_ = parts.keys->opened(transaction_->keys());
    head = open_head(*vault_, *row);
  }
  head_ = value_or_throw(std::move(head));
  // The column that says which keys are retired is anybody's who writes to the database.
  if (vault_->newest() != head_.data_key || vault_->oldest_in_use() < head_.oldest_key)
    throw Failure(Code::integrity,
                  "the keys of realm " + name + " are not those that its head tells of");
  if (head_.number != row->number || head_.realm != name)
    throw Failure(Code::integrity, "the head of realm " + name + " is another's");
  if (older == Older::refused) parts.must_be_newest(head_, *vault_, mark, seen);
  parts.keys->offer({vault_, head_.keys_version});
}

void RealmState::must_be_in_use() const {
  const auto dated = phase_of(head_, parts_.clock->now());
  if (dated.phase != Phase::suspended && dated.phase != Phase::due) return;
  throw Failure(Code::locked,
                "realm " + head_.realm + " is suspended; credctl realm resume lets it in again");
}

std::optional<Account> RealmState::find(std::string_view name) {
  must_be_in_use();
  return find_in_any_phase(name);
}

std::optional<Account> RealmState::find_in_any_phase(std::string_view name) {
  auto row = transaction_->find(name);
  const std::uint32_t bucket = AccountTree::bucket_of(*vault_, name);
  const auto members = AccountTree(*vault_, *transaction_).check(head_.tree, bucket);
  if (!row) {
    // The tree knows ids, not names: the account may be there under another one.
    for (const auto& member : members) {
      const auto there = transaction_->find(member.account);
      if (there) must_be_named_rightly(*there);
    }
    return std::nullopt;
  }
  if (row->bucket != bucket)
    throw Failure(Code::integrity, "the row of an account was altered or moved");
  return opened(std::move(*row));
}

std::optional<hash::Verifier> RealmState::stand_in(std::string_view name) {
  auto row = transaction_->first_from(AccountTree::bucket_of(*vault_, name));
  if (!row) row = transaction_->first_from(0);
  if (!row) return std::nullopt;
  hash::Verifier verifier;
  try {
    verifier = opened(std::move(*row)).credential.verifier;
  } catch (const Failure&) {
    // Damaged: that is told to who asks for this account.
    return std::nullopt;
  }
  randombytes_buf(verifier.salt.data(), verifier.salt.size());
  randombytes_buf(verifier.tag.data(), verifier.tag.size());
  return verifier;
}

void RealmState::must_be_named_rightly(const store::AccountRow& row) const {
  if (row.bucket != AccountTree::bucket_of(*vault_, row.name))
    throw Failure(Code::integrity, "the row of account " + to_string(row.id) + " was renamed");
  (void)open_field(row, vault::Field::credential);
}

Secret RealmState::open_field(const store::AccountRow& row, vault::Field field) const {
  return value_or_throw(
      vault_->open({row.id, row.name, field, row.generation}, sealed_field(row, field)));
}

Account RealmState::opened(store::AccountRow row) const {
  const Secret record = open_field(row, vault::Field::credential);
  Account account{std::move(row), value_or_throw(decode_credential(record.bytes()))};
  account.marked_by(head_);
  return account;
}

Profile RealmState::profile(const Account& account) const {
  return value_or_throw(decode_profile(open_field(account.row, vault::Field::profile).bytes()));
}

History RealmState::history(const Account& account) const {
  return value_or_throw(decode_history(open_field(account.row, vault::Field::history).bytes()));
}

vault::Place place_of_document(std::string_view name, std::uint64_t generation) {
  vault::Place place;
  place.name = name;
  place.field = vault::Field::document;
  place.generation = generation;
  return place;
}

std::optional<Secret> RealmState::document(std::string_view name, std::uint64_t generation) {
  const auto found = transaction_->document(name);
  if (generation == 0) return std::nullopt;
  if (!found || found->generation != generation)
    throw Failure(Code::integrity, "the " + std::string(name) +
                                       " of the realm are not those that its head tells of");
  return value_or_throw(vault_->open(place_of_document(name, generation), found->sealed));
}

std::vector<std::uint64_t> erased_bodies(RealmState& state) {
  const auto document = state.document(erased_bodies_document, state.head().erased_bodies);
  return document ? decode_erased_bodies(document->bytes()) : std::vector<std::uint64_t>{};
}

void set_erased_bodies(RealmChange& change, const std::vector<std::uint64_t>& numbers) {
  std::vector<std::byte> bytes(numbers.size() * sizeof(std::uint64_t));
  Writer w(bytes);
  for (const std::uint64_t number : numbers) w.u64(number);
  change.set_document(erased_bodies_document, change.head().erased_bodies, bytes);
}

std::vector<std::uint64_t> decode_erased_bodies(std::span<const std::byte> bytes) {
  std::vector<std::uint64_t> numbers;
  Reader r(bytes);
  while (r.ok() && r.left() > 0) numbers.push_back(r.u64());
  if (!r.finished()) throw Failure(Code::integrity, "the list of erased bodies is malformed");
  return numbers;
}

RealmChange::RealmChange(const Realm::Parts& parts, store::Access access, Journal journal)
    : RealmState(parts, access), journal_(journal), synced_(access == store::Access::write) {}

RealmChange::RealmChange(const Realm::Parts& parts, Older older)
    : RealmState(parts, store::Access::write, older) {}

void RealmChange::begin_run(std::uint64_t known, std::uint64_t stood_at) {
  // One is left out: by the gap a reader of the journal sees that a run begins.
  head_.number = std::max(known, stood_at) + 1;
  new_run_ = true;
  items_.emplace_back(RunBegins{stood_at});
}

void RealmChange::set_document(const std::string& name, std::uint64_t& generation,
                               std::span<const std::byte> plaintext) {
  ++generation;
  store::Document document{generation,
                           vault_->seal(place_of_document(name, generation), plaintext)};
  transaction_->set_document(name, document);
  items_.emplace_back(NamedDocument{name, std::move(document)});
}

// What was sealed before the change began may have another key than the newest.
bool RealmChange::insert(store::AccountRow row) {
  row = resealed(*vault_, row, Sealer::this_call);
  AccountTree tree(*vault_, *transaction_);
  row.bucket = AccountTree::bucket_of(*vault_, row.name);
  tree.check(head_.tree, row.bucket);
  if (!transaction_->insert(row)) return false;
  head_.tree = tree.update(row.bucket);
  ++head_.accounts;
  items_.emplace_back(std::move(row));
  return true;
}

bool RealmChange::replace(store::AccountRow next, store::Generation expected) {
  next = resealed(*vault_, next, Sealer::this_call);
  AccountTree tree(*vault_, *transaction_);
  next.bucket = AccountTree::bucket_of(*vault_, next.name);
  tree.check(head_.tree, next.bucket);
  if (!transaction_->replace(next, expected)) return false;
  head_.tree = tree.update(next.bucket);
  items_.emplace_back(std::move(next));
  return true;
}

void RealmChange::remove(const Account& account) {
  AccountTree tree(*vault_, *transaction_);
  tree.check(head_.tree, account.row.bucket);
  if (!transaction_->remove(account.row.id))
    throw Failure(Code::conflict, "the account was changed meanwhile; nothing was changed here");
  head_.tree = tree.update(account.row.bucket);
  --head_.accounts;
  const auto name = vault_->subject(account.row.name);
  for (const auto& counter : transaction_->sources_of(name))
    transaction_->remove_attempts(counter.subject);
  transaction_->remove_attempts(name);

  items_.emplace_back(RemovedAccount{account.row.id});
  bury(account.row.id);
}

void RealmChange::bury(const Uuid& id) {
  store::Tombstone tombstone{id, parts_.clock->now(), {}};
  const auto mac = mac_of(*vault_, tombstone);
  tombstone.mac.assign(mac.begin(), mac.end());
  transaction_->add_tombstone(tombstone);
  ++head_.tombstones;
  for (std::size_t i = 0; i < mac.size(); ++i) head_.tombstones_digest[i] ^= mac[i];
  items_.emplace_back(std::move(tombstone));
}

void RealmChange::put_key(const store::KeyRow& key) {
  transaction_->put_key(key);
  head_.data_key = std::max(head_.data_key, key.number);
  if (key.retired) head_.oldest_key = std::max(head_.oldest_key, key.number + 1);
  ++head_.keys_version;
  items_.emplace_back(key);
}

void RealmChange::remove_key(std::uint32_t number) {
  transaction_->remove_key(number);
  ++head_.keys_version;
  items_.emplace_back(RemovedKey{number});
}

void RealmChange::check_point() {
  const Time now = parts_.clock->now();
  const std::uint64_t records = head_.audit_number - head_.checkpoint_number;
  const bool another_day =
      std::chrono::floor<days>(now) != std::chrono::floor<days>(head_.checkpoint_time);
  if (records == 0 || (records < records_between_checkpoints && !another_day)) return;
  auto made = value_or_throw(audit::sign(parts_.store->row().id, head_.audit_number,
                                         head_.audit_mac, now, head_.checkpoint_epoch, head_.seed));
  store::CheckpointRow row{head_.audit_number, audit::encode(made.checkpoint)};
  transaction_->append_checkpoint(row);
  items_.emplace_back(std::move(row));
  head_.checkpoint_number = head_.audit_number;
  head_.checkpoint_time = now;
  ++head_.checkpoint_epoch;
  head_.public_key = made.checkpoint.next_public_key;
  head_.seed = std::move(made.next_seed);
}

namespace {

// Others than root act by a right, which the trail names.
std::string detail_of(const Noted& noted) {
  if (noted.actor.right.empty()) return noted.detail;
  const std::string by = "(as " + noted.actor.right + ")";
  return noted.detail.empty() ? by : noted.detail + " " + by;
}

}  // namespace

store::AuditRow next_record(const vault::Vault& vault, Head& head, const Noted& noted, Time now) {
  store::AuditRow row;
  row.number = head.audit_number + 1;
  row.account = noted.account;
  audit::Record record{now, noted.event, noted.outcome, noted.account, noted.actor.uid, {}};
  const Actor& actor = noted.actor;
  const auto body = audit::encode(
      audit::Body{actor.name, actor.source, actor.service, actor.tty, detail_of(noted)});
  record.body_digest = audit::digest(body);
  row.body = vault.seal(place_of_body(row.number, row.account), body);
  row.record = audit::encode(record);
  const auto previous = std::span<const std::byte>(head.audit_mac)
                            .first(head.audit_number == 0 ? 0 : head.audit_mac.size());
  head.audit_mac = vault.audit_mac(audit::chained(row.number, previous, row.record));
  head.audit_number = row.number;
  row.mac.assign(head.audit_mac.begin(), head.audit_mac.end());
  return row;
}

void RealmChange::note(const Noted& noted, bool tell) {
  check_point();
  const Actor& actor = noted.actor;
  auto row = next_record(*vault_, head_, noted, parts_.clock->now());
  transaction_->append_audit(row);
  items_.emplace_back(std::move(row));

  if (!tell) return;
  auto event = parts_.event(audit::word(noted.event), noted.outcome, noted.name);
  event.actor = actor.name;
  event.source = actor.source;
  event.service = actor.service;
  event.tty = actor.tty;
  event.detail = detail_of(noted);
  told_.push_back(std::move(event));
}

void RealmChange::commit() {
  ++head_.number;
  if (head_.oldest_key == 0) head_.oldest_key = vault_->oldest_in_use();
  head_.time = std::max(head_.time, parts_.clock->now());
  // A key that was put or taken here is not in this vault; the one before still opens.
  transaction_->set_head(sealed_head(*vault_, head_));
  const Secret copy = encode(head_, Seed::without);
  items_.emplace_back(HeadCopy{{copy.bytes().begin(), copy.bytes().end()}});
  if (parts_.has_journal) {
    transaction_->add_outbox(
        {head_.number, head_.time, vault_->seal(place_of_entry(head_.number), encode(items_))});
    transaction_->clear_outbox(new_run_ ? head_.number - 1 : parts_.keys->journaled.load());
  }
  transaction_->commit();
  const auto digest = digest_of(*vault_, head_);
  raise(parts_.keys->seen, head_.number);
  transaction_.reset();
  if (new_run_) parts_.anchor.force({head_.number, digest});
  if (journal_ == Journal::at_once)
    parts_.write_journal({head_.number, digest});
  else if (synced_)
    parts_.advance_anchor({head_.number, digest});
  for (const auto& event : told_) parts_.tell(event);
}

}  // namespace cred::engine
