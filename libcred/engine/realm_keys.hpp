// The keys of a realm in this process, shared by all who have it open, and how far its
// store was seen to have come.
#pragma once

#include "base/secret.hpp"
#include "store/store.hpp"
#include "vault/root_key.hpp"
#include "vault/vault.hpp"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace cred::engine {

// The root key as the configuration names it. Read once, and again when the store was
// wrapped with another one meanwhile.
class RootKey {
 public:
  // `ask` as vault::load_root_key has it; `kept` is the directory of those that were in use.
  // Throws Failure.
  explicit RootKey(std::string url, vault::AskSecret ask = {}, std::string kept = {});
  // The same, of a key that was read already.
  RootKey(std::string url, Secret key, vault::AskSecret ask, std::string kept);
  std::shared_ptr<const Secret> get() const;
  void reload();
  // What the store may be wrapped with: the key with this id if it is this one, or the one
  // that this is about to give way to, which is the root key from then on. Else this one,
  // which does not open it.
  std::shared_ptr<const Secret> matching(vault::KeyId id);
  // What backups and the journal may be wrapped with: those that were in use, too.
  std::shared_ptr<const Secret> kept(vault::KeyId id);
  // This one, and those that were in use. Throws Failure.
  std::vector<std::shared_ptr<const Secret>> all() const;
  // A key that an earlier root key wrapped, wrapped with this one. Throws Failure (integrity).
  store::KeyRow under_this(store::KeyRow key, const Uuid& realm);
  // From now on it is this one.
  void adopt(std::string url, Secret key);
  std::string url() const;

 private:
  const vault::AskSecret ask_;
  const std::string kept_;
  mutable std::mutex mutex_;
  std::string url_;
  std::shared_ptr<const Secret> key_;
};

class RealmKeys {
 public:
  // Throws Failure (integrity): wrong root key, or a row was altered.
  RealmKeys(std::shared_ptr<RootKey> root, const Uuid& realm,
            const std::vector<store::KeyRow>& keys);
  std::shared_ptr<const vault::Vault> vault() const { return ring().vault; }

  // The keys with the version that the head gives them; `unknown` before the first look.
  static constexpr std::uint32_t unknown = 0xffffffff;
  struct Ring {
    std::shared_ptr<const vault::Vault> vault;
    std::uint32_t version = unknown;
  };
  Ring ring() const;
  // After keys came, retired or went: those of one state of the store, which the others get
  // unless they have newer ones. Throws Failure.
  std::shared_ptr<const vault::Vault> opened(const std::vector<store::KeyRow>& keys) const;
  void offer(const Ring& ring);
  RootKey& root() const { return *root_; }

  // Whether this process made sure that the realm is ready for use.
  std::atomic<bool> prepared{false};
  // The highest number of a head that this process saw.
  std::atomic<std::uint64_t> seen{0};
  // Up to this number changes are known to be in the journal.
  std::atomic<std::uint64_t> journaled{0};

 private:
  const std::shared_ptr<RootKey> root_;
  const Uuid realm_;
  mutable std::mutex mutex_;
  Ring ring_;
};

// Never makes it smaller.
void raise(std::atomic<std::uint64_t>& number, std::uint64_t at_least);

// As the vault takes them.
std::vector<vault::WrappedKey> wrapped_keys(const std::vector<store::KeyRow>& keys);

}  // namespace cred::engine
