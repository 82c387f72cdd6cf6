// A store as it was, put together from a backup and the journals in a scratch store.
#pragma once

#include "backup/directory.hpp"
#include "engine/backups.hpp"
#include "engine/head.hpp"
#include "engine/items.hpp"
#include "engine/realm_keys.hpp"
#include "store/store.hpp"

#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace cred::engine {

// One realm of it.
struct Rebuilt {
  store::RealmRow row;
  std::vector<store::KeyRow> keys;
  std::shared_ptr<const vault::Vault> vault;  // opens, by open_kept, all that is in it
  Head head;                                  // without its seed
  std::uint64_t changes = 0;                  // that came from the journal
  // Accounts that it had and of which the journal kept no more than this.
  std::map<Uuid, store::Member> erased;
};

// Everything throws Failure: integrity (a damaged backup or journal, another root key),
// conflict (no way leads from the backup to the moment), unavailable, configuration.
class Rebuild {
 public:
  struct Terms {
    std::string journals;  // the directory of those of all realms
    // Keys that are known apart from the backup, which may be wrapped anew since.
    std::map<Uuid, std::vector<store::KeyRow>> known_keys;
    std::set<Uuid> erased_realms;
    bool counters = true;        // bring those of the backup along
    bool accept_damage = false;  // a damaged journal ends where the damage begins
  };
  Rebuild(std::shared_ptr<RootKey> root, store::Store& scratch, Terms terms, WorkProgress progress);

  // Everything that is in the backup; each record is opened once.
  void load(const backup::Directory& directory, const backup::Backup& backup);
  // And what the journals tell, up to this moment.
  void replay(Time at);
  // Whether every realm is what its head tells of.
  void check();

  std::map<Uuid, Rebuilt>& realms() { return realms_; }
  const std::map<Uuid, store::Tombstone>& erased_realms() const { return erased_; }
  store::Store& scratch() { return scratch_; }

 private:
  void begin_realm(const store::RealmRow& row, std::vector<store::KeyRow> keys,
                   const HeadCopy& head);
  void open_keys(Rebuilt& realm);
  void replay(Rebuilt& realm, Time at);
  void report(const char* what, std::uint64_t done, std::uint64_t total) const {
    if (progress_) progress_(what, done, total);
  }

  const std::shared_ptr<RootKey> root_;
  store::Store& scratch_;
  Terms terms_;
  const WorkProgress progress_;
  std::map<Uuid, Rebuilt> realms_;
  std::map<Uuid, store::Tombstone> erased_;
  std::vector<AddedRealm> added_;
};

}  // namespace cred::engine
