#include "vault/key_source.hpp"

#include "base/bytes.hpp"

#include <cerrno>
#include <cstring>
#include <sodium.h>

// The root key out of a passphrase. docs/formats/root-key.md

namespace cred::vault {
namespace {

constexpr std::string_view what = "the passphrase file";
constexpr std::string_view magic = "libcredp";
constexpr std::uint8_t format = 1;
constexpr std::size_t check_bytes = 32;
constexpr std::size_t header_bytes = passphrase_file_bytes - check_bytes;

// A guess costs an attacker this much, and the machine at each start.
constexpr std::uint32_t memory_kib = 256U * 1024;
constexpr std::uint8_t passes = 3;
// What a file may ask for.
constexpr std::uint32_t min_memory_kib = 8;
constexpr std::uint32_t max_memory_kib = 1024U * 1024;
constexpr std::uint8_t max_passes = 10;

constexpr std::uint64_t check_subkey = 49;

static_assert(crypto_pwhash_argon2id_SALTBYTES ==
              std::tuple_size_v<decltype(PassphraseFile::salt)>);
static_assert(crypto_kdf_KEYBYTES == key_bytes);
static_assert(header_bytes == magic.size() + 1 + 4 + 1 + crypto_pwhash_argon2id_SALTBYTES);

Question question_about(const std::string& path) {
  return {"passphrase of the root key " + path, "root.passphrase",
          "Passphrase of the root key " + path + ": ",
          "hand it over as the systemd credential root.passphrase "
          "(LoadCredentialEncrypted=), or run credctl on a terminal or with --passphrase-stdin"};
}

Expected<Secret> new_passphrase(const std::string& path, const AskSecret& ask) {
  const char* asker = system_asker();
  const Question question = question_about(path);
  auto first = obtain(question, ask, asker);
  if (!first) return tl::make_unexpected(first.error());
  if (first->secret.size() < min_passphrase_bytes)
    return fail(Code::usage, "the passphrase is shorter than " +
                                 std::to_string(min_passphrase_bytes) +
                                 " bytes; nothing was created");
  if (first->secret.size() > max_passphrase_bytes)
    return fail(Code::usage, "the passphrase is longer than " +
                                 std::to_string(max_passphrase_bytes) +
                                 " bytes; nothing was created");
  if (first->from == From::credential) return std::move(first->secret);
  const auto again = obtain(
      {question.name, question.credential, std::string(prompt_again), question.how}, ask, asker);
  if (!again) return tl::make_unexpected(again.error());
  if (!again->secret.equals(first->secret))
    return fail(Code::usage, "the two passphrases differ; nothing was created");
  return std::move(first->secret);
}

}  // namespace

Expected<PassphraseFile> parse_passphrase_file(std::span<const std::byte> bytes) {
  Reader r(bytes);
  const auto name = r.take(magic.size());
  if (!r.ok() || std::memcmp(name.data(), magic.data(), magic.size()) != 0)
    return fail(Code::configuration, "is no passphrase file: credctl init creates one");
  if (r.u8() != format)
    return fail(Code::configuration, "has a format that this version of libcred does not know");
  PassphraseFile file;
  file.memory_kib = r.u32();
  file.passes = r.u8();
  const auto salt = r.take(file.salt.size());
  const auto check = r.take(file.check.size());
  if (!r.finished())
    return fail(Code::configuration, "has another length than " +
                                         std::to_string(passphrase_file_bytes) +
                                         " bytes: restore it from its backup");
  if (file.memory_kib < min_memory_kib || file.memory_kib > max_memory_kib || file.passes < 1 ||
      file.passes > max_passes)
    return fail(Code::configuration,
                "asks for more than 1 GiB or 10 passes, or for none: restore it from its backup");
  std::memcpy(file.salt.data(), salt.data(), salt.size());
  std::memcpy(file.check.data(), check.data(), check.size());
  return file;
}

std::array<std::byte, passphrase_file_bytes> bytes_of(const PassphraseFile& file) {
  std::array<std::byte, passphrase_file_bytes> bytes{};
  Writer w(bytes);
  w.put(std::as_bytes(std::span(magic)));
  w.u8(format);
  w.u32(file.memory_kib);
  w.u8(file.passes);
  w.put(file.salt);
  w.put(file.check);
  return bytes;
}

Expected<Secret> derive_passphrase_key(const PassphraseFile& file, const Secret& passphrase) {
  if (sodium_init() < 0) return fail(Code::internal, "libsodium could not be initialised");
  Secret key(key_bytes);
  if (!key.ok()) return fail(Code::unavailable, "no memory for the root key");
  // Never a null pointer, whatever the length.
  const char* text = passphrase.empty() ? "" : passphrase.chars();
  if (crypto_pwhash_argon2id(key.uchars(), key.size(), text, passphrase.size(),
                             reinterpret_cast<const unsigned char*>(file.salt.data()), file.passes,
                             std::size_t{file.memory_kib} * 1024,
                             crypto_pwhash_argon2id_ALG_ARGON2ID13) != 0)
    return fail(Code::unavailable, "the passphrase of the root key needs " +
                                       std::to_string((file.memory_kib + 1023) / 1024) +
                                       " MiB of memory for a moment" + because());
  return key;
}

std::array<std::byte, check_bytes> check_of(const PassphraseFile& file, const Secret& key) {
  Secret checking(crypto_generichash_KEYBYTES);
  if (!checking.ok()) throw Failure(Code::unavailable, "no memory for a key");
  crypto_kdf_derive_from_key(checking.uchars(), checking.size(), check_subkey, "libcred1",
                             key.uchars());
  const auto bytes = bytes_of(file);
  std::array<std::byte, check_bytes> check{};
  crypto_generichash(reinterpret_cast<unsigned char*>(check.data()), check.size(),
                     reinterpret_cast<const unsigned char*>(bytes.data()), header_bytes,
                     checking.uchars(), checking.size());
  return check;
}

Expected<Secret> load_passphrase_key(const std::string& path, const AskSecret& ask) {
  const auto bytes =
      read_guarded(path, what, {passphrase_file_bytes, passphrase_file_bytes}, Guard::group);
  if (!bytes) return tl::make_unexpected(bytes.error());
  const auto file = parse_passphrase_file(bytes->bytes());
  if (!file)
    return fail(file.error().code, std::string(what) + ' ' + path + ' ' + file.error().message);
  const auto passphrase = obtain(question_about(path), ask, system_asker());
  if (!passphrase) return tl::make_unexpected(passphrase.error());
  auto key = derive_passphrase_key(*file, passphrase->secret);
  if (!key) return key;
  const auto check = check_of(*file, *key);
  if (sodium_memcmp(check.data(), file->check.data(), check.size()) != 0)
    return fail(passphrase->from == From::person ? Code::refused : Code::configuration,
                passphrase->from == From::credential
                    ? "the passphrase in the credential root.passphrase is not that of " + path
                    : "the passphrase is wrong, or not that of " + path);
  return key;
}

Expected<Secret> create_passphrase_key(const std::string& path, const AskSecret& ask) {
  // Before anybody types in vain; the file is not replaced in any case.
  if (access(path.c_str(), F_OK) == 0)
    return fail(Code::conflict, "there is a passphrase file " + path + " already");
  const auto passphrase = new_passphrase(path, ask);
  if (!passphrase) return tl::make_unexpected(passphrase.error());
  PassphraseFile file{memory_kib, passes, {}, {}};
  randombytes_buf(file.salt.data(), file.salt.size());
  auto key = derive_passphrase_key(file, *passphrase);
  if (!key) return key;
  file.check = check_of(file, *key);
  if (auto created = create_guarded(path, what, bytes_of(file)); !created)
    return tl::make_unexpected(created.error());
  return key;
}

}  // namespace cred::vault
