#include "vault/vault.hpp"

#include "base/bytes.hpp"
#include "vault/root_key.hpp"

#include <iterator>
#include <sodium.h>

namespace cred::vault {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t mac_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t header_bytes = 1 + sizeof(KeyId);  // format, key id
constexpr std::size_t overhead = header_bytes + nonce_bytes + mac_bytes;

// Sub-key numbers; never reused for another purpose.
constexpr std::uint64_t wrapping_subkey = 1;
constexpr std::uint64_t sealing_subkey = 16;  // + Field
constexpr std::uint64_t subject_subkey = 32;
constexpr std::uint64_t audit_subkey = 33;
constexpr std::uint64_t id_subkey = 48;

static_assert(crypto_kdf_KEYBYTES == key_bytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == key_bytes);
static_assert(crypto_auth_hmacsha512256_KEYBYTES == key_bytes);

Secret allocate(std::size_t size) {
  Secret memory(size);
  if (!memory.ok()) throw Failure(Code::unavailable, "no memory for a key or a sealed record");
  return memory;
}

Secret derive(const Secret& key, std::uint64_t number) {
  Secret sub = allocate(key_bytes);
  crypto_kdf_derive_from_key(sub.uchars(), key_bytes, number, "libcred1", key.uchars());
  return sub;
}

// Names a key without telling anything of it.
KeyId id_of(const Secret& key) {
  const Secret sub = derive(key, id_subkey);
  return Reader(sub.bytes()).u64();
}

// Associated data: a fixed label, then every part with its length.
std::vector<std::byte> associated_data(std::string_view label, const Uuid& realm,
                                       const Place& place) {
  std::vector<std::byte> data(label.size() + place.name.size() + 64);
  Writer w(data);
  w.text(label);
  w.put(realm);
  w.put(place.account);
  w.text(place.name);
  w.u8(static_cast<std::uint8_t>(place.field));
  w.u64(place.generation);
  data.resize(w.used());
  return data;
}

Sealed encrypt(const Secret& key, KeyId key_id, std::span<const std::byte> data,
               std::span<const std::byte> plaintext) {
  Sealed sealed(overhead + plaintext.size());
  Writer w(sealed);
  w.u8(format);
  w.u64(key_id);
  auto* nonce = reinterpret_cast<unsigned char*>(sealed.data() + header_bytes);
  randombytes_buf(nonce, nonce_bytes);
  crypto_aead_xchacha20poly1305_ietf_encrypt(
      nonce + nonce_bytes, nullptr, reinterpret_cast<const unsigned char*>(plaintext.data()),
      plaintext.size(), reinterpret_cast<const unsigned char*>(data.data()), data.size(), nullptr,
      nonce, key.uchars());
  return sealed;
}

Expected<Secret> decrypt(const Secret& key, KeyId key_id, std::span<const std::byte> data,
                         std::span<const std::byte> sealed) {
  if (sealed.size() < overhead || sealed.size() > overhead + max_plaintext_bytes)
    return fail(Code::integrity, "a sealed value has an impossible length");
  Reader r(sealed);
  if (r.u8() != format) return fail(Code::integrity, "a sealed value has an unknown format");
  if (r.u64() != key_id) return fail(Code::integrity, "a sealed value was made with another key");
  const auto* nonce = reinterpret_cast<const unsigned char*>(r.take(nonce_bytes).data());
  const auto text = r.take(r.left());
  Secret plaintext = allocate(text.size() - mac_bytes);
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plaintext.uchars(), nullptr, nullptr, reinterpret_cast<const unsigned char*>(text.data()),
          text.size(), reinterpret_cast<const unsigned char*>(data.data()), data.size(), nonce,
          key.uchars()) != 0)
    return fail(Code::integrity, "a sealed value does not open: it was altered, moved or put back");
  return plaintext;
}

}  // namespace

Expected<Sealed> Vault::create_data_key(const Secret& root_key, const Uuid& realm) {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  Secret data_key = allocate(key_bytes);
  randombytes_buf(data_key.uchars(), data_key.size());
  return encrypt(derive(root_key, wrapping_subkey), id_of(root_key),
                 associated_data("libcred realm key", realm, {}), data_key.bytes());
}

Expected<Vault> Vault::open_data_key(const Secret& root_key, const Uuid& realm,
                                     std::span<const std::byte> wrapped) {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  const KeyId root_id = id_of(root_key);
  if (wrapped.size() >= header_bytes && Reader(wrapped.subspan(1)).u64() != root_id)
    return fail(Code::integrity,
                "the realm's key was wrapped with another root key; "
                "put the right one in its place");
  auto key = decrypt(derive(root_key, wrapping_subkey), root_id,
                     associated_data("libcred realm key", realm, {}), wrapped);
  if (!key) return tl::make_unexpected(key.error());
  if (key->size() != key_bytes) return fail(Code::integrity, "the realm's key has a wrong length");
  Vault vault(realm);
  vault.key_id_ = id_of(*key);
  for (std::uint64_t i = 0; i < std::size(vault.sealing_); ++i)
    vault.sealing_[i] = derive(*key, sealing_subkey + i + 1);
  vault.subjects_ = derive(*key, subject_subkey);
  vault.audit_ = derive(*key, audit_subkey);
  return vault;
}

Sealed Vault::seal(const Place& place, std::span<const std::byte> plaintext) const {
  if (plaintext.size() > max_plaintext_bytes)
    throw Failure(Code::internal, "a record is too large to be sealed");
  return encrypt(sealing_[static_cast<std::size_t>(place.field) - 1], key_id_,
                 associated_data("libcred field", realm_, place), plaintext);
}

Expected<Secret> Vault::open(const Place& place, std::span<const std::byte> sealed) const {
  return decrypt(sealing_[static_cast<std::size_t>(place.field) - 1], key_id_,
                 associated_data("libcred field", realm_, place), sealed);
}

Subject Vault::subject(std::string_view name) const {
  Subject subject{};
  crypto_generichash(reinterpret_cast<unsigned char*>(subject.data()), subject.size(),
                     reinterpret_cast<const unsigned char*>(name.data()), name.size(),
                     subjects_.uchars(), subjects_.size());
  return subject;
}

std::array<std::byte, 32> Vault::audit_mac(std::span<const std::byte> record) const {
  std::array<std::byte, 32> mac{};
  crypto_auth_hmacsha512256(reinterpret_cast<unsigned char*>(mac.data()),
                            reinterpret_cast<const unsigned char*>(record.data()), record.size(),
                            audit_.uchars());
  return mac;
}

}  // namespace cred::vault
