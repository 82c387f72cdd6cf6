// Another root key: every key of every realm is wrapped with it in one transaction of the
// store. A key in a file has its successor beside it until then, so that whoever is killed
// leaves a store that opens; the next one to open it finishes what was begun.

#include "engine/root_rotation.hpp"

#include "backup/directory.hpp"
#include "base/hexadecimal.hpp"
#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "vault/root_archive.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace cred::engine {

namespace {

// Whether every key is wrapped with this one.
bool wrapped_with(const store::KeysOfRealms& keys, vault::KeyId id) {
  for (const auto& [realm, key] : keys)
    if (value_or_throw(vault::key_id_of(key.wrapped)) != id) return false;
  return true;
}

// False: others were faster, and nothing was changed.
bool wrap_all(store::Store& store, const store::KeysOfRealms& before, const Secret& current,
              const Secret& next) {
  auto after = before;
  for (auto& [realm, key] : after)
    key.wrapped = value_or_throw(vault::rewrap({key.number, key.wrapped, key.retired.has_value()},
                                               current, next, realm))
                      .wrapped;
  return store.put_keys(before, after);
}

std::string told(vault::KeyId id) { return "root key " + hexadecimal(id); }

// A rotation that was killed may have told some trails of it.
bool is_in_trail(Realm& realm, std::uint64_t last, const std::string& detail) {
  constexpr std::uint64_t look_back = 10'000;
  bool found = false;
  value_or_throw(realm.trail(last > look_back ? last - look_back : 0, [&](const auto& entry) {
    found |= entry.event == audit::word(audit::Event::root_key_rotated) && entry.detail == detail;
    return !found;
  }));
  return found;
}

}  // namespace

void Engine::tell_of_root_key(vault::KeyId id, const Actor& actor, bool maybe_told,
                              RootRotation& rotation) {
  for (const std::string& name : shared_->store->realms()) {
    const auto noted = at_the_door([&]() -> Expected<void> {
      auto opened = realm(name);
      if (!opened) return tl::make_unexpected(opened.error());
      const Realm::Parts& parts = *opened->parts_;
      const std::string detail = told(id);
      if (maybe_told) {
        const auto last = RealmState(parts, store::Access::read).head().audit_number;
        if (is_in_trail(*opened, last, detail)) return {};
      }
      RealmChange change(parts);
      change.note({.event = audit::Event::root_key_rotated, .actor = actor, .detail = detail});
      change.commit();
      return {};
    });
    if (!noted)
      rotation.warning += (rotation.warning.empty() ? "" : "; ") +
                          std::string("the trail of realm ") + name +
                          " does not tell of it: " + noted.error().message;
  }
}

namespace {

// What was wrapped with the old key is not to stay in the store's files.
void scrub(store::Store& store, RootRotation& rotation) {
  try {
    store.scrub();
  } catch (const Failure& failure) {
    rotation.warning += (rotation.warning.empty() ? "" : "; ") + failure.error().message;
  }
}

}  // namespace

bool Engine::finish_root_rotation(const Actor& actor, RootRotation& rotation) {
  const std::string url = shared_->root_key->url();
  const auto next = value_or_throw(vault::load_staged_root_key(url));
  if (!next) return false;
  const vault::KeyId id = vault::id_of(*next);
  const auto keys = shared_->store->keys();
  if (keys.empty() || !wrapped_with(keys, id)) return false;
  rotation.id = id;
  rotation.url = url;
  rotation.continued = true;
  shared_->root_key->adopt(url, Secret::copy_of(next->bytes()));
  // In place last: until then it shows that something is left to be done.
  tell_of_root_key(id, actor, true, rotation);
  value_or_throw(vault::promote_root_key(url));
  scrub(*shared_->store, rotation);
  return true;
}

void Engine::finish_root_rotation_at_opening() {
  try {
    if (auto next = vault::load_staged_root_key(shared_->root_key->url()); !next || !*next) return;
    // Whoever has it is at work.
    const auto lock =
        lock_root(shared_->configuration.store_url, store::Holding::alone, store::Waiting::no);
    RootRotation rotation;
    if (lock && finish_root_rotation({"libcred"}, rotation)) shared_->finished = rotation;
  } catch (const Failure&) {
    // Some may not exchange the key; the store opens with the next one as well.
  }
}

