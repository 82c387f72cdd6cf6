// What the parts of an engine share; for the engine's own files.
#pragma once

#include "engine/arenas.hpp"
#include "engine/engine.hpp"
#include "engine/realm_parts.hpp"
#include "store/store.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>

namespace cred::engine {

struct Engine::Shared {
  Configuration configuration;
  std::shared_ptr<const Clock> clock;
  std::shared_ptr<RootKey> root_key;
  std::unique_ptr<store::Store> store;
  std::shared_ptr<Arenas> arenas;
  audit::EventSink sink;
  // A rotation of the root key that was finished when the engine was opened.
  std::optional<RootRotation> finished;

  std::mutex mutex;  // of what follows
  std::map<Uuid, std::shared_ptr<RealmKeys>> keys;

  // Throws Failure (integrity) when they do not open.
  std::shared_ptr<RealmKeys> keys_of(store::RealmStore& realm);
  // Not prepared, and not looked at. Throws Failure (not_found, integrity).
  std::unique_ptr<Realm::Parts> parts_of(std::string_view name);
  // Realms that were erased before heads had format 2 get their tombstones. Throws Failure.
  void bury_earlier_realms(const Realm::Parts& system) const;
  // Its journal and anchor, whether or not they are there. Throws Failure.
  void remove_files_of(const Uuid& erased_realm) const;
};

}  // namespace cred::engine
