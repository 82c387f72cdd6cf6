// What backups are to whoever asks for them: docs/running.md.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace cred::engine {

// How far long work has come: `what` is being done, `done` of `total` records; a total of 0
// is not known.
using WorkProgress = std::function<void(const char* what, std::uint64_t done, std::uint64_t total)>;

struct BackupInfo {
  struct Realm {
    std::string name;
    std::uint64_t accounts = 0;
    std::uint64_t audit_records = 0;
    std::uint64_t erased = 0;
    std::uint64_t change = 0;  // number of the last one in it
    Time time{};               // of that change
  };
  std::string name;
  Time created{};
  std::uint64_t bytes = 0;
  std::vector<Realm> realms;
  std::string restored_from;
  // Why it cannot be used; then the rest but the name may be missing.
  std::optional<Error> problem;
};

struct RestoreRequest {
  std::optional<Time> at;           // the state then; unset: the newest that there is
  std::optional<std::string> from;  // this backup and no other
  // Does everything but putting the result in place.
  bool dry_run = false;
  // Where the store is gone and the journal is damaged: what comes after the damage is given
  // up.
  bool accept_damage = false;
};

struct RestoreReport {
  struct Realm {
    std::string name;
    Time time{};                 // of the last change that is in it
    std::uint64_t accounts = 0;  // that there are now
    std::uint64_t changes = 0;   // that came from the journal
    // Since then, and brought in:
    std::uint64_t erased = 0;       // accounts that were erased and stay so
    std::uint64_t compromised = 0;  // that keep their mark
    std::uint64_t changed = 0;      // whose password was changed: they have to change it again
    std::uint64_t altered = 0;      // of all these and others, whose sessions end
    std::uint64_t dropped = 0;      // accounts that came later and are gone again
    bool kept = false;              // the realm came later and stays as it is
    bool new_checkpoints = false;   // the signing key was lost with the store
  };
  std::string backup;
  std::vector<Realm> realms;
  bool in_place = false;
  std::string moved_aside;   // where the damaged store is, if there was one
  std::string live;          // why the live store was of no use; empty: it was
  std::string fresh_backup;  // made at once; empty: `warning` says why not
  std::string warning;
};

}  // namespace cred::engine
