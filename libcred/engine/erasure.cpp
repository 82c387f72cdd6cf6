// Erasing a person: the account, what the trail says of its owner, and the copies of both in
// the journal. What comes after the commit can be done again by whoever knows the tombstones
// and the list of erased bodies, so that a kill loses nothing.

#include "engine/grant_list.hpp"
#include "engine/mentions.hpp"
#include "engine/realm_state.hpp"
#include "engine/store_check.hpp"
#include "engine/trail_rows.hpp"

#include <algorithm>
#include <iterator>
#include <set>

namespace cred::engine {
namespace {

// So many numbers fit into one sealed document, and with it into an entry of the journal.
constexpr std::size_t most_erased_bodies = 900'000;

struct Found {
  std::vector<std::uint64_t> bodies;
  std::uint64_t in_records = 0;  // of former formats, which have no body
  std::uint64_t last = 0;        // the last record that was looked at
};

// Looks for a person in the records after the last one.
void look(RealmState& state, const Uuid& account, const Mentions& mentions, Found& found) {
  each_row(state.transaction(), found.last, [&](const store::AuditRow& row) {
    found.last = row.number;
    const auto record = value_or_throw(audit::decode(row.record));
    if (row.body.empty()) {
      if (mentions.in(record.actor) || mentions.in(record.detail) ||
          (record.account == account && !record.detail.empty()))
        ++found.in_records;
      return true;
    }
    bool about = record.account == account;
    if (!about) {
      const Secret opened =
          value_or_throw(state.vault().open(place_of_body(row.number, row.account), row.body));
      about = mentions.in(value_or_throw(audit::decode_body(opened.bytes())));
    }
    if (about) found.bodies.push_back(row.number);
    return true;
  });
}

void remove_bodies(RealmChange& change, const std::vector<std::uint64_t>& bodies) {
  if (bodies.empty()) return;
  std::vector<std::uint64_t> before = erased_bodies(change);
  // Records that were pruned are missing with their bodies.
  std::erase_if(before, [&](std::uint64_t n) { return n <= change.head().audit_pruned; });
  std::vector<std::uint64_t> all;
  std::set_union(before.begin(), before.end(), bodies.begin(), bodies.end(),
                 std::back_inserter(all));
  if (all.size() > most_erased_bodies)
    throw Failure(Code::conflict,
                  "the realm would have more than 900,000 records without their bodies; prune its "
                  "trail first. Nothing was erased");
  for (const std::uint64_t number : bodies) change.transaction().set_audit_body(number, {});
  set_erased_bodies(change, all);
  change.also(RemovedBodies{bodies});
}

// The record of the erasure names the erased no more, even where they asked for it.
Actor without(const Mentions& mentions, Actor actor) {
  for (std::string* text : {&actor.name, &actor.source, &actor.service, &actor.tty}) {
    if (!mentions.in(*text)) continue;
    text->clear();
    actor.uid.reset();
  }
  return actor;
}

// What entries of the journal must not show any more.
class Gone {
 public:
  // `mentions` only right after the change: afterwards nobody knows the name.
  Gone(RealmState& state, const Mentions* mentions, std::string_view name)
      : state_(state), mentions_(mentions), name_(name) {
    for (const auto& tombstone :
         checked_tombstones(state.transaction(), state.vault(), state.head()))
      accounts_.insert(tombstone.account);
    const auto bodies = erased_bodies(state);
    bodies_.insert(bodies.begin(), bodies.end());
  }
  bool nothing() const { return accounts_.empty(); }

  // Whether it was in the item, which has it no more.
  bool takes_from(Item& item) const {
    if (auto* row = std::get_if<store::AccountRow>(&item); row && accounts_.contains(row->id)) {
      item = ErasedRow{{row->bucket, row->id, row->generation}};
      return true;
    }
    if (auto* row = std::get_if<store::AuditRow>(&item); row && in_body_of(*row)) {
      row->body.clear();
      return true;
    }
    if (auto* named = std::get_if<NamedDocument>(&item)) return takes_from_grants(*named);
    return false;
  }

 private:
  bool takes_from_grants(NamedDocument& named) const {
    if (mentions_ == nullptr || named.name != grants_document) return false;
    const auto& vault = state_.vault();
    auto& sealed = named.document.sealed;
    if (!vault.number_of(value_or_throw(vault::key_id_of(sealed)))) return false;
    const auto place = place_of_document(named.name, named.document.generation);
    auto list =
        value_or_throw(decode_grants(value_or_throw(vault.open_kept(place, sealed)).bytes()));
    if (!forget_in(list, name_, *mentions_)) return false;
    sealed = vault.seal(place, encode(list));
    return true;
  }

