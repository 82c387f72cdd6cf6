// Sealing: what goes into the store is encrypted and bound to its place.
// XChaCha20-Poly1305 with a random 24-byte nonce; docs/formats/sealed.md.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace cred::vault {

using Sealed = std::vector<std::byte>;
using KeyId = std::uint64_t;

inline constexpr std::size_t max_plaintext_bytes = 16U * 1024 * 1024;

enum class Field : std::uint8_t { credential = 1, profile = 2, history = 3, label = 4, login = 5 };

// Where a sealed value belongs: a row that is moved, renamed or put back under
// another generation does not open.
struct Place {
  Uuid account{};
  std::string_view name;
  Field field = Field::credential;
  std::uint64_t generation = 0;
};

using Subject = std::array<std::byte, 32>;

// The keys of one realm, derived per purpose from its data key by libsodium's
// crypto_kdf (BLAKE2b). Holds them until it is destroyed.
class Vault {
 public:
  // A fresh data key, wrapped for storing. `wrapped` opens only for this realm.
  static Expected<Sealed> create_data_key(const Secret& root_key, const Uuid& realm);
  // Errors: integrity (wrong root key, or the row was altered).
  static Expected<Vault> open_data_key(const Secret& root_key, const Uuid& realm,
                                       std::span<const std::byte> wrapped);

  // Throws Failure when memory is short.
  Sealed seal(const Place& place, std::span<const std::byte> plaintext) const;
  // Errors: integrity.
  Expected<Secret> open(const Place& place, std::span<const std::byte> sealed) const;

  // A keyed pseudonym of a login name, for attempt counters: the same work whether
  // the account exists or not, and no typed password in the store.
  Subject subject(std::string_view name) const;

  // HMAC-SHA512/256 under the audit key.
  std::array<std::byte, 32> audit_mac(std::span<const std::byte> record) const;

 private:
  explicit Vault(const Uuid& realm) : realm_(realm) {}
  Uuid realm_;
  KeyId key_id_ = 0;
  Secret sealing_[5];
  Secret subjects_;
  Secret audit_;
};

}  // namespace cred::vault
