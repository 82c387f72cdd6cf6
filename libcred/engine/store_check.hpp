// Whether all of a realm's rows are those that its head tells of, not only the ones that are
// asked for.
#pragma once

#include "engine/realm_state.hpp"

namespace cred::engine {

// Every account opens under its own name, and none, no erasure and no document is missing or
// older than it was. Gives the number of accounts. Throws Failure (integrity).
std::uint64_t check_store(RealmState& state);

}  // namespace cred::engine
