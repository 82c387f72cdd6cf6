// Data keys that rotate: a new one seals from now on, then everything that the ones before
// it sealed is sealed anew, a few records at a time, while logins and changes go on. When
// nothing is left they are retired: they open backups and the journal and nothing else.

#include "base/bytes.hpp"
#include "engine/grant_list.hpp"
#include "engine/realm_state.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

constexpr std::size_t page = 256;

// What a value sealed with the newest key begins with.
store::Blob prefix_of(const vault::Vault& vault) {
  store::Blob prefix(1 + sizeof(vault::KeyId));
  Writer w(prefix);
  w.u8(vault::sealed_format);
  w.u64(vault.newest_id());
  return prefix;
}

// Data keys that still open records, the newest last.
std::vector<store::KeyRow> in_use(const std::vector<store::KeyRow>& keys) {
  std::vector<store::KeyRow> used;
  for (const auto& key : keys)
    if (key.number > 0 && !key.retired) used.push_back(key);
  return used;
}

class Resealing {
 public:
  Resealing(const Realm::Parts& parts, std::uint64_t total, const WorkProgress& progress)
      : parts_(parts),
        vault_(parts.vault()),
        prefix_(prefix_of(*vault_)),
        total_(total),
        progress_(progress) {}

  // Values of other keys that were found. Whoever changes one meanwhile seals it with the
  // newest key, too.
  std::uint64_t run() {
    accounts();
    counters();
    bodies();
    return done_;
  }

 private:
  void accounts() {
    for (std::string after;;) {
      std::vector<store::AccountRow> rows;
      {
        RealmState state(parts_, store::Access::read);
        rows = state.transaction().list_sealed_by_others(prefix_, after, page);
      }
      if (rows.empty()) return;
      after = rows.back().name;
      std::vector<store::AccountRow> anew;
      for (const auto& row : rows) anew.push_back(resealed(*vault_, row, Sealer::unknown));
      const auto transaction = parts_.store->begin(store::Access::write);
      for (std::size_t i = 0; i < rows.size(); ++i) (void)transaction->reseal(rows[i], anew[i]);
      transaction->commit();
      tell(rows.size());
    }
  }

  void counters() {
    for (store::Subject after{};;) {
      const auto found = parts_.store->begin(store::Access::read)->sealed_counters(after, page);
      if (found.empty()) break;
      after = found.back().subject;
      const auto transaction = parts_.store->begin(store::Access::write);
      std::size_t anew = 0;
      for (const auto& counter : found) {
        if (counter.label.empty() || vault_->sealed_by_newest(counter.label)) continue;
        auto next = counter;
        const auto place = place_of_label(counter.subject);
        next.label =
            vault_->seal(place, value_or_throw(vault_->open_kept(place, counter.label)).bytes());
        (void)transaction->reseal(counter, next);
        ++anew;
      }
      transaction->commit();
      tell(anew);
    }
    // A counter does not know whose last login it holds: accounts do.
    for (std::string after;;) {
      const auto rows = parts_.store->begin(store::Access::read)->list(after, page);
      if (rows.empty()) return;
      after = rows.back().name;
      const auto transaction = parts_.store->begin(store::Access::write);
      std::size_t anew = 0;
      for (const auto& row : rows) {
        const auto subject = vault_->subject(row.name);
        const auto attempts = transaction->attempts(subject);
        if (attempts.last_login.empty() || vault_->sealed_by_newest(attempts.last_login)) continue;
        const auto place = place_of_login(row.id);
        store::SealedCounter before{subject, attempts.label, attempts.last_login};
        auto next = before;
        next.last_login = vault_->seal(
            place, value_or_throw(vault_->open_kept(place, attempts.last_login)).bytes());
        (void)transaction->reseal(before, next);
        ++anew;
      }
      transaction->commit();
      tell(anew);
    }
  }

  void bodies() {
    for (std::uint64_t after = 0;;) {
      const auto rows =
          parts_.store->begin(store::Access::read)->bodies_sealed_by_others(prefix_, after, page);
      if (rows.empty()) return;
      after = rows.back().number;
      const auto transaction = parts_.store->begin(store::Access::write);
      for (const auto& row : rows) {
        const auto place = place_of_body(row.number, row.account);
        const Secret opened = value_or_throw(vault_->open(place, row.body));
        transaction->set_audit_body(row.number, vault_->seal(place, opened.bytes()));
      }
      transaction->commit();
      tell(rows.size());
    }
  }

  void tell(std::size_t records) {
    done_ += records;
    if (progress_) progress_("Sealing anew", std::min(done_, total_), total_);
  }

  const Realm::Parts& parts_;
  const std::shared_ptr<const vault::Vault> vault_;
  const store::Blob prefix_;
  const std::uint64_t total_;
  const WorkProgress& progress_;
  std::uint64_t done_ = 0;
};

