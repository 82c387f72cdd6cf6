// What is known of a realm as a whole: how far it has come, the digests by which an older
// row or database shows, its state. One sealed row, written with every change.
// docs/formats/head.md
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "vault/vault.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cred::engine {

// Passwords set before a moment that are suspected to be known to others.
struct Wave {
  Time before{};
  Time at{};  // when the mark was set
  bool lock = false;
};

struct Head {
  std::uint64_t number = 0;  // +1 with every change
  Time time{};               // of the change; never goes back
  std::string realm;         // its name, so that names cannot be exchanged
  vault::Digest tree{};      // root of the tree over the accounts
  std::uint64_t accounts = 0;

  std::uint64_t audit_number = 0;  // of the last record of the trail
  vault::Mac audit_mac{};
  std::uint64_t audit_pruned = 0;  // records up to this one are gone
  std::uint64_t checkpoint_epoch = 1;
  std::uint64_t checkpoint_number = 0;  // the last record that a checkpoint covers
  Time checkpoint_time{};
  std::array<std::byte, 32> genesis{};     // the first checkpoint's public key
  std::array<std::byte, 32> public_key{};  // the next one's

  std::uint32_t data_key = 0;      // number of the newest
  std::uint32_t keys_version = 0;  // +1 when keys come, retire or go
  // Data keys with lower numbers are retired; 0: not known, in a head of format 1.
  std::uint32_t oldest_key = 0;
  std::uint64_t tombstones = 0;
  vault::Mac tombstones_digest{};  // the sum (XOR) of theirs
  std::uint64_t grants = 0;        // generation of the document; 0: none
  std::uint64_t erased_bodies = 0;

  bool trial = false;
  std::optional<Time> expires;
  std::optional<Time> suspended;  // by an administrator

  std::vector<Wave> waves;
  std::uint32_t session_epoch = 0;  // added to that of each account

  // Signs the next checkpoint; destroyed by it. Empty in copies outside the store.
  Secret seed;
};

inline constexpr std::size_t most_waves = 16;

// Throw Failure when memory is short. `without_seed` is for copies that outlive the seed.
enum class Seed : std::uint8_t { with, without };
Secret encode(const Head& head, Seed seed);
// Errors: integrity.
Expected<Head> decode_head(std::span<const std::byte> bytes);

}  // namespace cred::engine
