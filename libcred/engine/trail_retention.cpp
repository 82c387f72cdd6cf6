// Forgetting old records of the trail. What is left still proves itself: it begins behind a
// signed checkpoint, which stays.

#include "audit/checkpoint.hpp"
#include "base/bytes.hpp"
#include "engine/realm_state.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

// The last record that a checkpoint covers and all of whose predecessors are older.
std::uint64_t prunable(RealmChange& change, Time before) {
  std::uint64_t up_to = change.head().audit_pruned;
  for (const auto& row : change.transaction().checkpoints()) {
    if (row.number <= up_to) continue;
    const auto last = change.transaction().audit(row.number - 1, 1);
    if (last.empty() || last.front().number != row.number) break;
    if (value_or_throw(audit::decode(last.front().record)).time >= before) break;
    up_to = row.number;
  }
  return up_to;
}

}  // namespace

Expected<std::uint64_t> Realm::prune_trail(Time before, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::uint64_t> {
    RealmChange change(*parts_);
    const std::uint64_t first = change.head().audit_pruned + 1;
    const std::uint64_t up_to = prunable(change, before);
    if (up_to < first) return std::uint64_t{0};
    change.transaction().prune_audit(up_to);
    change.head().audit_pruned = up_to;
    change.also(PrunedTrail{up_to});
    auto erased = erased_bodies(change);
    const auto kept = std::upper_bound(erased.begin(), erased.end(), up_to);
    if (kept != erased.begin()) {
      erased.erase(erased.begin(), kept);
      set_erased_bodies(change, erased);
    }
    change.note({.event = audit::Event::trail_pruned,
                 .actor = actor,
                 .detail = "records " + std::to_string(first) + " to " + std::to_string(up_to)});
    change.commit();
    return up_to - first + 1;
  });
}

}  // namespace cred::engine