std::uint64_t sealed_by_others(const std::vector<store::KeyUse>& uses, vault::KeyId newest) {
  std::uint64_t count = 0;
  for (const auto& use : uses)
    if (use.key != newest) count += use.values;
  return count;
}

// The documents are sealed anew by a change, which the head tells of.
void reseal_documents(RealmChange& change) {
  const auto one = [&](const char* name, std::uint64_t& generation) {
    const auto document = change.document(name, generation);
    if (document) change.set_document(name, generation, document->bytes());
  };
  one(erased_bodies_document, change.head().erased_bodies);
  if (change.head().grants != 0) set_grants(change, grants_of(change));
}

}  // namespace

store::AccountRow resealed(const vault::Vault& vault, const store::AccountRow& row, Sealer sealer) {
  auto next = row;
  const auto one = [&](vault::Field field, store::Blob& sealed) {
    if (vault.sealed_by_newest(sealed)) return;
    const vault::Place place{row.id, row.name, field, row.generation};
    auto opened =
        sealer == Sealer::this_call ? vault.open_kept(place, sealed) : vault.open(place, sealed);
    sealed = vault.seal(place, value_or_throw(std::move(opened)).bytes());
  };
  one(vault::Field::credential, next.credential);
  one(vault::Field::profile, next.profile);
  one(vault::Field::history, next.history);
  return next;
}

Expected<Rotation> Realm::rotate_data_key(const Actor& actor, const WorkProgress& progress,
                                          Begin begin) {
  return at_the_door([&]() -> Expected<Rotation> {
    Rotation rotation;
    {
      RealmChange change(*parts_);
      const auto keys = in_use(change.transaction().keys());
      if (keys.empty()) return fail(Code::integrity, "the realm has no data key");
      rotation.continued = keys.size() > 1;
      if (!rotation.continued && begin == Begin::only_left) return rotation;
      if (!rotation.continued) {
        const auto root =
            parts_->keys->root().matching(value_or_throw(vault::key_id_of(keys.back().wrapped)));
        const std::uint32_t number = change.head().data_key + 1;
        const auto made = vault::create_data_key(*root, parts_->store->row().id, number);
        change.put_key({number, made.wrapped, parts_->clock->now(), std::nullopt});
        change.note({.event = audit::Event::data_key_rotated,
                     .actor = actor,
                     .detail = "data key " + std::to_string(number)});
        change.commit();
      }
    }
    // From here on every state has the new key.
    std::uint64_t total = 0;
    {
      RealmState state(*parts_, store::Access::read);
      total = sealed_by_others(state.transaction().key_uses(), state.vault().newest_id());
    }
    rotation.resealed = Resealing(*parts_, total, progress).run();
    RealmChange change(*parts_);
    reseal_documents(change);
    if (sealed_by_others(change.transaction().key_uses(), change.vault().newest_id()) > 0)
      return fail(Code::conflict, "others sealed values with the old key meanwhile; repeat it");
    std::string retired;
    for (auto key : in_use(change.transaction().keys())) {
      if (key.number == change.head().data_key) continue;
      key.retired = parts_->clock->now();
      change.put_key(key);
      retired += (retired.empty() ? "data key " : ", ") + std::to_string(key.number);
    }
    change.note({.event = audit::Event::data_key_retired, .actor = actor, .detail = retired});
    change.commit();
    return rotation;
  });
}

Expected<std::size_t> Realm::destroy_retired_keys(Time before, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::size_t> {
    std::size_t destroyed = 0;
    RealmChange change(*parts_);
    for (const auto& key : change.transaction().keys()) {
      if (!key.retired || *key.retired >= before) continue;
      change.remove_key(key.number);
      change.note({.event = audit::Event::key_destroyed,
                   .actor = actor,
                   .detail = "data key " + std::to_string(key.number)});
      ++destroyed;
    }
    if (destroyed == 0) return destroyed;
    change.commit();
    parts_->store->scrub();
    return destroyed;
  });
}

Expected<std::vector<KeyStatus>> Realm::key_status() {
  return at_the_door([&]() -> Expected<std::vector<KeyStatus>> {
    RealmState state(*parts_, store::Access::read);
    std::vector<KeyStatus> keys;
    for (const auto& row : state.transaction().keys()) {
      if (row.number == 0) continue;
      KeyStatus key;
      key.number = row.number;
      key.made = row.made;
      key.retired = row.retired;
      key.seals = row.number == state.head().data_key;
      for (const auto& use : state.transaction().key_uses())
        if (state.vault().number_of(use.key) == row.number) {
          key.id = use.key;
          key.values = use.values;
        }
      if (key.seals) key.id = state.vault().newest_id();
      keys.push_back(key);
    }
    return keys;
  });
}

}  // namespace cred::engine
