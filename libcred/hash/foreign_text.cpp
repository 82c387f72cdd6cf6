// What other systems store, read by its prefix.
#include "hash/crypt3.hpp"
#include "hash/foreign.hpp"
#include "hash/recipe.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <sodium.h>

namespace cred::hash {
namespace {

using Read = Expected<Foreign>;

tl::unexpected<Error> malformed() { return fail(Code::usage, "its hash is malformed"); }

// A view that is cut into parts from its beginning.
class Parts {
 public:
  explicit Parts(std::string_view text) : rest_(text) {}
  // Up to the next `separator`, or all of the rest.
  std::string_view next(char separator = '$') {
    const std::size_t end = rest_.find(separator);
    const std::string_view part = rest_.substr(0, end);
    done_ = end == std::string_view::npos;
    rest_.remove_prefix(done_ ? rest_.size() : end + 1);
    return part;
  }
  bool take(std::string_view start) {
    if (!rest_.starts_with(start)) return false;
    rest_.remove_prefix(start.size());
    return true;
  }
  std::string_view rest() const { return rest_; }
  // The last part was taken, and it was the last one.
  bool finished() const { return done_; }

 private:
  std::string_view rest_;
  bool done_ = false;
};

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "m=65536": the number behind the key.
std::optional<std::uint32_t> number(std::string_view text, std::string_view key) {
  if (!text.starts_with(key)) return std::nullopt;
  return number(text.substr(key.size()));
}

// Base64 with or without padding; '.' is what passlib writes for '+'.
std::optional<Wiped<std::byte>> base64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  Wiped<char> usual(text.begin(), text.end());
  std::replace(usual.begin(), usual.end(), '.', '+');
  Wiped<std::byte> bytes(usual.size() / 4 * 3 + 3);
  std::size_t length = 0;
  const char* end = nullptr;
  if (usual.empty() ||
      sodium_base642bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), usual.data(),
                        usual.size(), nullptr, &length, &end,
                        sodium_base64_VARIANT_ORIGINAL_NO_PADDING) != 0 ||
      end != usual.data() + usual.size())
    return std::nullopt;
  bytes.resize(length);
  return bytes;
}

std::optional<Wiped<std::byte>> hexadecimal_bytes(std::string_view text) {
  Wiped<std::byte> bytes(text.size() / 2);
  std::size_t length = 0;
  const char* end = nullptr;
  if (text.empty() || text.size() % 2 != 0 ||
      sodium_hex2bin(reinterpret_cast<unsigned char*>(bytes.data()), bytes.size(), text.data(),
                     text.size(), nullptr, &length, &end) != 0 ||
      end != text.data() + text.size() || length != bytes.size())
    return std::nullopt;
  return bytes;
}