  // What the trail forgot is forgotten here, too: nobody looked for the person in it.
  bool in_body_of(const store::AuditRow& row) const {
    if (row.body.empty()) return false;
    if (row.number <= state_.head().audit_pruned || bodies_.contains(row.number)) return true;
    return speaks_of(row) && !in_trail(row);
  }

  bool speaks_of(const store::AuditRow& row) const {
    const auto record = value_or_throw(audit::decode(row.record));
    if (accounts_.contains(record.account)) return true;
    const auto& vault = state_.vault();
    if (mentions_ == nullptr || !vault.number_of(value_or_throw(vault::key_id_of(row.body))))
      return false;
    const Secret opened =
        value_or_throw(vault.open_kept(place_of_body(row.number, row.account), row.body));
    return mentions_->in(value_or_throw(audit::decode_body(opened.bytes())));
  }

  // Its records were looked through, and keep their bodies in both places or in none. An
  // accepted rollback leaves others behind, with the numbers of these.
  bool in_trail(const store::AuditRow& row) const {
    const auto there = state_.transaction().audit(row.number - 1, 1);
    return !there.empty() && there.front().number == row.number && there.front().mac == row.mac;
  }

  RealmState& state_;
  const Mentions* const mentions_;
  const std::string_view name_;
  std::set<Uuid> accounts_;
  std::set<std::uint64_t> bodies_;
};

// New bytes for an entry of the journal that has some of it.
std::optional<std::vector<std::byte>> rewritten(const vault::Vault& vault, const Gone& gone,
                                                const journal::Entry& entry) {
  // Nobody opens what was sealed with a key that is destroyed.
  if (!vault.number_of(value_or_throw(vault::key_id_of(entry.bytes)))) return std::nullopt;
  const auto place = place_of_entry(entry.number);
  auto items =
      value_or_throw(decode_items(value_or_throw(vault.open_kept(place, entry.bytes)).bytes()));
  bool altered = false;
  for (Item& item : items) altered |= gone.takes_from(item);
  if (!altered) return std::nullopt;
  return vault.seal(place, encode(items));
}

// The journal, what waits for it, and the store's files hold nothing of the erased any more
// when it returns.
void finish(const Realm::Parts& parts, const Mentions* mentions = nullptr,
            std::string_view name = {}) {
  std::uint64_t last = 0;
  {
    RealmState state(parts, store::Access::read);
    const Gone gone(state, mentions, name);
    if (gone.nothing()) return;
    last = state.head().number;
    parts.write_journal_of(state);
    if (!parts.has_journal) return;
    auto locked = parts.journal.lock();
    if (locked.last().value_or(0) < last)
      throw Failure(Code::unavailable,
                    "the account is gone from the store, but the journal in " + parts.journals +
                        " cannot be written and still has it; mend that and repeat the command");
    locked.rewrite([&](const journal::Entry& entry) {
      // What came since is not in this state.
      return entry.number <= last ? rewritten(state.vault(), gone, entry) : std::nullopt;
    });
  }
  {
    const auto transaction = parts.store->begin(store::Access::write);
    transaction->clear_outbox(last);
    transaction->commit();
  }
  parts.store->scrub();
}

}  // namespace

Expected<Erasure> Realm::erase(std::string_view name, const Actor& actor) {
  constexpr int most_tries = 16;
  return at_the_door([&]() -> Expected<Erasure> {
    for (int i = 0; i < most_tries; ++i) {
      std::optional<Account> account;
      std::optional<Mentions> mentions;
      Found found;
      {
        // Long trails are read before others have to wait.
        RealmState state(*parts_, store::Access::read);
        account = state.find_in_any_phase(name);
        if (!account) break;
        mentions.emplace(name, state.profile(*account));
        look(state, account->row.id, *mentions, found);
      }
      RealmChange change(*parts_);
      const auto now = change.find_in_any_phase(name);
      if (!now || now->row.id != account->row.id || now->row.generation != account->row.generation)
        continue;
      look(change, now->row.id, *mentions, found);
      change.remove(*now);
      remove_bodies(change, found.bodies);
      if (auto grants = grants_of(change); forget_in(grants, name, *mentions))
        set_grants(change, grants);
      change.note({.event = audit::Event::erased,
                   .account = now->row.id,
                   .actor = without(*mentions, actor)});
      change.commit();
      finish(*parts_, &*mentions, name);
      return Erasure{now->row.id, found.bodies.size(), found.in_records};
    }
    // Perhaps an erasure of it was killed.
    const bool there = RealmState(*parts_, store::Access::read).find_in_any_phase(name).has_value();
    if (there) return fail(Code::conflict, "the account is being changed by others; try again");
    finish(*parts_);
    return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
  });
}

Expected<void> Realm::finish_erasures() {
  return at_the_door([&]() -> Expected<void> {
    finish(*parts_);
    return {};
  });
}

}  // namespace cred::engine
