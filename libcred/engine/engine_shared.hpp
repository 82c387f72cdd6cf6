// What the parts of an engine share; for the engine's own files.
#pragma once

#include "engine/arenas.hpp"
#include "engine/engine.hpp"
#include "engine/realm_keys.hpp"
#include "store/store.hpp"

#include <map>
#include <memory>
#include <mutex>

namespace cred::engine {

struct Engine::Shared {
  Configuration configuration;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<RootKey> root_key;
  std::unique_ptr<store::Store> store;
  std::shared_ptr<Arenas> arenas;
  audit::EventSink sink;

  std::mutex mutex;  // of what follows
  std::map<Uuid, std::shared_ptr<RealmKeys>> keys;

  // Throws Failure (integrity) when they do not open.
  std::shared_ptr<RealmKeys> keys_of(store::RealmStore& realm);
};

}  // namespace cred::engine
