// Whether all of a realm's rows are those that its head tells of, not only the ones that are
// asked for.
#pragma once

#include "engine/realm_state.hpp"

namespace cred::engine {

// Every account opens under its own name, and none, no erasure and no document is missing or
// older than it was. Gives the number of accounts. Throws Failure (integrity).
std::uint64_t check_store(RealmState& state);

// The accounts that were erased, all of them and no others: whoever writes to the database
// could have others erased from journal and backups. Throws Failure (integrity).
std::vector<store::Tombstone> checked_tombstones(store::Transaction& transaction,
                                                 const vault::Vault& vault, const Head& head);

// Realms that were erased. Only those count that have a tombstone in realm `system`, too:
// nothing vouches for their own rows.
struct ErasedRealms {
  std::vector<store::Tombstone> realms;
  std::vector<Uuid> forged;  // without one
};
ErasedRealms vouched_for(const std::vector<store::Tombstone>& rows,
                         const std::vector<store::Tombstone>& tombstones);
// Throws Failure (integrity): the tombstones of realm `system` were altered.
ErasedRealms erased_realms_of(store::Store& store, const Realm::Parts& system);

}  // namespace cred::engine
