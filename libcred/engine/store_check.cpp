#include "engine/store_check.hpp"

#include "engine/account_tree.hpp"
#include "engine/grants.hpp"

#include <algorithm>
#include <sodium.h>

namespace cred::engine {
namespace {

constexpr std::size_t page = 256;

// Retired keys open these, too.
void must_open(const vault::Vault& vault, const vault::Place& place, const store::Blob& sealed,
               const std::string& what) {
  if (const auto opened = vault.open_kept(place, sealed); !opened)
    throw Failure(Code::integrity, what + ": " + opened.error().message);
}

void check_records(RealmState& state) {
  for (std::string after;;) {
    const auto rows = state.transaction().list(after, page);
    if (rows.empty()) return;
    after = rows.back().name;
    for (const auto& row : rows) {
      try {
        state.must_be_named_rightly(row);
        const Account account = state.opened(row);
        (void)state.profile(account);
        (void)state.history(account);
        const auto counter = state.transaction().attempts(state.vault().subject(row.name));
        if (!counter.last_login.empty())
          must_open(state.vault(), place_of_login(row.id), counter.last_login, "its last login");
      } catch (const Failure& failure) {
        throw Failure(failure.error().code,
                      "account " + to_string(row.id) + ": " + failure.error().message);
      }
    }
  }
}

void check_counters(RealmState& state) {
  for (store::Subject after{};;) {
    const auto counters = state.transaction().sealed_counters(after, page);
    if (counters.empty()) return;
    after = counters.back().subject;
    for (const auto& counter : counters)
      if (!counter.label.empty())
        must_open(state.vault(), place_of_label(counter.subject), counter.label,
                  "the label of a counter");
  }
}

// What waits for the journal.
void check_outbox(RealmState& state) {
  for (std::uint64_t after = 0;;) {
    const auto rows = state.transaction().outbox(after, page);
    if (rows.empty()) return;
    after = rows.back().number;
    for (const auto& row : rows)
      must_open(state.vault(), place_of_entry(row.number), row.entry,
                "change " + std::to_string(row.number) + ", which waits for the journal");
  }
}

}  // namespace

std::vector<store::Tombstone> checked_tombstones(store::Transaction& transaction,
                                                 const vault::Vault& vault, const Head& head) {
  const auto wrong = [&](const std::string& what) {
    return Failure(Code::integrity, "the erasures of realm " + head.realm +
                                        " are not those that its head tells of: " + what);
  };
  auto tombstones = transaction.tombstones();
  vault::Mac sum{};
  for (const auto& tombstone : tombstones) {
    const auto mac = mac_of(vault, tombstone);
    if (tombstone.mac.size() != mac.size() ||
        sodium_memcmp(tombstone.mac.data(), mac.data(), mac.size()) != 0)
      throw wrong("that of account " + to_string(tombstone.account) + " was forged or altered");
    for (std::size_t i = 0; i < mac.size(); ++i) sum[i] ^= mac[i];
  }
  if (tombstones.size() != head.tombstones || sum != head.tombstones_digest)
    throw wrong("there are " + std::to_string(tombstones.size()) + ", not " +
                std::to_string(head.tombstones));
  return tombstones;
}

ErasedRealms vouched_for(const std::vector<store::Tombstone>& rows,
                         const std::vector<store::Tombstone>& tombstones) {
  ErasedRealms erased;
  for (const auto& row : rows) {
    const bool known = std::ranges::any_of(
        tombstones, [&](const auto& tombstone) { return tombstone.account == row.account; });
    if (known)
      erased.realms.push_back(row);
    else
      erased.forged.push_back(row.account);
  }
  return erased;
}

ErasedRealms erased_realms_of(store::Store& store, const Realm::Parts& system) {
  // In this order: a realm has its tombstone before its row goes.
  const auto rows = store.erased_realms();
  RealmState state(system, store::Access::read);
  return vouched_for(rows, checked_tombstones(state.transaction(), state.vault(), state.head()));
}

std::uint64_t check_store(RealmState& state) {
  const auto accounts =
      AccountTree(state.vault(), state.transaction()).check_all(state.head().tree);
  if (accounts != state.head().accounts)
    throw Failure(Code::integrity, "there are " + std::to_string(accounts) + " accounts, not " +
                                       std::to_string(state.head().accounts));
  check_records(state);
  check_counters(state);
  check_outbox(state);
  (void)checked_tombstones(state.transaction(), state.vault(), state.head());
  (void)state.document(erased_bodies_document, state.head().erased_bodies);
  (void)state.document(grants_document, state.head().grants);
  return accounts;
}

}  // namespace cred::engine
