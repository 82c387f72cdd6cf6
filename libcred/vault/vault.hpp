// Sealing: what goes into the store is encrypted and bound to its place.
// XChaCha20-Poly1305 with a random 24-byte nonce; docs/formats/sealed.md.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

namespace cred::vault {

using Sealed = std::vector<std::byte>;
using KeyId = std::uint64_t;
using Digest = std::array<std::byte, 16>;
using Mac = std::array<std::byte, 32>;

// The first byte of every sealed value; the key's id follows it.
inline constexpr std::uint8_t sealed_format = 1;
inline constexpr std::size_t max_plaintext_bytes = 16U * 1024 * 1024;

enum class Field : std::uint8_t {
  credential = 1,
  profile = 2,
  history = 3,
  label = 4,
  login = 5,
  head = 6,
  audit_body = 7,
  journal = 8,
  document = 9,
};
inline constexpr std::size_t fields = 9;

// Where a sealed value belongs: a row that is moved, renamed or put back under
// another generation does not open.
struct Place {
  Uuid account{};
  std::string_view name;
  Field field = Field::credential;
  std::uint64_t generation = 0;
};

using Subject = std::array<std::byte, 32>;

// A realm's keys as they are stored, wrapped by the root key. Number 0 holds the index
// keys, which stay; data keys are numbered from 1, and the highest number seals.
struct WrappedKey {
  std::uint32_t number = 0;
  Sealed wrapped;
  bool retired = false;  // no record needs it; backups may
};

// Fresh keys for a new realm: index keys and the first data key. Throws Failure.
std::vector<WrappedKey> create_keys(const Secret& root_key, const Uuid& realm);
// The next data key.
WrappedKey create_data_key(const Secret& root_key, const Uuid& realm, std::uint32_t number);
// The same key under another root key. Errors: integrity.
Expected<WrappedKey> rewrap(const WrappedKey& key, const Secret& root_key,
                            const Secret& next_root_key, const Uuid& realm);
// Index keys for a realm that was made when all keys came from its data key, and that data
// key wrapped anew, so that nobody can go back. Errors: integrity.
Expected<std::vector<WrappedKey>> upgrade_keys(const WrappedKey& data_key, const Secret& root_key,
                                               const Uuid& realm);
// The id of the key that a value is sealed with. Errors: integrity.
Expected<KeyId> key_id_of(std::span<const std::byte> sealed);
// The key of one backup's archive, wrapped by the root key. Throws Failure when memory is
// short.
Sealed wrap_archive_key(const Secret& root_key, const Secret& archive_key);
// Errors: integrity (another root key, or altered).
Expected<Secret> unwrap_archive_key(const Secret& root_key, std::span<const std::byte> wrapped);
// A root key that was in use, wrapped by its successor. Throws Failure when memory is short.
Sealed wrap_old_root(const Secret& next, const Secret& old);
// Errors: integrity (another successor, or altered).
Expected<Secret> unwrap_old_root(const Secret& next, std::span<const std::byte> wrapped);
// The seed of the Ed25519 key that signs the manifests of backups: 32 bytes. Throws Failure
// when memory is short.
Secret manifest_seed(const Secret& root_key);
// Names a root key without telling anything of it.
KeyId id_of(const Secret& key);

// The keys of one realm, derived per purpose by libsodium's crypto_kdf (BLAKE2b). Holds them
// until it is destroyed. Never altered: another rotation gives another Vault.
class Vault {
 public:
  // Errors: integrity (wrong root key, or a row was altered or is missing).
  static Expected<Vault> open(const Secret& root_key, const Uuid& realm,
                              std::span<const WrappedKey> keys);

  // With the newest data key. Throws Failure when memory is short.
  Sealed seal(const Place& place, std::span<const std::byte> plaintext) const;
  // Errors: integrity. A retired key opens nothing: whoever stole it could have forged the
  // value.
  Expected<Secret> open(const Place& place, std::span<const std::byte> sealed) const;
  // What a backup or the journal holds, which a retired key may have sealed.
  Expected<Secret> open_kept(const Place& place, std::span<const std::byte> sealed) const;
  // The same where many are opened one after the other: into `buffer`, which is made anew
  // when it is too small. Valid until the buffer is used again.
  Expected<std::span<const std::byte>> open_kept(const Place& place,
                                                 std::span<const std::byte> sealed,
                                                 Secret& buffer) const;

  std::uint32_t newest() const { return newest_; }
  KeyId newest_id() const { return newest_id_; }
  // Whether a value is sealed with the newest key.
  bool sealed_by_newest(std::span<const std::byte> sealed) const;
  // The number of the key with this id, retired or not.
  std::optional<std::uint32_t> number_of(KeyId id) const;
  bool is_retired(KeyId id) const;
  // Whether its index keys come from its data key: a realm that version 4 made, whose first
  // data key is still there.
  bool made_by_version_4() const { return made_by_version_4_; }
  // The lowest number of a data key that is not retired; 0: there is none.
  std::uint32_t oldest_in_use() const;

  // A keyed pseudonym of a login name, for attempt counters: the same work whether
  // the account exists or not, and no typed password in the store.
  Subject subject(std::string_view name) const;

  // HMAC-SHA512/256 under the audit key.
  Mac audit_mac(std::span<const std::byte> record) const;

  // Keyed BLAKE2b for the tree over the accounts, and for the anchor.
  Digest tree_digest(std::span<const std::byte> bytes) const;
  Mac anchor_digest(std::span<const std::byte> bytes) const;
  // Pseudonym of an account that is gone.
  Mac tombstone_digest(std::span<const std::byte> bytes) const;

 private:
  struct DataKey {
    std::uint32_t number = 0;
    bool retired = false;
    Secret sealing;  // one key for each field, one after the other
  };
  explicit Vault(const Uuid& realm) : realm_(realm) {}
  Expected<Secret> open(const Place& place, std::span<const std::byte> sealed,
                        bool retired_too) const;
  Uuid realm_;
  std::uint32_t newest_ = 0;
  KeyId newest_id_ = 0;
  std::map<KeyId, DataKey> data_keys_;
  bool made_by_version_4_ = false;
  Secret index_;  // subject, audit, tree, anchor, tombstone: 32 bytes each
};

}  // namespace cred::vault
