#include "hash/recipe.hpp"

#include "base/hexadecimal.hpp"
#include "hash/crypt3.hpp"
#include "hash/parameters.hpp"

#include <algorithm>
#include <charconv>
#include <span>

namespace cred::hash {
namespace {

struct Scheme {
  std::string_view word;
  Method method;
  std::string_view algorithm;
  std::size_t digest_bytes;  // 0: the last of the numbers says
  std::size_t numbers;
  bool salt_is_text;
};

constexpr std::array schemes{
    Scheme{"crypt", Method::crypt, "", 0, 0, true},
    Scheme{"bcrypt-sha256", Method::bcrypt_sha256, "SHA256", 31, 0, true},
    Scheme{"apr1", Method::apr1, "MD5", 22, 0, true},
    Scheme{"md5", Method::digest, "MD5", 16, 0, false},
    Scheme{"sha1", Method::digest, "SHA1", 20, 0, false},
    Scheme{"sha256", Method::digest, "SHA256", 32, 0, false},
    Scheme{"sha384", Method::digest, "SHA384", 48, 0, false},
    Scheme{"sha512", Method::digest, "SHA512", 64, 0, false},
    Scheme{"salt-md5", Method::salt_first, "MD5", 16, 0, false},
    Scheme{"salt-sha1", Method::salt_first, "SHA1", 20, 0, false},
    Scheme{"pbkdf2-sha1", Method::pbkdf2, "SHA1", 0, 2, false},
    Scheme{"pbkdf2-sha256", Method::pbkdf2, "SHA256", 0, 2, false},
    Scheme{"pbkdf2-sha512", Method::pbkdf2, "SHA512", 0, 2, false},
    Scheme{"scrypt", Method::scrypt, "scrypt", 0, 4, false},
    Scheme{"argon2i", Method::argon2, "argon2i", 0, 5, false},
    Scheme{"argon2id", Method::argon2, "argon2id", 0, 5, false},
    Scheme{"nt", Method::nt, "MD4", 16, 0, false},
};

// About four seconds at most.
constexpr std::uint32_t most_iterations = 5'000'000;
constexpr std::uint64_t most_memory = std::uint64_t{256} * 1024;  // KiB
constexpr std::uint64_t most_work = std::uint64_t{1024} * 1024;   // KiB times p
constexpr std::size_t least_digest = 16;
constexpr std::size_t most_digest = 128;

const Scheme* find(std::string_view word) {
  const auto* found = std::find_if(schemes.begin(), schemes.end(),
                                   [&](const Scheme& scheme) { return scheme.word == word; });
  return found == schemes.end() ? nullptr : found;
}

// Of scrypt, in KiB: blocks of 128 bytes times r.
std::uint64_t scrypt_memory(const Recipe& recipe) {
  const std::uint32_t log2_n = recipe.numbers[0];
  return log2_n > 32 ? UINT64_MAX >> 24 : (std::uint64_t{128} * recipe.numbers[1] << log2_n) / 1024;
}

Expected<void> check_pbkdf2(const Recipe& recipe, std::size_t length) {
  const std::uint64_t block = recipe.algorithm == "SHA1"     ? 20
                              : recipe.algorithm == "SHA256" ? 32
                                                             : 64;
  if (recipe.numbers[0] < 1) return fail(Code::usage, "its PBKDF2 parameters are none");
  // Each block of the digest costs all iterations.
  if (recipe.numbers[0] * ((length + block - 1) / block) > most_iterations)
    return fail(Code::usage, "PBKDF2 is taken with at most 5,000,000 iterations in all");
  return {};
}

Expected<void> check_scrypt(const Recipe& recipe) {
  const auto [log2_n, r, p, length, unused] = recipe.numbers;
  if (log2_n < 1 || r < 1 || p < 1) return fail(Code::usage, "its scrypt parameters are none");
  const std::uint64_t memory = scrypt_memory(recipe);
  if (r > 64 || p > 64 || memory > most_memory || memory * p > most_work)
    return fail(Code::usage, "scrypt is taken with at most 256 MiB, and 1 GiB in all its lanes");
  return {};
}

Expected<void> check_argon2(const Recipe& recipe) {
  const auto [version, memory, passes, lanes, length] = recipe.numbers;
  if (version != 0x10 && version != 0x13)
    return fail(Code::usage, "Argon2 is taken in the versions 16 and 19");
  if (recipe.salt.size() < 8) return fail(Code::usage, "its Argon2 salt is too short");
  if (auto right = demandable({memory, passes, lanes}); !right)
    return fail(Code::usage, right.error().message);
  return {};
}

Expected<void> check_salt(const Recipe& recipe) {
  switch (recipe.method) {
    case Method::crypt: return check_setting(recipe.salt);
    case Method::bcrypt_sha256: {
      const CryptScheme* inner = crypt_scheme(recipe.salt);
      if (inner == nullptr || inner->name != "bcrypt")
        return fail(Code::usage, "it is no well-formed bcrypt string");
      return check_setting(recipe.salt);
    }
    case Method::apr1: {
      const auto legal = [](char c) { return c > ' ' && c < 0x7f && c != '$' && c != ':'; };
      if (recipe.salt.empty() || recipe.salt.size() > 8 ||
          !std::all_of(recipe.salt.begin(), recipe.salt.end(), legal))
        return fail(Code::usage, "it is no well-formed apr1 string");
      return {};
    }
    default: break;
  }
  if (recipe.salt.size() > max_foreign_salt_bytes)
    return fail(Code::usage, "its salt is longer than 128 bytes");
  return {};
}

bool take_number(std::string_view& text, std::uint32_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

bool from_hexadecimal(std::string_view text, std::string& bytes) {
  if (text.size() % 2 != 0) return false;
  constexpr std::string_view digits = "0123456789abcdef";
  for (std::size_t i = 0; i < text.size(); i += 2) {
    const std::size_t high = digits.find(text[i]);
    const std::size_t low = digits.find(text[i + 1]);
    if (high == std::string_view::npos || low == std::string_view::npos) return false;
    bytes.push_back(static_cast<char>(high << 4 | low));
  }
  return true;
}

}  // namespace

Expected<Recipe> recipe_of(std::string_view word) {
  const Scheme* scheme = find(word);
  if (scheme == nullptr) return fail(Code::usage, "this kind of hash is not known");
  Recipe recipe;
  recipe.method = scheme->method;
  recipe.word = scheme->word;
  recipe.algorithm = scheme->algorithm;
  return recipe;
}

std::string print(const Recipe& recipe) {
  const Scheme* scheme = find(recipe.word);
  if (scheme == nullptr) return {};
  std::string text(recipe.word);
  text += ':';
  for (std::size_t i = 0; i < scheme->numbers; ++i)
    text += (i == 0 ? "" : ",") + std::to_string(recipe.numbers[i]);
  text += ':';
  return text +
         (scheme->salt_is_text ? recipe.salt : hexadecimal(std::as_bytes(std::span(recipe.salt))));
}

Expected<Recipe> parse_recipe(std::string_view text) {
  const auto malformed = [] {
    return fail(Code::integrity, "how a stored foreign hash is made is malformed");
  };
  const std::size_t colon = text.find(':');
  if (text.size() > max_recipe_bytes || colon == std::string_view::npos) return malformed();
  auto recipe = recipe_of(text.substr(0, colon));
  if (!recipe) return malformed();
  const Scheme* scheme = find(recipe->word);
  std::string_view rest = text.substr(colon + 1);
  for (std::size_t i = 0; i < scheme->numbers; ++i) {
    if (i > 0 && !rest.starts_with(',')) return malformed();
    if (i > 0) rest.remove_prefix(1);
    if (!take_number(rest, recipe->numbers[i])) return malformed();
  }
  if (!rest.starts_with(':')) return malformed();
  rest.remove_prefix(1);
  if (scheme->salt_is_text)
    recipe->salt = rest;
  else if (!from_hexadecimal(rest, recipe->salt))
    return malformed();
  // One text for one recipe: no leading zeros, say.
  if (!bounded(*recipe) || print(*recipe) != text) return malformed();
  return recipe;
}

Expected<void> bounded(const Recipe& recipe) {
  if (auto right = check_salt(recipe); !right) return right;
  const std::size_t length = digest_bytes(recipe);
  if (length < least_digest) return fail(Code::usage, "its digest is shorter than 16 bytes");
  if (length > most_digest) return fail(Code::usage, "its digest is longer than 128 bytes");
  switch (recipe.method) {
    case Method::pbkdf2: return check_pbkdf2(recipe, length);
    case Method::scrypt: return check_scrypt(recipe);
    case Method::argon2: return check_argon2(recipe);
    default: return {};
  }
}

std::uint32_t memory_of(const Recipe& recipe) {
  switch (recipe.method) {
    case Method::crypt: return memory_of_setting(recipe.salt);
    case Method::scrypt:
      return static_cast<std::uint32_t>(std::min(scrypt_memory(recipe), most_memory));
    case Method::argon2: return recipe.numbers[1];
    default: return 0;
  }
}

std::size_t digest_bytes(const Recipe& recipe) {
  if (recipe.method == Method::crypt) {
    const CryptScheme* inner = crypt_scheme(recipe.salt);
    return inner == nullptr ? 0 : inner->digest_characters;
  }
  const Scheme* scheme = find(recipe.word);
  if (scheme == nullptr) return 0;
  return scheme->numbers > 0 ? recipe.numbers[scheme->numbers - 1] : scheme->digest_bytes;
}

}  // namespace cred::hash
