// Signed checkpoints of the trail. Each is signed with a key of its own, which the one
// before it names and which is destroyed once it has signed: whoever steals the key of
// today cannot sign another yesterday. docs/formats/audit.md
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "base/uuid.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cred::audit {

using ChainMac = std::array<std::byte, 32>;
using PublicKey = std::array<std::byte, 32>;  // Ed25519
using Signature = std::array<std::byte, 64>;

inline constexpr std::size_t seed_bytes = 32;
inline constexpr std::size_t checkpoint_bytes = 185;
inline constexpr std::uint64_t first_epoch = 1;

struct Checkpoint {
  std::uint64_t number = 0;  // of the last record that it covers; 0: of none
  ChainMac mac{};            // of that record
  Time time{};
  std::uint64_t epoch = first_epoch;  // one more at each checkpoint
  PublicKey public_key{};             // that verifies this one
  PublicKey next_public_key{};        // that verifies the next
  Signature signature{};
};

// Always `checkpoint_bytes` long.
std::vector<std::byte> encode(const Checkpoint& checkpoint);
// The checkpoint again; says nothing about its signature. Errors: integrity (malformed).
Expected<Checkpoint> decode_checkpoint(std::span<const std::byte> bytes);

// A seed for the first checkpoint of a realm, whose public key is the genesis key. Errors:
// unavailable (no memory).
Expected<Secret> new_seed();
// The public key that belongs to a seed. Errors: internal (not `seed_bytes` long), unavailable (no
// memory).
Expected<PublicKey> public_key_of(const Secret& seed);

struct Signed {
  Checkpoint checkpoint;
  Secret next_seed;  // signs the next checkpoint
};

// Signs that the trail of `realm` has `mac` at record `number`. Store the checkpoint and
// `next_seed` in one transaction; destroy `seed` once that is on disk, in every copy.
// Errors: internal (not `seed_bytes` long), unavailable (no memory).
Expected<Signed> sign(const Uuid& realm, std::uint64_t number, const ChainMac& mac, Time time,
                      std::uint64_t epoch, const Secret& seed);

// Whether `checkpoint` was signed for `realm` with the key that was to sign it. Errors:
// integrity.
Expected<void> verify(const Checkpoint& checkpoint, const Uuid& realm, const PublicKey& expected);

// Whether these are checkpoints of `realm` from the first on, without a gap: each signed
// with the key that the one before it names (the first with `genesis`), none covering less
// than the one before it. Answers the key that the next has to be signed with: if it is not
// that of the stored seed, checkpoints are missing at the end. Errors: integrity, with the
// epoch of the first bad one.
Expected<PublicKey> check_sequence(std::span<const Checkpoint> checkpoints, const Uuid& realm,
                                   const PublicKey& genesis);

// The key for people to keep and compare: 16 groups of four hexadecimal digits.
std::string fingerprint(const PublicKey& key);
// The key again; blanks and case do not matter. Errors: usage.
Expected<PublicKey> parse_fingerprint(std::string_view text);

}  // namespace cred::audit
