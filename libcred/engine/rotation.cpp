// Data keys that rotate: a new one seals from now on, then everything that the ones before
// it sealed is sealed anew, a few records at a time, while logins and changes go on. When
// nothing is left they are retired: they open backups and the journal and nothing else.

#include "engine/grant_list.hpp"
#include "engine/realm_state.hpp"
#include "engine/reseal.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <utility>

namespace cred::engine {
namespace {

constexpr std::size_t page = 256;
// To seal what others sealed with the old key while everything was sealed with the new one.
constexpr int most_tries = 16;

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

  void counters() {
    labels();
    logins();
  }

  // Last logins of accounts that are gone, which a restore leaves: nobody can read one.
  void forget_logins_of_none() {
    std::map<store::Subject, store::SealedCounter> left;
    for (store::Subject after{};;) {
      const auto found = parts_.store->begin(store::Access::read)->sealed_counters(after, page);
      if (found.empty()) break;
      after = found.back().subject;
      for (const auto& counter : found)
        if (!counter.last_login.empty() && !vault_->sealed_by_newest(counter.last_login))
          left.emplace(counter.subject, counter);
    }
    if (left.empty()) return;
    for (std::string after;;) {
      const auto rows = parts_.store->begin(store::Access::read)->list(after, page);
      if (rows.empty()) break;
      after = rows.back().name;
      for (const auto& row : rows) left.erase(vault_->subject(row.name));
    }
    const auto transaction = parts_.store->begin(store::Access::write);
    for (const auto& [subject, counter] : left) {
      // Whoever has the name since then may have logged in.
      auto next = counter;
      next.last_login.clear();
      (void)transaction->reseal(counter, next);
    }
    transaction->commit();
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

  void labels() {
    for (store::Subject after{};;) {
      const auto found = parts_.store->begin(store::Access::read)->sealed_counters(after, page);
      if (found.empty()) return;
      after = found.back().subject;
      Exchanges anew;
      for (const auto& counter : found) {
        if (counter.label.empty() || vault_->sealed_by_newest(counter.label)) continue;
        auto next = counter;
        next.label = sealed_anew(place_of_label(counter.subject), counter.label);
        anew.emplace_back(counter, std::move(next));
      }
      put(anew);
    }
  }

  // A counter does not know whose last login it holds: accounts do.
  void logins() {
    for (std::string after;;) {
      Exchanges anew;
      {
        const auto transaction = parts_.store->begin(store::Access::read);
        const auto rows = transaction->list(after, page);
        if (rows.empty()) return;
        after = rows.back().name;
        for (const auto& row : rows) {
          const auto subject = vault_->subject(row.name);
          const auto attempts = transaction->attempts(subject);
          if (attempts.last_login.empty() || vault_->sealed_by_newest(attempts.last_login))
            continue;
          store::SealedCounter before{subject, attempts.label, attempts.last_login};
          auto next = before;
          next.last_login = sealed_anew(place_of_login(row.id), attempts.last_login);
          anew.emplace_back(std::move(before), std::move(next));
        }
      }
      put(anew);
    }
  }

  using Exchanges = std::vector<std::pair<store::SealedCounter, store::SealedCounter>>;

  store::Blob sealed_anew(const vault::Place& place, const store::Blob& sealed) const {
    return vault_->seal(place, value_or_throw(vault_->open_kept(place, sealed)).bytes());
  }

  // Whoever was faster has a newer value.
  void put(const Exchanges& anew) {
    if (anew.empty()) return;
    const auto transaction = parts_.store->begin(store::Access::write);
    for (const auto& [before, after] : anew) (void)transaction->reseal(before, after);
    transaction->commit();
    tell(anew.size());
  }

  void bodies() {
    for (std::uint64_t after = 0;;) {
      auto rows =
          parts_.store->begin(store::Access::read)->bodies_sealed_by_others(prefix_, after, page);
      if (rows.empty()) return;
      after = rows.back().number;
      for (auto& row : rows) {
        const auto place = place_of_body(row.number, row.account);
        row.body = vault_->seal(place, value_or_throw(vault_->open(place, row.body)).bytes());
      }
      // One that was erased meanwhile is not put back.
      const auto transaction = parts_.store->begin(store::Access::write);
      for (const auto& row : rows) transaction->set_audit_body(row.number, row.body);
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
    if (use.key != newest) count += use.values();
  return count;
}

// Documents are left to the change.
bool left_by_others(const std::vector<store::KeyUse>& uses, vault::KeyId newest) {
  return std::ranges::any_of(uses, [&](const store::KeyUse& use) {
    return use.key != newest && use.values() > use.documents;
  });
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
  return with_fields(row, [&](const vault::Place& place, store::Blob& sealed) {
    if (vault.sealed_by_newest(sealed)) return;
    auto opened =
        sealer == Sealer::this_call ? vault.open_kept(place, sealed) : vault.open(place, sealed);
    sealed = vault.seal(place, value_or_throw(std::move(opened)).bytes());
  });
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
    for (int i = 0; !finish_rotation(actor, progress, rotation); ++i)
      if (i == most_tries)
        return fail(Code::conflict, "others sealed values with the old key meanwhile; repeat it");
    return rotation;
  });
}

bool Realm::finish_rotation(const Actor& actor, const WorkProgress& progress, Rotation& rotation) {
  std::uint64_t total = 0;
  std::uint32_t newest = 0;
  {
    RealmState state(*parts_, store::Access::read);
    total = sealed_by_others(state.transaction().key_uses(), state.vault().newest_id());
    newest = state.head().data_key;
  }
  Resealing resealing(*parts_, total, progress);
  try {
    rotation.resealed += resealing.run();
  } catch (const Failure&) {
    // What the next rotation sealed meanwhile does not open with the keys of this one.
    if (RealmState(*parts_, store::Access::read).head().data_key != newest) return false;
    throw;
  }
  // Not in the change: logins would wait until everything was counted. Nobody seals an account
  // or a record with the old key any more, for each change looks at the head first.
  {
    RealmState state(*parts_, store::Access::read);
    if (left_by_others(state.transaction().key_uses(), state.vault().newest_id())) {
      resealing.forget_logins_of_none();
      return false;
    }
  }
  RealmChange change(*parts_);
  if (change.head().data_key != newest) return false;
  reseal_documents(change);
  std::string retired;
  for (auto key : in_use(change.transaction().keys())) {
    if (key.number == change.head().data_key) continue;
    key.retired = parts_->clock->now();
    change.put_key(key);
    retired += (retired.empty() ? "data key " : ", ") + std::to_string(key.number);
  }
  // Others that were at it were faster.
  if (retired.empty()) return true;
  change.note({.event = audit::Event::data_key_retired, .actor = actor, .detail = retired});
  change.commit();
  return true;
}

Expected<std::size_t> Realm::destroy_retired_keys(Time before, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::size_t> {
    const auto due = [&](const store::KeyRow& key) { return key.retired && *key.retired < before; };
    std::size_t destroyed = 0;
    const auto keys = parts_->store->keys();
    if (std::none_of(keys.begin(), keys.end(), due)) return destroyed;
    {
      // So that every newer state has the newest keys.
      const RealmState state(*parts_, store::Access::read);
    }
    // A login that began before a key was retired may have been noted after it.
    Resealing(*parts_, 0, {}).counters();
    RealmChange change(*parts_);
    for (const auto& key : change.transaction().keys()) {
      if (!due(key)) continue;
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

namespace {

// Of a data key that may have sealed nothing that is left.
vault::KeyId id_of(const Realm::Parts& parts, const store::KeyRow& index,
                   const store::KeyRow& row) {
  const auto root = parts.keys->root().matching(value_or_throw(vault::key_id_of(row.wrapped)));
  const std::array<vault::WrappedKey, 2> alone{
      {{index.number, index.wrapped, false}, {row.number, row.wrapped, false}}};
  return value_or_throw(vault::Vault::open(*root, parts.store->row().id, alone)).newest_id();
}

}  // namespace

Expected<std::vector<KeyStatus>> Realm::key_status() {
  return at_the_door([&]() -> Expected<std::vector<KeyStatus>> {
    RealmState state(*parts_, store::Access::read);
    const auto rows = state.transaction().keys();
    const auto uses = state.transaction().key_uses();
    std::vector<KeyStatus> keys;
    for (const auto& row : rows) {
      if (row.number == 0) continue;
      KeyStatus key;
      key.id = id_of(*parts_, rows.front(), row);
      key.number = row.number;
      key.made = row.made;
      key.retired = row.retired;
      key.seals = row.number == state.head().data_key;
      for (const auto& use : uses)
        if (use.key == key.id) key.uses = use;
      keys.push_back(key);
    }
    return keys;
  });
}

}  // namespace cred::engine
