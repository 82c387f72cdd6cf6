// Whether a trail is the one that a head tells of, in whatever store it lies.
#pragma once

#include "engine/engine.hpp"
#include "engine/head.hpp"
#include "store/store.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <set>

namespace cred::engine {

struct TrailTerms {
  // Records whose bodies are gone.
  std::set<std::uint64_t> erased_bodies;
  // Of an earlier state, of which later erasures took bodies: any may be gone.
  bool bodies_may_lack = false;
  // In a backup, where a key that is retired since may have sealed them.
  bool kept = false;
  // Looks no further than this record, which a checkpoint covers.
  std::optional<std::uint64_t> up_to{};
};

// Throws Failure when the store does. `progress` may be empty.
TrailCheck check_trail(store::Transaction& transaction, const vault::Vault& vault, const Head& head,
                       const Uuid& realm, const TrailTerms& terms,
                       const std::function<void(std::uint64_t)>& progress);

}  // namespace cred::engine
