#include "audit/checkpoint.hpp"

#include "base/bytes.hpp"
#include "base/hexadecimal.hpp"

#include <algorithm>
#include <sodium.h>

namespace cred::audit {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::string_view label = "libcred audit checkpoint";
constexpr std::size_t unsigned_bytes = checkpoint_bytes - sizeof(Signature);

static_assert(sizeof(PublicKey) == crypto_sign_ed25519_PUBLICKEYBYTES);
static_assert(sizeof(Signature) == crypto_sign_ed25519_BYTES);
static_assert(seed_bytes == crypto_sign_ed25519_SEEDBYTES);

const unsigned char* uchars(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}

void put_unsigned(Writer& w, const Checkpoint& checkpoint) {
  w.u8(format);
  w.u64(checkpoint.number);
  w.put(checkpoint.mac);
  w.i64(checkpoint.time.time_since_epoch().count());
  w.u64(checkpoint.epoch);
  w.put(checkpoint.public_key);
  w.put(checkpoint.next_public_key);
}

// What is signed: a label that no other use of a key has, the realm, every field.
std::vector<std::byte> signed_part(const Checkpoint& checkpoint, const Uuid& realm) {
  std::vector<std::byte> bytes(4 + label.size() + realm.size() + unsigned_bytes);
  Writer w(bytes);
  w.text(label);
  w.put(realm);
  put_unsigned(w, checkpoint);
  return bytes;
}

struct KeyPair {
  PublicKey public_key{};
  Secret secret_key;
};

Expected<KeyPair> key_pair(const Secret& seed) {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  if (seed.size() != seed_bytes)
    return fail(Code::internal, "the seed of a checkpoint is not 32 bytes long");
  KeyPair keys{{}, Secret(crypto_sign_ed25519_SECRETKEYBYTES)};
  if (!keys.secret_key.ok()) return fail(Code::unavailable, "no memory for a key");
  crypto_sign_ed25519_seed_keypair(reinterpret_cast<unsigned char*>(keys.public_key.data()),
                                   keys.secret_key.uchars(), seed.uchars());
  return keys;
}

tl::unexpected<Error> bad(const Checkpoint& checkpoint, const char* why) {
  return fail(Code::integrity,
              "checkpoint " + std::to_string(checkpoint.epoch) + " of the trail: " + why);
}

template <std::size_t size>
void read(Reader& r, std::array<std::byte, size>& into) {
  const auto bytes = r.take(size);
  std::copy(bytes.begin(), bytes.end(), into.begin());
}

}  // namespace

std::vector<std::byte> encode(const Checkpoint& checkpoint) {
  std::vector<std::byte> bytes(checkpoint_bytes);
  Writer w(bytes);
  put_unsigned(w, checkpoint);
  w.put(checkpoint.signature);
  return bytes;
}

Expected<Checkpoint> decode_checkpoint(std::span<const std::byte> bytes) {
  Reader r(bytes);
  Checkpoint checkpoint;
  const bool known = r.u8() == format;
  checkpoint.number = r.u64();
  read(r, checkpoint.mac);
  checkpoint.time = Time(Duration(r.i64()));
  checkpoint.epoch = r.u64();
  read(r, checkpoint.public_key);
  read(r, checkpoint.next_public_key);
  read(r, checkpoint.signature);
  if (!r.finished() || !known || checkpoint.epoch < first_epoch)
    return fail(Code::integrity, "a checkpoint of the trail is malformed");
  return checkpoint;
}

Expected<Secret> new_seed() {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  Secret seed(seed_bytes);
  if (!seed.ok()) return fail(Code::unavailable, "no memory for a key");
  randombytes_buf(seed.uchars(), seed.size());
  return seed;
}

Expected<PublicKey> public_key_of(const Secret& seed) {
  return key_pair(seed).map([](const KeyPair& keys) { return keys.public_key; });
}

Expected<Signed> sign(const Uuid& realm, std::uint64_t number, const ChainMac& mac, Time time,
                      std::uint64_t epoch, const Secret& seed) {
  const auto keys = key_pair(seed);
  if (!keys) return tl::make_unexpected(keys.error());
  auto next_seed = new_seed();
  if (!next_seed) return tl::make_unexpected(next_seed.error());
  const auto next_key = public_key_of(*next_seed);
  if (!next_key) return tl::make_unexpected(next_key.error());
  Checkpoint checkpoint{number, mac, time, epoch, keys->public_key, *next_key, {}};
  const auto message = signed_part(checkpoint, realm);
  crypto_sign_ed25519_detached(reinterpret_cast<unsigned char*>(checkpoint.signature.data()),
                               nullptr, uchars(message), message.size(), keys->secret_key.uchars());
  return Signed{checkpoint, std::move(*next_seed)};
}

Expected<void> verify(const Checkpoint& checkpoint, const Uuid& realm, const PublicKey& expected) {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  if (checkpoint.public_key != expected)
    return bad(checkpoint, "it is signed with another key than the one before it names");
  const auto message = signed_part(checkpoint, realm);
  if (crypto_sign_ed25519_verify_detached(uchars(checkpoint.signature), uchars(message),
                                          message.size(), uchars(expected)) != 0)
    return bad(checkpoint, "its signature is wrong");
  return {};
}

Expected<PublicKey> check_sequence(std::span<const Checkpoint> checkpoints, const Uuid& realm,
                                   const PublicKey& genesis) {
  PublicKey expected = genesis;
  std::uint64_t epoch = first_epoch;
  const Checkpoint* previous = nullptr;
  for (const Checkpoint& checkpoint : checkpoints) {
    if (checkpoint.epoch != epoch)
      return fail(Code::integrity,
                  "checkpoint " + std::to_string(epoch) + " of the trail: it is missing");
    if (const auto good = verify(checkpoint, realm, expected); !good)
      return tl::make_unexpected(good.error());
    if (previous != nullptr && checkpoint.number < previous->number)
      return bad(checkpoint, "it covers fewer records than the one before it");
    if (previous != nullptr && checkpoint.number == previous->number &&
        checkpoint.mac != previous->mac)
      return bad(checkpoint, "it has another MAC for the same record than the one before it");
    expected = checkpoint.next_public_key;
    previous = &checkpoint;
    ++epoch;
  }
  return expected;
}

std::string fingerprint(const PublicKey& key) {
  constexpr std::size_t group = 4;
  std::string text = hexadecimal(key);
  for (std::size_t at = text.size() - group; at > 0; at -= group) text.insert(at, 1, ' ');
  return text;
}

Expected<PublicKey> parse_fingerprint(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  PublicKey key{};
  std::size_t count = 0;
  for (const char c : text) {
    if (c == ' ' || c == '\t' || c == '\n') continue;
    const auto value = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c - 'A' + 'a') : c);
    if (value == std::string_view::npos || count == 2 * key.size()) {
      count = 0;
      break;
    }
    auto& byte = key[count++ / 2];
    byte = byte << 4 | static_cast<std::byte>(value);
  }
  if (count != 2 * key.size())
    return fail(Code::usage, "a fingerprint is 64 hexadecimal digits, blanks between them or not");
  return key;
}

}  // namespace cred::audit
