// Forgetting old records of the trail. What is left still proves itself: it begins behind a
// signed checkpoint, which stays.

#include "audit/checkpoint.hpp"
#include "base/bytes.hpp"
#include "engine/realm_state.hpp"
#include "engine/trail_check.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

// The last record that a checkpoint covers which was signed before then. The records' own
// times prove nothing until the chain is checked.
std::uint64_t prunable(RealmChange& change, Time before) {
  std::uint64_t up_to = change.head().audit_pruned;
  for (const auto& row : change.transaction().checkpoints()) {
    const auto checkpoint = value_or_throw(audit::decode_checkpoint(row.record));
    if (checkpoint.number <= up_to) continue;
    if (checkpoint.time >= before) break;
    up_to = checkpoint.number;
  }
  return up_to;
}

// What was altered is kept for whoever looks into it, and not forgotten as if it were right.
void must_be_whole(RealmChange& change, const Uuid& realm, const std::vector<std::uint64_t>& erased,
                   std::uint64_t up_to) {
  TrailTerms terms;
  terms.erased_bodies.insert(erased.begin(), erased.end());
  terms.up_to = up_to;
  const auto check =
      check_trail(change.transaction(), change.vault(), change.head(), realm, terms, {});
  if (check.first_bad)
    throw Failure(Code::integrity, "nothing was pruned: record " +
                                       std::to_string(*check.first_bad) +
                                       " of the trail is bad: " + check.why);
}

}  // namespace

Expected<std::uint64_t> Realm::prune_trail(Time before, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::uint64_t> {
    RealmChange change(*parts_);
    const std::uint64_t first = change.head().audit_pruned + 1;
    const std::uint64_t up_to = prunable(change, before);
    if (up_to < first) return std::uint64_t{0};
    auto erased = erased_bodies(change);
    must_be_whole(change, parts_->store->row().id, erased, up_to);
    change.transaction().prune_audit(up_to);
    change.head().audit_pruned = up_to;
    change.also(PrunedTrail{up_to});
    const auto kept = std::upper_bound(erased.begin(), erased.end(), up_to);
    if (kept != erased.begin()) {
      erased.erase(erased.begin(), kept);
      std::vector<std::byte> bytes(erased.size() * sizeof(std::uint64_t));
      Writer w(bytes);
      for (const std::uint64_t number : erased) w.u64(number);
      change.set_document(erased_bodies_document, change.head().erased_bodies, bytes);
    }
    change.note({.event = audit::Event::trail_pruned,
                 .actor = actor,
                 .detail = "records " + std::to_string(first) + " to " + std::to_string(up_to)});
    change.commit();
    return up_to - first + 1;
  });
}

}  // namespace cred::engine
