// Erasing a person: the account, what the trail says of its owner, and the copies of both in
// the journal. What comes after the commit can be done again by whoever knows the tombstones
// and the list of erased bodies, so that a kill loses nothing.

#include "base/bytes.hpp"
#include "engine/mentions.hpp"
#include "engine/realm_state.hpp"
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
  std::vector<std::byte> bytes(all.size() * sizeof(std::uint64_t));
  Writer w(bytes);
  for (const std::uint64_t number : all) w.u64(number);
  change.set_document("erased_bodies", change.head().erased_bodies, bytes);
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

struct Gone {
  std::set<Uuid> accounts;
  std::set<std::uint64_t> bodies;

  // Whether it was in the item, which has it no more.
  bool takes_from(Item& item) const {
    if (auto* row = std::get_if<store::AccountRow>(&item); row && accounts.count(row->id) != 0) {
      item = ErasedRow{{row->bucket, row->id, row->generation}};
      return true;
    }
    if (auto* row = std::get_if<store::AuditRow>(&item);
        row && !row->body.empty() && bodies.count(row->number) != 0) {
      row->body.clear();
      return true;
    }
    return false;
  }
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
void finish(const Realm::Parts& parts) {
  Gone gone;
  journal::Mark mark;
  {
    RealmState state(parts, store::Access::read);
    for (const auto& tombstone : state.transaction().tombstones())
      gone.accounts.insert(tombstone.account);
    if (gone.accounts.empty()) return;
    const auto bodies = erased_bodies(state);
    gone.bodies.insert(bodies.begin(), bodies.end());
    mark = {state.head().number, digest_of(state.vault(), state.head())};
  }
  parts.write_journal(mark);
  {
    auto locked = parts.journal.lock();
    if (locked.last().value_or(0) < mark.number)
      throw Failure(Code::unavailable,
                    "the account is gone from the store, but the journal in " + parts.journals +
                        " cannot be written and still has it; mend that and repeat the command");
    const auto vault = parts.vault();
    locked.rewrite([&](const journal::Entry& entry) { return rewritten(*vault, gone, entry); });
  }
  {
    const auto transaction = parts.store->begin(store::Access::write);
    transaction->clear_outbox(mark.number);
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
      change.note({.event = audit::Event::erased,
                   .account = now->row.id,
                   .actor = without(*mentions, actor)});
      change.commit();
      finish(*parts_);
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