Expected<RootRotation> Engine::rotate_root_key(const std::optional<std::string>& to,
                                               const vault::AskSecret& ask, const Actor& actor) {
  return at_the_door([&]() -> Expected<RootRotation> {
    if (!to && shared_->finished) return *shared_->finished;
    return to ? move_root_key(*to, ask, actor) : renew_root_key(actor);
  });
}

void Engine::exchange_root_key(const Secret& next, const std::string& url, const Actor& actor,
                               RootRotation& rotation) {
  constexpr int most_tries = 16;
  store::Store& store = *shared_->store;
  const std::string kept = backup::Directory(shared_->configuration.backup_directory).path();
  rotation.id = vault::id_of(next);
  rotation.url = url;
  for (int i = 0;; ++i) {
    const auto keys = store.keys();
    if (keys.empty()) throw Failure(Code::integrity, "there is no key in the store");
    const auto id = value_or_throw(vault::key_id_of(keys.front().second.wrapped));
    if (id == rotation.id && wrapped_with(keys, id)) {
      rotation.continued = true;
      break;
    }
    const auto current = shared_->root_key->matching(id);
    value_or_throw(vault::keep_old_root(kept, *current, next));
    if (wrap_all(store, keys, *current, next)) break;
    if (i == most_tries)
      throw Failure(Code::conflict, "keys are being changed by others; try again");
  }
  shared_->root_key->adopt(url, Secret::copy_of(next.bytes()));
  tell_of_root_key(rotation.id, actor, rotation.continued, rotation);
}

RootRotation Engine::renew_root_key(const Actor& actor) {
  const std::string url = shared_->root_key->url();
  const auto lock = lock_root(shared_->configuration.store_url, store::Holding::alone);
  RootRotation rotation;
  if (finish_root_rotation(actor, rotation)) return rotation;
  value_or_throw(vault::stage_root_key(url));
  const auto next = value_or_throw(vault::load_staged_root_key(url));
  if (!next) throw Failure(Code::conflict, "the next root key was removed meanwhile; try again");
  try {
    exchange_root_key(*next, url, actor, rotation);
  } catch (const Failure&) {
    // Unless the store is wrapped with it, as far as anybody can say.
    const auto keys = shared_->store->keys();
    if (!keys.empty() &&
        value_or_throw(vault::key_id_of(keys.front().second.wrapped)) != vault::id_of(*next))
      (void)vault::discard_staged_root_key(url);
    throw;
  }
  value_or_throw(vault::promote_root_key(url));
  scrub(*shared_->store, rotation);
  return rotation;
}

RootRotation Engine::move_root_key(const std::string& url, const vault::AskSecret& ask,
                                   const Actor& actor) {
  const std::string path = vault::root_key_path(url);
  auto next = path.empty() || access(path.c_str(), F_OK) == 0
                  ? vault::load_root_key(url, ask)
                  : Expected<Secret>(fail(Code::unavailable, "there is no key " + path));
  if (!next && next.error().code == Code::unavailable) next = vault::create_root_key(url, ask);
  const Secret key = value_or_throw(std::move(next));
  const auto lock = lock_root(shared_->configuration.store_url, store::Holding::alone);
  RootRotation rotation;
  rotation.configure = true;
  if (vault::id_of(key) == vault::id_of(*shared_->root_key->get()))
    throw Failure(Code::conflict,
                  "that is the root key that is in use; name another place, or none to have a new "
                  "key in the same file");
  // A successor that nothing is wrapped with would be taken for an unfinished rotation.
  RootRotation before;
  if (!finish_root_rotation(actor, before))
    value_or_throw(vault::discard_staged_root_key(shared_->root_key->url()));
  exchange_root_key(key, url, actor, rotation);
  scrub(*shared_->store, rotation);
  return rotation;
}

RootKeyStatus Engine::root_key_status() const {
  RootKeyStatus status{shared_->root_key->url(), vault::id_of(*shared_->root_key->get()), {}};
  const std::string path = vault::root_key_path(status.url);
  struct stat file {};
  if (!path.empty() && stat(path.c_str(), &file) == 0)
    status.since = Time(std::chrono::seconds(file.st_mtim.tv_sec));
  return status;
}

}  // namespace cred::engine
