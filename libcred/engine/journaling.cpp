// After a change is in the store: the journal and the anchor learn of it. And before one is
// believed: it must be no older than they say.

#include "engine/account_tree.hpp"
#include "engine/grant_list.hpp"
#include "engine/realm_state.hpp"
#include "engine/units.hpp"

#include <algorithm>
#include <sodium.h>

namespace cred::engine {
namespace {

constexpr std::size_t page = 256;

void tell_trouble(const Realm::Parts& parts, const std::string& what, const Failure& failure) {
  auto trouble = parts.event("trouble", failure.error().code, "");
  trouble.detail = what + ": " + failure.error().message;
  parts.tell(trouble);
}

Failure rolled_back(const Realm::Parts& parts, const Head& head, std::uint64_t newer) {
  return {Code::integrity,
          "the store of realm " + head.realm + " is older than it was: it ends with change " +
              std::to_string(head.number) + " of " + print_time(head.time) + ", but change " +
              std::to_string(newer) + " was seen before. Put the newer one back; if this one is " +
              "wanted: credctl accept-rollback --realm " + parts.store->row().name +
              " --reason TEXT"};
}

}  // namespace

void Realm::Parts::must_be_newest(const Head& head, const vault::Vault& vault,
                                  const std::optional<journal::Mark>& mark,
                                  std::uint64_t seen) const {
  if (head.number < seen) throw rolled_back(*this, head, seen);
  if (mark && head.number < mark->number) throw rolled_back(*this, head, mark->number);
  if (mark && head.number == mark->number) {
    const auto digest = digest_of(vault, head);
    if (sodium_memcmp(digest.data(), mark->digest.data(), digest.size()) != 0)
      throw Failure(Code::integrity, "the store of realm " + head.realm +
                                         " is another one than that which was seen before; if it "
                                         "is wanted: credctl accept-rollback --realm " +
                                         head.realm + " --reason TEXT");
  }
  raise(keys->seen, head.number);
}

namespace {

// Entries of the outbox, appended to the journal one run after the other.
class Draining {
 public:
  Draining(const Realm::Parts& parts, journal::Locked& locked, std::uint64_t& last)
      : parts_(parts), locked_(locked), last_(last) {}

  void take(store::JournalRow row) {
    // One that was altered would make all that come after it worthless. Where one is left out
    // or missing, a run begins: nobody gets from before it to after it without a backup.
    if (!parts_.vault()->open_kept(place_of_entry(row.number), row.entry)) {
      auto noticed =
          parts_.event(audit::word(audit::Event::tampering_noticed), Code::integrity, "");
      noticed.detail = "change " + std::to_string(row.number) +
                       ", which waited for the journal, was altered: it is not in the journal. "
                       "Make a backup";
      parts_.tell(noticed);
      return;
    }
    if (!entries_.empty() && row.number != entries_.back().number + 1) append();
    entries_.push_back({row.number, row.time, std::move(row.entry)});
  }

  void append() {
    if (entries_.empty()) return;
    if (entries_.front().number != last_ + 1) locked_.begin_run(entries_.front().number);
    locked_.append(entries_);
    last_ = entries_.back().number;
    entries_.clear();
  }

