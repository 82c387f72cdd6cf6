#include "backup/manifest.hpp"

#include "backup/files.hpp"
#include "backup/manifest_json.hpp"
#include "base/file.hpp"
#include "base/hexadecimal.hpp"

#include <algorithm>
#include <cerrno>
#include <sodium.h>
#include <sys/stat.h>

namespace cred::backup {
namespace {

constexpr std::size_t signature_bytes = crypto_sign_BYTES;
using Signature = std::array<std::byte, signature_bytes>;

static_assert(signing_seed_bytes == crypto_sign_SEEDBYTES);
static_assert(std::tuple_size_v<PublicKey> == crypto_sign_PUBLICKEYBYTES);

template <std::size_t Size>
std::array<std::byte, Size> from_hex(const Json& json, const char* member) {
  std::array<std::byte, Size> bytes{};
  const std::string text = text_of(json, member);
  std::size_t size = 0;
  if (!is_hexadecimal(text) || text.size() != 2 * Size ||
      sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), Size, text.data(), text.size(),
                     nullptr, &size, nullptr) != 0 ||
      size != Size)
    throw Failure(Code::integrity, std::string("\"") + member + "\" is not " +
                                       std::to_string(2 * Size) +
                                       " hexadecimal digits in lower case");
  return bytes;
}

const unsigned char* uchars(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

void initialise() {
  if (sodium_init() < 0) throw Failure(Code::internal, "libsodium could not be initialised");
}

struct KeyPair {
  explicit KeyPair(const Secret& seed) : secret_key(crypto_sign_SECRETKEYBYTES) {
    if (seed.size() != signing_seed_bytes)
      throw Failure(Code::internal, "the seed of a signature has " + std::to_string(seed.size()) +
                                        " bytes instead of 32");
    initialise();
    if (!secret_key.ok()) throw Failure(Code::unavailable, "no memory for the signing key");
    (void)crypto_sign_seed_keypair(reinterpret_cast<unsigned char*>(public_key.data()),
                                   secret_key.uchars(), seed.uchars());
  }
  PublicKey public_key{};
  Secret secret_key;
};

std::string file_text(const Json& manifest, const PublicKey& key, const Signature& signature) {
  return Json{{"manifest", manifest},
              {"public_key", hexadecimal(key)},
              {"signature", hexadecimal(signature)}}
             .dump(2) +
         '\n';
}

SignedManifest decode_or_throw(std::string_view text, const std::optional<PublicKey>& expected) {
  initialise();
  if (text.size() > max_manifest_bytes) throw Failure(Code::integrity, "is too large");
  const Json file = parse(text);
  check_members(file, "the file", {"manifest", "public_key", "signature"}, {});
  SignedManifest result;
  result.public_key = from_hex<std::tuple_size_v<PublicKey>>(file, "public_key");
  const auto signature = from_hex<signature_bytes>(file, "signature");
  result.manifest = from_json(file.at("manifest"));
  if (expected && result.public_key != *expected)
    throw Failure(Code::integrity, "is signed with another key than expected");
  // Over what is given to the caller, not over what was read: nothing can be used that
  // was not signed.
  const Json manifest = to_json(result.manifest);
  const std::string canonical = manifest.dump();
  if (crypto_sign_verify_detached(
          reinterpret_cast<const unsigned char*>(signature.data()), uchars(canonical),
          canonical.size(), reinterpret_cast<const unsigned char*>(result.public_key.data())) != 0)
    throw Failure(Code::integrity, "was altered: its signature does not match");
  if (file_text(manifest, result.public_key, signature) != text)
    throw Failure(Code::integrity, "is not laid out as it was written");
  return result;
}

}  // namespace

PublicKey public_key_of(const Secret& seed) { return KeyPair(seed).public_key; }

std::string encode(const Manifest& manifest, const Secret& seed) {
  const KeyPair keys(seed);
  try {
    check(manifest);
    const Json json = to_json(manifest);
    const std::string canonical = json.dump();
    Signature signature{};
    (void)crypto_sign_detached(reinterpret_cast<unsigned char*>(signature.data()), nullptr,
                               uchars(canonical), canonical.size(), keys.secret_key.uchars());
    std::string text = file_text(json, keys.public_key, signature);
    if (text.size() > max_manifest_bytes) throw Failure(Code::integrity, "is too large");
    return text;
  } catch (const Failure& failure) {
    throw Failure(Code::internal, "a manifest that " + failure.error().message);
  } catch (const Json::exception&) {
    throw Failure(Code::internal, "a manifest with text that is not UTF-8");
  }
}

Expected<SignedManifest> decode(std::string_view text, const std::optional<PublicKey>& expected) {
  try {
    return decode_or_throw(text, expected);
  } catch (const Failure& failure) {
    return tl::make_unexpected(failure.error());
  }
}

void write_manifest(const std::string& path, const Manifest& manifest, const Secret& seed) {
  const std::string text = encode(manifest, seed);
  NewFile file(path);
  file.write(std::as_bytes(std::span(text)));
  file.put_in_place(NewFile::Existing::replace);
}

Expected<SignedManifest> read_manifest(const std::string& path,
                                       const std::optional<PublicKey>& expected) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 && errno == ENOENT)
    return fail(Code::not_found, "there is no " + path);
  const auto named = [&](const Error& error) {
    return fail(error.code, "the manifest " + path + ' ' + error.message);
  };
  const auto text = cred::read_file(path, max_manifest_bytes);
  if (!text) return named(text.error());
  auto decoded = decode(*text, expected);
  if (!decoded) return named(decoded.error());
  return decoded;
}

}  // namespace cred::backup
