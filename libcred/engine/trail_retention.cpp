// Forgetting old records of the trail. What is left still proves itself: it begins behind a
// signed checkpoint, which stays.

#include "audit/checkpoint.hpp"
#include "engine/realm_state.hpp"
#include "engine/trail_check.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

// The last record that a checkpoint covers and all of whose predecessors are older. What the
// records say of their time proves nothing until the chain is checked.
std::uint64_t prunable(RealmState& state, Time before) {
  std::uint64_t up_to = state.head().audit_pruned;
  for (const auto& row : state.transaction().checkpoints()) {
    if (row.number <= up_to) continue;
    const auto last = state.transaction().audit(row.number - 1, 1);
    if (last.empty() || last.front().number != row.number) break;
    if (value_or_throw(audit::decode(last.front().record)).time >= before) break;
    up_to = row.number;
  }
  return up_to;
}

// What was altered is kept for whoever looks into it, and not forgotten as if it were right.
void must_be_whole(RealmState& state, const Uuid& realm, std::uint64_t up_to) {
  TrailTerms terms;
  const auto erased = erased_bodies(state);
  terms.erased_bodies.insert(erased.begin(), erased.end());
  terms.up_to = up_to;
  const auto check =
      check_trail(state.transaction(), state.vault(), state.head(), realm, terms, {});
  if (check.first_bad)
    throw Failure(Code::integrity, "nothing was pruned: record " +
                                       std::to_string(*check.first_bad) +
                                       " of the trail is bad: " + check.why);
}

}  // namespace

Expected<std::uint64_t> Realm::prune_trail(Time before, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::uint64_t> {
    std::uint64_t up_to = 0;
    {
      // Long trails are read before others have to wait.
      RealmState state(*parts_, store::Access::read);
      up_to = prunable(state, before);
      if (up_to <= state.head().audit_pruned) return std::uint64_t{0};
      must_be_whole(state, parts_->store->row().id, up_to);
    }
    RealmChange change(*parts_);
    const std::uint64_t first = change.head().audit_pruned + 1;
    if (up_to < first) return std::uint64_t{0};
    auto erased = erased_bodies(change);
    change.transaction().prune_audit(up_to);
    change.head().audit_pruned = up_to;
    change.also(PrunedTrail{up_to});
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