 private:
  const Realm::Parts& parts_;
  journal::Locked& locked_;
  std::uint64_t& last_;
  std::vector<journal::Entry> entries_;
};

}  // namespace

void Realm::Parts::write_journal(const journal::Mark& mark) const {
  if (!has_journal) return advance_anchor(mark);
  try {
    auto locked = journal.lock();
    std::uint64_t last = locked.last().value_or(0);
    Draining draining(*this, locked, last);
    for (std::uint64_t seen = last; seen < mark.number;) {
      auto rows = store->begin(store::Access::read)->outbox(seen, page);
      if (rows.empty()) break;  // the journal is new, and what was before it is in no outbox
      seen = rows.back().number;
      for (auto& row : rows)
        if (row.number <= mark.number) draining.take(std::move(row));
      draining.append();
    }
    raise(keys->journaled, last);
    anchor.advance(mark);
  } catch (const Failure& failure) {
    tell_trouble(*this, "the change is in the store, but not yet in the journal", failure);
  }
}

void Realm::Parts::advance_anchor(const journal::Mark& mark) const {
  try {
    anchor.advance(mark);
  } catch (const Failure& failure) {
    tell_trouble(*this, "the change is in the store, but not in the anchor", failure);
  }
}

void Realm::Parts::write_journal_of(const RealmState& state) const {
  store->sync();
  write_journal({state.head().number, digest_of(state.vault(), state.head())});
}

namespace {

// Realms of version 4 had neither head nor tree, and all keys came from the data key.
// False: another process was faster.
bool bring_up_to_date(const Realm::Parts& parts) {
  const auto transaction = parts.store->begin(store::Access::write);
  if (transaction->head()) return false;
  const auto vault = parts.vault();
  for (std::string after;;) {
    auto rows = transaction->list(after, page);
    if (rows.empty()) break;
    after = rows.back().name;
    for (auto& row : rows) {
      row.bucket = AccountTree::bucket_of(*vault, row.name);
      (void)transaction->replace(row, row.generation);
    }
  }
  Head head = first_head(parts.store->row().name, parts.clock->now());
  head.tree = AccountTree(*vault, *transaction).build();
  head.accounts = transaction->accounts();
  if (const auto last = transaction->last_audit()) {
    head.audit_number = last->number;
    if (last->mac.size() != head.audit_mac.size())
      throw Failure(Code::integrity, "the MAC of a record of the trail has a wrong length");
    std::copy(last->mac.begin(), last->mac.end(), head.audit_mac.begin());
  }
  transaction->set_head(sealed_head(*vault, head));
  transaction->commit();
  return true;
}

// Whether the journal has a change that the store has not: the database was put back, with
// the anchor or without one. Once for each process; later it knows what it has seen. Reads
// the newest segment, and no more unless there is such a change.
void must_reach_the_journal(const Realm::Parts& parts) {
  if (!parts.has_journal) return;
  const std::uint64_t number = RealmState(parts, store::Access::read).head().number;
  std::uint64_t journaled = number;
  try {
    parts.journal.read(number, [&](const journal::Entry& entry) {
      journaled = entry.number;
      return true;
    });
  } catch (const Failure& failure) {
    // A journal that is damaged keeps nobody out.
    tell_trouble(parts, "the journal cannot be compared with the store", failure);
    return;
  }
  // Others may have gone on meanwhile; what is in the journal was in the store before.
  const RealmState now(parts, store::Access::read);
  if (journaled > now.head().number) throw rolled_back(parts, now.head(), journaled);
}

}  // namespace

void prepare(const Realm::Parts& parts) {
  if (parts.has_journal) journal::make_directory(parts.journals);
  const auto has_head = [&] { return parts.store->begin(store::Access::read)->head().has_value(); };
  bool upgraded = !has_head();
  if (upgraded) {
    // Only a realm that version 4 made has none, and it never had an anchor or a journal, which
    // are written after the head.
    const bool used = parts.anchor.read() || (parts.has_journal && parts.journal.lock().last());
    const auto vault = parts.vault();
    const bool may_lack = !used && vault->made_by_version_4() && vault->newest() == 1;
    upgraded = may_lack && bring_up_to_date(parts);
    if (!upgraded && !has_head())
      throw Failure(Code::integrity, "the head of realm " + parts.store->row().name +
                                         " is missing from the store: restore it from a backup");
  }
  must_reach_the_journal(parts);
  if (parts.anchor.read()) return;
  std::uint64_t number = 0;
  {
    const RealmState state(parts, store::Access::read);
    number = state.head().number;
    parts.store->sync();
    parts.anchor.advance({number, digest_of(state.vault(), state.head())});
  }
  if (number == 1 && !upgraded) return;
  // Machines that share a store come and go.
  const bool joined = parts.store->shared() && !upgraded;
  // Whoever can take the anchor away can put an older one back as well: to refuse would
  // only keep those out who moved their store. The same with a head and a journal.
  RealmChange change(parts);
  change.note(
      {.event = upgraded ? audit::Event::trail_started : audit::Event::rollback_noticed,
       .detail = upgraded ? "there was neither head nor anchor nor journal, as in stores of "
                            "earlier versions: the accounts were taken as they are"
                 : joined ? "machine " + parts.host + " had no anchor: it took the store as it is"
                          : "there was no anchor: the store was taken as it is",
       .outcome = upgraded || joined ? Code::accepted : Code::integrity});
  change.commit();
}

void accept(const Realm::Parts& parts, const std::string& reason, const Actor& actor) {
  const auto mark = parts.anchor.read();
  const std::uint64_t journaled = parts.has_journal ? parts.journal.lock().last().value_or(0) : 0;
  const std::uint64_t known =
      std::max({mark ? mark->number : 0, journaled, parts.keys->seen.load()});
  RealmChange change(parts, RealmState::Older::accepted);
  const std::uint64_t stood_at = change.head().number;
  const bool other =
      mark && mark->number == stood_at && mark->digest != digest_of(change.vault(), change.head());
  if (stood_at >= known && !other)
    throw Failure(Code::conflict, "the store of realm " + change.head().realm +
                                      " is no older than it was; nothing was changed");
  // Of the same number, but another one: no entry of the journal leads to it.
  change.begin_run(known, stood_at == known ? 0 : stood_at);
  change.note({.event = audit::Event::rollback_accepted,
               .actor = actor,
               .detail = "from change " + std::to_string(known) + " back to change " +
                         std::to_string(stood_at) + ": " + reason});
  // Some of them may have been taken back since.
  (void)end_all_grants(change, actor, "an older store was accepted");
  change.commit();
}

}  // namespace cred::engine
