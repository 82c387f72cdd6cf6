#include "engine/realm_keys.hpp"

#include "vault/root_archive.hpp"

namespace cred::engine {

RootKey::RootKey(std::string url, vault::AskSecret ask, std::string kept)
    : ask_(std::move(ask)), kept_(std::move(kept)), url_(std::move(url)) {
  reload();
}

RootKey::RootKey(std::string url, Secret key, vault::AskSecret ask, std::string kept)
    : ask_(std::move(ask)),
      kept_(std::move(kept)),
      url_(std::move(url)),
      key_(std::make_shared<const Secret>(std::move(key))) {}

std::shared_ptr<const Secret> RootKey::get() const {
  const std::lock_guard lock(mutex_);
  return key_;
}

std::string RootKey::url() const {
  const std::lock_guard lock(mutex_);
  return url_;
}

void RootKey::reload() {
  auto key = std::make_shared<const Secret>(value_or_throw(vault::load_root_key(url(), ask_)));
  const std::lock_guard lock(mutex_);
  key_ = std::move(key);
}

void RootKey::adopt(std::string url, Secret key) {
  auto shared = std::make_shared<const Secret>(std::move(key));
  const std::lock_guard lock(mutex_);
  url_ = std::move(url);
  key_ = std::move(shared);
}

std::shared_ptr<const Secret> RootKey::matching(vault::KeyId id) {
  if (auto key = get(); vault::id_of(*key) == id) return key;
  if (auto next = vault::load_staged_root_key(url()); next && *next && vault::id_of(**next) == id) {
    adopt(url(), std::move(**next));
    return get();
  }
  // After the look at the next one: it may have come into its place meanwhile.
  reload();
  return get();
}

std::shared_ptr<const Secret> RootKey::kept(vault::KeyId id) {
  auto key = get();
  if (vault::id_of(*key) == id || kept_.empty()) return key;
  auto found = value_or_throw(vault::find_root(kept_, *key, id));
  return found ? std::make_shared<const Secret>(std::move(*found)) : key;
}

std::vector<std::shared_ptr<const Secret>> RootKey::all() const {
  std::vector<std::shared_ptr<const Secret>> keys{get()};
  if (kept_.empty()) return keys;
  for (Secret& old : value_or_throw(vault::old_roots(kept_, *keys.front())))
    keys.push_back(std::make_shared<const Secret>(std::move(old)));
  return keys;
}

store::KeyRow RootKey::under_this(store::KeyRow key, const Uuid& realm) {
  const auto next = get();
  const auto id = value_or_throw(vault::key_id_of(key.wrapped));
  if (id == vault::id_of(*next)) return key;
  key.wrapped = value_or_throw(vault::rewrap({key.number, key.wrapped, key.retired.has_value()},
                                             *kept(id), *next, realm))
                    .wrapped;
  return key;
}

void raise(std::atomic<std::uint64_t>& number, std::uint64_t at_least) {
  std::uint64_t now = number;
  while (now < at_least && !number.compare_exchange_weak(now, at_least)) {}
}

std::vector<vault::WrappedKey> wrapped_keys(const std::vector<store::KeyRow>& keys) {
  std::vector<vault::WrappedKey> wrapped;
  for (const auto& key : keys)
    wrapped.push_back({key.number, key.wrapped, key.retired.has_value()});
  return wrapped;
}

namespace {

std::shared_ptr<const vault::Vault> opened(RootKey& root, const Uuid& realm,
                                           const std::vector<store::KeyRow>& keys) {
  if (keys.empty())
    throw Failure(Code::integrity, "the keys of the realm are missing from the store");
  const auto wrapped_by = value_or_throw(vault::key_id_of(keys.front().wrapped));
  return std::make_shared<const vault::Vault>(
      value_or_throw(vault::Vault::open(*root.matching(wrapped_by), realm, wrapped_keys(keys))));
}

}  // namespace

RealmKeys::RealmKeys(std::shared_ptr<RootKey> root, const Uuid& realm,
                     const std::vector<store::KeyRow>& keys)
    : root_(std::move(root)), realm_(realm), ring_{opened(keys), unknown} {}

RealmKeys::Ring RealmKeys::ring() const {
  const std::lock_guard lock(mutex_);
  return ring_;
}

std::shared_ptr<const vault::Vault> RealmKeys::opened(
    const std::vector<store::KeyRow>& keys) const {
  return engine::opened(*root_, realm_, keys);
}

void RealmKeys::offer(const Ring& ring) {
  const std::lock_guard lock(mutex_);
  if (ring_.version == unknown || ring.version > ring_.version) ring_ = ring;
}

}  // namespace cred::engine
