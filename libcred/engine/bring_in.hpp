// What happened after the moment that a store was put back to, and must not be undone:
// erasures, marks, the trail, passwords that were changed.
#pragma once

#include "engine/backups.hpp"
#include "engine/realm_state.hpp"
#include "engine/rebuild.hpp"

namespace cred::engine {

// The newest state of a realm that there is.
struct Newest {
  store::RealmRow row;
  std::vector<store::KeyRow> keys;  // of the store
  std::shared_ptr<const vault::Vault> vault;
  const Head* head = nullptr;  // with its seed, unless that was lost
  store::Transaction* transaction = nullptr;
};

// Alters the accounts of `restored`, in the transaction `to`, and takes everything else from
// `newest`. Throws Failure: integrity.
void bring_in(const Rebuilt& restored, store::Transaction& to, const Newest& newest,
              RestoreReport::Realm& report, const WorkProgress& progress);
// All of a realm that came later.
void copy_realm(const Newest& newest, store::Transaction& to);

// The head that the realm goes on with, and the change that says so.
struct Ending {
  const Head* newest = nullptr;
  std::uint64_t number = 0;  // no head and no entry of the journal had it before
  Time now{};
  Noted noted;
};
// `to` holds the rest already. Gives the head without its seed.
Head end_restore(const Uuid& realm, const vault::Vault& vault, store::Transaction& to,
                 const Ending& ending, RestoreReport::Realm& report);

}  // namespace cred::engine
