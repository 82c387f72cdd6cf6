#include "hash/foreign.hpp"

#include "base/hexadecimal.hpp"
#include "hash/crypt3.hpp"
#include "hash/message_digest.hpp"
#include "hash/recipe.hpp"

#include <argon2.h>
#include <cstring>
#include <sodium.h>

namespace cred::hash {
namespace {

using Digest = Expected<Wiped<std::byte>>;

std::span<const std::byte> bytes_of(const std::string& text) {
  return std::as_bytes(std::span(text));
}

std::uint8_t* unsigned_bytes(std::span<const std::byte> bytes) {
  // libargon2's context is not const-correct; it only reads these.
  return const_cast<std::uint8_t*>(reinterpret_cast<const std::uint8_t*>(bytes.data()));
}

Digest argon2(const Recipe& recipe, const Secret& password) {
  const auto [version, memory, passes, lanes, length] = recipe.numbers;
  Wiped<std::byte> tag(length);
  argon2_context context{};
  context.out = reinterpret_cast<std::uint8_t*>(tag.data());
  context.outlen = length;
  context.pwd = unsigned_bytes(password.bytes());
  context.pwdlen = static_cast<std::uint32_t>(password.size());
  context.salt = unsigned_bytes(bytes_of(recipe.salt));
  context.saltlen = static_cast<std::uint32_t>(recipe.salt.size());
  context.t_cost = passes;
  context.m_cost = memory;
  context.lanes = lanes;
  context.threads = 1;
  context.version = version;
  context.flags = ARGON2_DEFAULT_FLAGS;
  const int result = argon2_ctx(&context, recipe.algorithm == "argon2i" ? Argon2_i : Argon2_id);
  if (result != ARGON2_OK)
    return fail(Code::unavailable, "Argon2 could not get its memory: free some");
  return tag;
}

// Django's bcrypt_sha256: whatever the length, bcrypt sees 64 characters.
Digest bcrypt_sha256(const Recipe& recipe, const Secret& password) {
  const auto sha256 = message_digest(recipe.algorithm, {password.bytes()});
  if (!sha256) return sha256;
  Secret text(2 * sha256->size() + 1);
  if (!text.ok()) return fail(Code::unavailable, "no memory for a foreign hash");
  (void)sodium_bin2hex(reinterpret_cast<char*>(text.uchars()), text.size(),
                       reinterpret_cast<const unsigned char*>(sha256->data()), sha256->size());
  text.shrink(text.size() - 1);  // libsodium terminates it
  return crypt3(text, recipe.salt);
}

Digest derive(const Secret& password, const Recipe& recipe) {
  const auto salt = bytes_of(recipe.salt);
  const auto& numbers = recipe.numbers;
  switch (recipe.method) {
    case Method::crypt: return crypt3(password, recipe.salt);
    case Method::bcrypt_sha256: return bcrypt_sha256(recipe, password);
    case Method::apr1: return apr1(password, recipe.salt);
    case Method::digest: return message_digest(recipe.algorithm, {password.bytes(), salt});
    case Method::salt_first: return message_digest(recipe.algorithm, {salt, password.bytes()});
    case Method::pbkdf2: return pbkdf2(recipe.algorithm, password, salt, numbers[0], numbers[1]);
    case Method::scrypt:
      return scrypt(password, salt, numbers[0], numbers[1], numbers[2], numbers[3]);
    case Method::argon2: return argon2(recipe, password);
    case Method::nt: return nt_hash(password);
  }
  return fail(Code::internal, "a foreign hash of an unknown kind");
}

}  // namespace

Expected<Wiped<std::byte>> derive(const Secret& password, std::string_view recipe) {
  const auto parsed = parse_recipe(recipe);
  if (!parsed) return tl::make_unexpected(parsed.error());
  return derive(password, *parsed);
}

Expected<Verifier> wrap(const Foreign& foreign, const Parameters& parameters, Arena& arena) {
  Verifier verifier;
  verifier.parameters = parameters;
  verifier.recipe = foreign.recipe;
  randombytes_buf(verifier.salt.data(), verifier.salt.size());
  if (auto done = argon2id(foreign.digest, verifier.salt, parameters, arena, verifier.tag); !done)
    return tl::make_unexpected(done.error());
  return verifier;
}

Expected<bool> is_wrapping_of(const Verifier& verifier, const Foreign& foreign, Arena& arena) {
  if (verifier.recipe != foreign.recipe) return false;
  std::array<std::byte, tag_bytes> tag{};
  if (auto done = argon2id(foreign.digest, verifier.salt, verifier.parameters, arena, tag); !done)
    return tl::make_unexpected(done.error());
  return sodium_memcmp(tag.data(), verifier.tag.data(), tag.size()) == 0;
}

std::optional<Verifier> native(std::string_view text, const Parameters& usual) {
  auto verifier = decode_phc(text);
  if (!verifier) return std::nullopt;
  if (!acceptable(verifier->parameters) && verifier->parameters != usual) return std::nullopt;
  return *verifier;
}

std::string_view scheme_of(std::string_view recipe) {
  const auto parsed = parse_recipe(recipe);
  if (!parsed) return "unknown";
  if (parsed->method != Method::crypt) return parsed->word;
  const CryptScheme* scheme = crypt_scheme(parsed->salt);
  return scheme == nullptr ? "unknown" : scheme->name;
}

bool is_salted(std::string_view recipe) {
  const auto parsed = parse_recipe(recipe);
  return parsed && !parsed->salt.empty();
}

bool cuts_off(std::string_view recipe, const Secret& password) {
  constexpr std::size_t most_of_bcrypt = 72;
  return password.size() > most_of_bcrypt && scheme_of(recipe) == "bcrypt";
}

}  // namespace cred::hash
