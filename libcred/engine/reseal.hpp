// Sealing anew what other keys than a realm's newest one sealed; for the engine's own files.
#pragma once

#include "store/store.hpp"
#include "vault/vault.hpp"

namespace cred::engine {

// A row whose three sealed fields are exchanged: `exchange` gets the place of each, and it.
template <typename Exchange>
store::AccountRow with_fields(const store::AccountRow& row, Exchange exchange) {
  auto next = row;
  const auto one = [&](vault::Field field, store::Blob& sealed) {
    exchange(vault::Place{row.id, row.name, field, row.generation}, sealed);
  };
  one(vault::Field::credential, next.credential);
  one(vault::Field::profile, next.profile);
  one(vault::Field::history, next.history);
  return next;
}

// What a value sealed with the newest key begins with.
store::Blob prefix_of(const vault::Vault& vault);

// All of a realm that comes from backups and the journal alone, which may have been sealed with
// keys that are retired or gone; `before` opens what `vault` does not. Not for what comes from a
// store in use: a thief of a retired key may have put it there. Throws Failure (integrity).
void seal_anew(store::Transaction& to, const vault::Vault& vault, const vault::Vault& before);
// The bodies of the trail's records alone.
void seal_bodies_anew(store::Transaction& to, const vault::Vault& vault,
                      const vault::Vault& before);

}  // namespace cred::engine