std::string text_of(std::span<const std::byte> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

Wiped<std::byte> characters(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

Read made(const Recipe& recipe, std::optional<Wiped<std::byte>> digest) {
  if (!digest) return malformed();
  if (auto right = bounded(recipe); !right) return tl::make_unexpected(right.error());
  if (digest->size() != digest_bytes(recipe)) return malformed();
  return Foreign{print(recipe), std::move(*digest)};
}

// With the digest's length as the last of `numbers`.
Read derived(std::string_view word, std::initializer_list<std::optional<std::uint32_t>> numbers,
             std::string salt, std::optional<Wiped<std::byte>> digest) {
  auto recipe = recipe_of(word);
  if (!recipe || !digest) return malformed();
  std::size_t at = 0;
  for (const auto& given : numbers) {
    if (!given) return malformed();
    recipe->numbers.at(at++) = *given;
  }
  recipe->numbers.at(at) = static_cast<std::uint32_t>(digest->size());
  recipe->salt = std::move(salt);
  return made(*recipe, std::move(digest));
}

Read crypt_string(std::string_view text, std::string_view word = "crypt") {
  const CryptScheme* scheme = crypt_scheme(text);
  if (scheme == nullptr)
    return fail(Code::usage, text.starts_with("$2x$")
                                 ? "bcrypt of the variant 2x lets several passwords match"
                                 : "its kind of hash is not known");
  if (text.size() < scheme->prefix.size() + scheme->digest_characters) return malformed();
  const std::size_t setting = text.size() - scheme->digest_characters;
  const std::string_view digest = text.substr(setting);
  constexpr std::string_view alphabet =
      "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
  if (digest.find_first_not_of(alphabet) != std::string_view::npos) return malformed();
  auto recipe = recipe_of(word);
  if (!recipe) return tl::make_unexpected(recipe.error());
  recipe->salt = text.substr(0, setting);
  return made(*recipe, characters(digest));
}

Read apr1_string(std::string_view text) {
  Parts parts(text.substr(std::string_view("$apr1$").size()));
  auto recipe = recipe_of("apr1");
  recipe->salt = parts.next();
  const std::string_view digest = parts.next();
  if (!parts.finished()) return malformed();
  return made(*recipe, characters(digest));
}

// $argon2id$v=19$m=65536,t=3,p=4$SALT$DIGEST; without a version it is the one before.
Read argon2_string(std::string_view text) {
  if (!text.starts_with('$')) return malformed();
  Parts parts(text.substr(1));
  const std::string_view word = parts.next();
  if (word != "argon2i" && word != "argon2id")
    return fail(Code::usage, "of Argon2 the variants i and id are taken");
  std::uint32_t version = 0x10;
  std::string_view costs = parts.next();
  if (const auto given = number(costs, "v=")) {
    version = *given;
    costs = parts.next();
  }
  Parts each(costs);
  const auto memory = number(each.next(','), "m=");
  const auto passes = number(each.next(','), "t=");
  const auto lanes = number(each.next(','), "p=");
  // What follows would be a key's id or associated data, which are not stored with it.
  if (!each.finished()) return fail(Code::usage, "Argon2 with a key or data is not taken");
  const auto salt = base64(parts.next());
  auto digest = base64(parts.next());
  if (!salt || !parts.finished()) return malformed();
  return derived(word, {version, memory, passes, lanes}, text_of(*salt), std::move(digest));
}

// $scrypt$ln=16,r=8,p=1$SALT$DIGEST
Read scrypt_string(std::string_view text) {
  Parts parts(text.substr(std::string_view("$scrypt$").size()));
  Parts each(parts.next());
  const auto log2_n = number(each.next(','), "ln=");
  const auto r = number(each.next(','), "r=");
  const auto p = number(each.next(','), "p=");
  const auto salt = base64(parts.next());
  auto digest = base64(parts.next());
  if (!each.finished() || !parts.finished() || !salt) return malformed();
  return derived("scrypt", {log2_n, r, p}, text_of(*salt), std::move(digest));
}

// ITERATIONS$SALT$DIGEST, or i=ITERATIONS,l=LENGTH$SALT$DIGEST.
Read pbkdf2_string(std::string_view word, std::string_view rest) {
  Parts parts(rest);
  const std::string_view costs = parts.next();
  auto iterations = number(costs);
  if (!iterations) iterations = number(Parts(costs).next(','), "i=");
  const auto salt = base64(parts.next());
  auto digest = base64(parts.next());
  if (!parts.finished() || !salt) return malformed();
  return derived(word, {iterations}, text_of(*salt), std::move(digest));
}

Read pbkdf2_phc(std::string_view text) {
  struct Name {
    std::string_view prefix;
    std::string_view word;
  };
  constexpr std::array names{Name{"$pbkdf2-sha256$", "pbkdf2-sha256"},
                             Name{"$pbkdf2-sha512$", "pbkdf2-sha512"},
                             Name{"$pbkdf2-sha1$", "pbkdf2-sha1"}, Name{"$pbkdf2$", "pbkdf2-sha1"}};
  for (const auto& name : names)
    if (text.starts_with(name.prefix))
      return pbkdf2_string(name.word, text.substr(name.prefix.size()));
  return malformed();
}

// The digest, then the salt, in one base64.
Read ldap_digest(std::string_view word, std::string_view text, bool salted) {
  auto recipe = recipe_of(word);
  auto bytes = base64(text);
  if (!recipe || !bytes) return malformed();
  const std::size_t length = digest_bytes(*recipe);
  if (bytes->size() < length || (bytes->size() > length) != salted) return malformed();
  recipe->salt = text_of(std::span<const std::byte>(*bytes).subspan(length));
  bytes->resize(length);
  return made(*recipe, std::move(bytes));
}

bool same_word(std::string_view a, std::string_view b) {
  const auto upper = [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; };
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [&](char x, char y) { return upper(x) == upper(y); });
}

// RFC 2307 §5.3: {SCHEME}value.
Read ldap_value(std::string_view text) {
  Parts parts(text.substr(1));
  const std::string_view scheme = parts.next('}');
  const std::string_view value = parts.rest();
  if (same_word(scheme, "CRYPT")) {
    if (value.starts_with('{')) return malformed();
    return read_foreign(value);
  }
  if (same_word(scheme, "ARGON2")) return argon2_string(value);
  struct Name {
    std::string_view scheme;
    std::string_view word;
    bool salted;
  };
  constexpr std::array digests{
      Name{"SHA", "sha1", false},      Name{"SSHA", "sha1", true},
      Name{"SHA256", "sha256", false}, Name{"SSHA256", "sha256", true},
      Name{"SHA384", "sha384", false}, Name{"SSHA384", "sha384", true},
      Name{"SHA512", "sha512", false}, Name{"SSHA512", "sha512", true},
      Name{"MD5", "md5", false},       Name{"SMD5", "md5", true},
  };
  for (const auto& name : digests)
    if (same_word(scheme, name.scheme)) return ldap_digest(name.word, value, name.salted);
  constexpr std::array derivations{
      Name{"PBKDF2", "pbkdf2-sha1", true}, Name{"PBKDF2-SHA1", "pbkdf2-sha1", true},
      Name{"PBKDF2-SHA256", "pbkdf2-sha256", true}, Name{"PBKDF2-SHA512", "pbkdf2-sha512", true}};
  for (const auto& name : derivations)
    if (same_word(scheme, name.scheme)) return pbkdf2_string(name.word, value);
  if (same_word(scheme, "CLEARTEXT") || same_word(scheme, "PLAIN"))
    return fail(Code::usage, "it is a password in clear: set it with credctl passwd");
  return fail(Code::usage, "its kind of hash is not known");
}

// Django: the algorithm's name, its costs and the digest between dollars; salts are
// characters, used as they stand.
std::optional<Read> django_value(std::string_view text) {
  Parts parts(text);
  const std::string_view algorithm = parts.next();
  if (algorithm == "pbkdf2_sha256" || algorithm == "pbkdf2_sha1") {
    const auto iterations = number(parts.next());
    const std::string salt(parts.next());
    auto digest = base64(parts.next());
    if (!parts.finished()) return malformed();
    return derived(algorithm == "pbkdf2_sha1" ? "pbkdf2-sha1" : "pbkdf2-sha256", {iterations}, salt,
                   std::move(digest));
  }
  if (algorithm == "scrypt") {
    const auto n = number(parts.next());
    const std::string salt(parts.next());
    const auto r = number(parts.next());
    const auto p = number(parts.next());
    auto digest = base64(parts.next());
    if (!parts.finished() || !n || *n < 2 || (*n & (*n - 1)) != 0) return malformed();
    std::uint32_t log2_n = 0;
    while (log2_n < 31 && (1U << log2_n) < *n) ++log2_n;
    return derived("scrypt", {log2_n, r, p}, salt, std::move(digest));
  }
  if (algorithm == "argon2") return argon2_string(text.substr(algorithm.size()));
  if (algorithm == "bcrypt") return crypt_string(parts.rest());
  if (algorithm == "bcrypt_sha256") return crypt_string(parts.rest(), "bcrypt-sha256");
  if (algorithm == "md5" || algorithm == "sha1") {
    auto recipe = recipe_of(algorithm == "md5" ? "salt-md5" : "salt-sha1");
    recipe->salt = parts.next();
    auto digest = hexadecimal_bytes(parts.next());
    if (!parts.finished()) return malformed();
    return made(*recipe, std::move(digest));
  }
  return std::nullopt;
}

bool looks_like_des(std::string_view text) {
  constexpr std::size_t des = 13;
  constexpr std::size_t bsdi = 20;
  return text.size() == des || (text.size() == bsdi && text.front() == '_');
}

}  // namespace

Expected<Foreign> read_foreign(std::string_view text) {
  if (text.size() > max_foreign_bytes) return fail(Code::usage, "its hash is too long");
  if (text.starts_with('{')) return ldap_value(text);
  if (text.starts_with("$apr1$")) return apr1_string(text);
  if (text.starts_with("$argon2")) return argon2_string(text);
  if (text.starts_with("$scrypt$")) return scrypt_string(text);
  if (text.starts_with("$pbkdf2")) return pbkdf2_phc(text);
  if (text.starts_with('$')) return crypt_string(text);
  if (auto django = django_value(text)) return std::move(*django);
  if (looks_like_des(text))
    return fail(Code::usage, "DES counts the first eight characters alone, and is broken");
  return fail(Code::usage, "its kind of hash is not known");
}

Expected<Foreign> read_nt_hash(std::string_view hexadecimal) {
  return made(*recipe_of("nt"), hexadecimal_bytes(hexadecimal));
}

}  // namespace cred::hash
