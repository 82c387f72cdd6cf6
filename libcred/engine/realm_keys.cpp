#include "engine/realm_keys.hpp"

#include "vault/root_key.hpp"

namespace cred::engine {

RootKey::RootKey(std::string url) : url_(std::move(url)) { reload(); }

std::shared_ptr<const Secret> RootKey::get() const {
  const std::lock_guard lock(mutex_);
  return key_;
}

void RootKey::reload() {
  auto key = std::make_shared<const Secret>(value_or_throw(vault::load_root_key(url_)));
  const std::lock_guard lock(mutex_);
  key_ = std::move(key);
}

std::shared_ptr<const Secret> RootKey::matching(vault::KeyId id) {
  auto key = get();
  if (vault::id_of(*key) == id) return key;
  reload();
  return get();
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
