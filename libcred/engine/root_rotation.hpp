// What rotating the root key needs; for the engine's own files.
#pragma once

#include "store/store.hpp"

namespace cred::engine {

// Held by whoever exchanges the root key, alone; shared by whoever wraps new keys with it.
// Null: somebody else has it, and was not waited for. Throws Failure.
inline std::unique_ptr<store::Lock> lock_root(const std::string& store_url, store::Holding holding,
                                              store::Waiting waiting = store::Waiting::yes) {
  return store::lock(store_url, store::Purpose::root_key, holding, waiting);
}

}  // namespace cred::engine
