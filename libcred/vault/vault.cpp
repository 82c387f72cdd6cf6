#include "vault/vault.hpp"

#include "base/bytes.hpp"
#include "vault/root_key.hpp"

#include <algorithm>
#include <cstring>
#include <sodium.h>

namespace cred::vault {
namespace {

constexpr std::uint8_t format = sealed_format;
constexpr std::size_t nonce_bytes = crypto_aead_xchacha20poly1305_ietf_NPUBBYTES;
constexpr std::size_t mac_bytes = crypto_aead_xchacha20poly1305_ietf_ABYTES;
constexpr std::size_t header_bytes = 1 + sizeof(KeyId);  // format, key id
constexpr std::size_t overhead = header_bytes + nonce_bytes + mac_bytes;

// Sub-key numbers; never reused for another purpose.
constexpr std::uint64_t wrapping_subkey = 1;
constexpr std::uint64_t archive_subkey = 2;
constexpr std::uint64_t manifest_subkey = 3;
constexpr std::uint64_t old_root_subkey = 4;
constexpr std::uint64_t sealing_subkey = 16;  // + Field
constexpr std::uint64_t subject_subkey = 32;
constexpr std::uint64_t audit_subkey = 33;
constexpr std::uint64_t id_subkey = 48;

// The index keys, in their order.
enum Index : std::size_t { subjects, audit, tree, anchor, tombstones, index_keys };
constexpr std::size_t index_bytes = index_keys * key_bytes;

static_assert(crypto_kdf_KEYBYTES == key_bytes);
static_assert(crypto_aead_xchacha20poly1305_ietf_KEYBYTES == key_bytes);
static_assert(crypto_auth_hmacsha512256_KEYBYTES == key_bytes);

constexpr std::string_view data_key_label = "libcred realm key";
constexpr std::string_view index_label = "libcred realm index";
constexpr std::string_view field_label = "libcred field";
constexpr std::string_view archive_label = "libcred archive key";
constexpr std::string_view old_root_label = "libcred old root key";

Secret allocate(std::size_t size) {
  Secret memory(size);
  if (!memory.ok()) throw Failure(Code::unavailable, "no memory for a key or a sealed record");
  return memory;
}

void derive(unsigned char* sub_key, const Secret& key, std::uint64_t number) {
  crypto_kdf_derive_from_key(sub_key, key_bytes, number, "libcred1", key.uchars());
}

Secret derive(const Secret& key, std::uint64_t number) {
  Secret sub = allocate(key_bytes);
  derive(sub.uchars(), key, number);
  return sub;
}

void initialise() {
  if (sodium_init() < 0) throw Failure(Code::internal, "libsodium could not be initialised");
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

Sealed encrypt(const unsigned char* key, KeyId key_id, std::span<const std::byte> data,
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
      nonce, key);
  return sealed;
}

// The key is the one that the value names. `plaintext` has room for it.
Expected<void> decrypt(const unsigned char* key, std::span<const std::byte> data,
                       std::span<const std::byte> sealed, unsigned char* plaintext) {
  Reader r(sealed);
  (void)r.take(header_bytes);
  const auto* nonce = reinterpret_cast<const unsigned char*>(r.take(nonce_bytes).data());
  const auto text = r.take(r.left());
  if (crypto_aead_xchacha20poly1305_ietf_decrypt(
          plaintext, nullptr, nullptr, reinterpret_cast<const unsigned char*>(text.data()),
          text.size(), reinterpret_cast<const unsigned char*>(data.data()), data.size(), nonce,
          key) != 0)
    return fail(Code::integrity, "a sealed value does not open: it was altered, moved or put back");
  return {};
}

Expected<Secret> decrypt(const unsigned char* key, std::span<const std::byte> data,
                         std::span<const std::byte> sealed) {
  Secret plaintext = allocate(sealed.size() - overhead);
  if (auto opened = decrypt(key, data, sealed, plaintext.uchars()); !opened)
    return tl::make_unexpected(opened.error());
  return plaintext;
}

// Version 4 of the store had one data key, bound to no number.
constexpr std::uint64_t unnumbered = 0;

std::vector<std::byte> key_data(const Uuid& realm, std::uint32_t number, std::uint64_t generation) {
  Place place;
  place.generation = generation;
  return associated_data(number == 0 ? index_label : data_key_label, realm, place);
}

WrappedKey wrap(const Secret& root_key, const Uuid& realm, std::uint32_t number,
                const Secret& key) {
  const Secret wrapping = derive(root_key, wrapping_subkey);
  return {number,
          encrypt(wrapping.uchars(), id_of(root_key), key_data(realm, number, number), key.bytes()),
          false};
}

Expected<Secret> unwrap(const Secret& root_key, const Uuid& realm, const WrappedKey& key,
                        std::uint64_t generation) {
  const auto wrapped_by = key_id_of(key.wrapped);
  if (!wrapped_by) return tl::make_unexpected(wrapped_by.error());
  if (*wrapped_by != id_of(root_key))
    return fail(Code::integrity,
                "the realm's key was wrapped with another root key; "
                "put the right one in its place");
  const Secret wrapping = derive(root_key, wrapping_subkey);
  auto opened = decrypt(wrapping.uchars(), key_data(realm, key.number, generation), key.wrapped);
  if (opened && opened->size() != (key.number == 0 ? index_bytes : key_bytes))
    return fail(Code::integrity, "a key of the realm has a wrong length");
  return opened;
}

}  // namespace

Expected<KeyId> key_id_of(std::span<const std::byte> sealed) {
  if (sealed.size() < overhead || sealed.size() > overhead + max_plaintext_bytes)
    return fail(Code::integrity, "a sealed value has an impossible length");
  Reader r(sealed);
  if (r.u8() != format) return fail(Code::integrity, "a sealed value has an unknown format");
  return r.u64();
}

KeyId id_of(const Secret& key) {
  const Secret sub = derive(key, id_subkey);
  return Reader(sub.bytes()).u64();
}

std::vector<WrappedKey> create_keys(const Secret& root_key, const Uuid& realm) {
  initialise();
  Secret index = allocate(index_bytes);
  randombytes_buf(index.uchars(), index.size());
  std::vector<WrappedKey> keys;
  keys.push_back(wrap(root_key, realm, 0, index));
  keys.push_back(create_data_key(root_key, realm, 1));
  return keys;
}

WrappedKey create_data_key(const Secret& root_key, const Uuid& realm, std::uint32_t number) {
  initialise();
  Secret data_key = allocate(key_bytes);
  randombytes_buf(data_key.uchars(), data_key.size());
  return wrap(root_key, realm, number, data_key);
}

Expected<WrappedKey> rewrap(const WrappedKey& key, const Secret& root_key,
                            const Secret& next_root_key, const Uuid& realm) {
  initialise();
  const auto opened = unwrap(root_key, realm, key, key.number);
  if (!opened) return tl::make_unexpected(opened.error());
  auto wrapped = wrap(next_root_key, realm, key.number, *opened);
  wrapped.retired = key.retired;
  return wrapped;
}

Expected<std::vector<WrappedKey>> upgrade_keys(const WrappedKey& data_key, const Secret& root_key,
                                               const Uuid& realm) {
  initialise();
  const auto opened = unwrap(root_key, realm, data_key, unnumbered);
  if (!opened) return tl::make_unexpected(opened.error());
  Secret index = allocate(index_bytes);
  randombytes_buf(index.uchars(), index.size());
  // Counters and the trail go on as they are.
  derive(index.uchars() + subjects * key_bytes, *opened, subject_subkey);
  derive(index.uchars() + audit * key_bytes, *opened, audit_subkey);
  std::vector<WrappedKey> keys;
  keys.push_back(wrap(root_key, realm, 0, index));
  keys.push_back(wrap(root_key, realm, data_key.number, *opened));
  return keys;
}

namespace {

// A key wrapped with what a root key gives for one purpose.
struct Purpose {
  std::uint64_t subkey;
  std::string_view label;
};
constexpr Purpose archives{archive_subkey, archive_label};
constexpr Purpose old_roots{old_root_subkey, old_root_label};

Sealed wrap_for(const Purpose& purpose, const Secret& root_key, const Secret& key) {
  initialise();
  const Secret wrapping = derive(root_key, purpose.subkey);
  return encrypt(wrapping.uchars(), id_of(root_key), associated_data(purpose.label, {}, {}),
                 key.bytes());
}

Expected<Secret> unwrap_for(const Purpose& purpose, const Secret& root_key,
                            std::span<const std::byte> wrapped, const char* under_another,
                            const char* wrong_length) {
  initialise();
  const auto wrapped_by = key_id_of(wrapped);
  if (!wrapped_by) return tl::make_unexpected(wrapped_by.error());
  if (*wrapped_by != id_of(root_key)) return fail(Code::integrity, under_another);
  const Secret wrapping = derive(root_key, purpose.subkey);
  auto opened = decrypt(wrapping.uchars(), associated_data(purpose.label, {}, {}), wrapped);
  if (opened && opened->size() != key_bytes) return fail(Code::integrity, wrong_length);
  return opened;
}

}  // namespace

Sealed wrap_archive_key(const Secret& root_key, const Secret& archive_key) {
  return wrap_for(archives, root_key, archive_key);
}

Expected<Secret> unwrap_archive_key(const Secret& root_key, std::span<const std::byte> wrapped) {
  return unwrap_for(archives, root_key, wrapped,
                    "the backup was made under another root key; put that one in its place",
                    "the key of a backup has a wrong length");
}

Sealed wrap_old_root(const Secret& next, const Secret& old) {
  return wrap_for(old_roots, next, old);
}

Expected<Secret> unwrap_old_root(const Secret& next, std::span<const std::byte> wrapped) {
  return unwrap_for(old_roots, next, wrapped, "an old root key was wrapped by another one",
                    "an old root key has a wrong length");
}

Secret manifest_seed(const Secret& root_key) {
  initialise();
  return derive(root_key, manifest_subkey);
}

Expected<Vault> Vault::open(const Secret& root_key, const Uuid& realm,
                            std::span<const WrappedKey> keys) {
  initialise();
  Vault vault(realm);
  Secret first_subject;
  for (const WrappedKey& key : keys) {
    auto opened = unwrap(root_key, realm, key, key.number);
    if (!opened) return tl::make_unexpected(opened.error());
    if (key.number == 0) {
      vault.index_ = std::move(*opened);
      continue;
    }
    DataKey data_key{key.number, key.retired, allocate(fields * key_bytes)};
    for (std::uint64_t i = 0; i < fields; ++i)
      derive(data_key.sealing.uchars() + i * key_bytes, *opened, sealing_subkey + i + 1);
    const KeyId id = id_of(*opened);
    if (key.number == 1) first_subject = derive(*opened, subject_subkey);
    if (key.number > vault.newest_) {
      vault.newest_ = key.number;
      vault.newest_id_ = id;
    }
    vault.data_keys_.emplace(id, std::move(data_key));
  }
  if (vault.index_.empty() || vault.newest_ == 0)
    return fail(Code::integrity, "a key of the realm is missing from the store");
  vault.made_by_version_4_ =
      !first_subject.empty() &&
      sodium_memcmp(first_subject.uchars(), vault.index_.uchars() + subjects * key_bytes,
                    key_bytes) == 0;
  return vault;
}

namespace {

std::size_t offset_of(Field field) { return (static_cast<std::size_t>(field) - 1) * key_bytes; }

}  // namespace

Sealed Vault::seal(const Place& place, std::span<const std::byte> plaintext) const {
  if (plaintext.size() > max_plaintext_bytes)
    throw Failure(Code::internal, "a record is too large to be sealed");
  return encrypt(data_keys_.at(newest_id_).sealing.uchars() + offset_of(place.field), newest_id_,
                 associated_data(field_label, realm_, place), plaintext);
}

Expected<Secret> Vault::open(const Place& place, std::span<const std::byte> sealed,
                             bool retired_too) const {
  const auto id = key_id_of(sealed);
  if (!id) return tl::make_unexpected(id.error());
  const auto key = data_keys_.find(*id);
  if (key == data_keys_.end())
    return fail(Code::integrity, "a sealed value was made with another key");
  if (key->second.retired && !retired_too)
    return fail(Code::integrity, "a sealed value was made with a key that is retired");
  return decrypt(key->second.sealing.uchars() + offset_of(place.field),
                 associated_data(field_label, realm_, place), sealed);
}

Expected<Secret> Vault::open(const Place& place, std::span<const std::byte> sealed) const {
  return open(place, sealed, false);
}

Expected<Secret> Vault::open_kept(const Place& place, std::span<const std::byte> sealed) const {
  return open(place, sealed, true);
}

Expected<std::span<const std::byte>> Vault::open_kept(const Place& place,
                                                      std::span<const std::byte> sealed,
                                                      Secret& buffer) const {
  const auto id = key_id_of(sealed);
  if (!id) return tl::make_unexpected(id.error());
  const auto key = data_keys_.find(*id);
  if (key == data_keys_.end())
    return fail(Code::integrity, "a sealed value was made with another key");
  const std::size_t size = sealed.size() - overhead;
  if (buffer.size() < size) buffer = allocate(size);
  if (auto opened = decrypt(key->second.sealing.uchars() + offset_of(place.field),
                            associated_data(field_label, realm_, place), sealed, buffer.uchars());
      !opened)
    return tl::make_unexpected(opened.error());
  return buffer.bytes().first(size);
}

bool Vault::sealed_by_newest(std::span<const std::byte> sealed) const {
  const auto id = key_id_of(sealed);
  return id && *id == newest_id_;
}

std::optional<std::uint32_t> Vault::number_of(KeyId id) const {
  const auto key = data_keys_.find(id);
  if (key == data_keys_.end()) return std::nullopt;
  return key->second.number;
}

bool Vault::is_retired(KeyId id) const {
  const auto key = data_keys_.find(id);
  return key != data_keys_.end() && key->second.retired;
}

std::uint32_t Vault::oldest_in_use() const {
  std::uint32_t oldest = 0;
  for (const auto& [id, key] : data_keys_)
    if (!key.retired && (oldest == 0 || key.number < oldest)) oldest = key.number;
  return oldest;
}

namespace {

template <std::size_t N>
std::array<std::byte, N> keyed_digest(const Secret& index, Index key,
                                      std::span<const std::byte> bytes) {
  std::array<std::byte, N> digest{};
  crypto_generichash(reinterpret_cast<unsigned char*>(digest.data()), digest.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
                     index.uchars() + key * key_bytes, key_bytes);
  return digest;
}

}  // namespace

Subject Vault::subject(std::string_view name) const {
  return keyed_digest<32>(index_, subjects, std::as_bytes(std::span(name)));
}

Mac Vault::audit_mac(std::span<const std::byte> record) const {
  Mac mac{};
  crypto_auth_hmacsha512256(reinterpret_cast<unsigned char*>(mac.data()),
                            reinterpret_cast<const unsigned char*>(record.data()), record.size(),
                            index_.uchars() + audit * key_bytes);
  return mac;
}

Digest Vault::tree_digest(std::span<const std::byte> bytes) const {
  return keyed_digest<16>(index_, tree, bytes);
}

Mac Vault::anchor_digest(std::span<const std::byte> bytes) const {
  return keyed_digest<32>(index_, anchor, bytes);
}

Mac Vault::tombstone_digest(std::span<const std::byte> bytes) const {
  return keyed_digest<32>(index_, tombstones, bytes);
}

}  // namespace cred::vault
