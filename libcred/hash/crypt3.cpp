#include "hash/crypt3.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <crypt.h>
#include <cstring>
#include <optional>
#include <string>

namespace cred::hash {
namespace {

// bcrypt of the variant x has a defect by which several passwords match; DES counts
// eight characters. Neither is here.
using Cost = CryptScheme::Cost;
constexpr std::array schemes{
    CryptScheme{"$y$", "yescrypt", Cost::memory, 43},
    CryptScheme{"$gy$", "gost-yescrypt", Cost::memory, 43},
    CryptScheme{"$7$", "scrypt", Cost::memory, 43},
    CryptScheme{"$2a$", "bcrypt", Cost::power, 31},
    CryptScheme{"$2b$", "bcrypt", Cost::power, 31},
    CryptScheme{"$2y$", "bcrypt", Cost::power, 31},
    CryptScheme{"$6$", "sha512crypt", Cost::rounds, 86},
    CryptScheme{"$5$", "sha256crypt", Cost::rounds, 43},
    CryptScheme{"$1$", "md5crypt", Cost::rounds, 22},
};

constexpr std::string_view alphabet =
    "./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
constexpr std::size_t most_salt = 86;

constexpr std::uint32_t least_rounds = 1000;
// With a password of 511 bytes about three seconds.
constexpr std::uint32_t most_rounds = 1'000'000;
constexpr std::uint32_t least_bcrypt = 4;
constexpr std::uint32_t most_bcrypt = 15;
constexpr std::uint64_t most_memory = std::uint64_t{256} * 1024;  // KiB
constexpr std::uint64_t most_work = std::uint64_t{1024} * 1024;   // KiB times p

std::optional<std::uint32_t> number_of(std::string_view text) {
  std::uint32_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool in_alphabet(std::string_view text) {
  return text.find_first_not_of(alphabet) == std::string_view::npos;
}

tl::unexpected<Error> malformed(const CryptScheme& scheme) {
  return fail(Code::usage, "it is no well-formed " + std::string(scheme.name) + " string");
}

tl::unexpected<Error> too_dear(const CryptScheme& scheme, const std::string& bound) {
  return fail(Code::usage, std::string(scheme.name) + " is taken with " + bound);
}

// What yescrypt and scrypt are told of their cost.
struct Memory {
  std::uint32_t log2_blocks = 0;
  std::uint64_t block = 0;  // r
  std::uint64_t lanes = 1;  // p
  std::size_t characters = 0;

  // KiB. Blocks of 128 bytes times r.
  std::uint64_t kib() const {
    return log2_blocks > 40 ? UINT64_MAX >> 24 : ((block << log2_blocks) * 128) / 1024;
  }
};

// One character is 6 bits.
std::uint32_t value_of(char character) {
  return static_cast<std::uint32_t>(alphabet.find(character));
}

// Thirty bits in five characters, the lowest six first.
std::uint64_t thirty_bits(std::string_view text) {
  std::uint64_t value = 0;
  for (std::size_t i = 5; i-- > 0;) value = value << 6 | value_of(text[i]);
  return value;
}

// Of what stands behind the prefix.
std::optional<Memory> memory_in(const CryptScheme& scheme, std::string_view rest) {
  Memory memory;
  if (scheme.prefix == "$7$") {
    // N, then r and p.
    memory.characters = 11;
    if (rest.size() < memory.characters || !in_alphabet(rest.substr(0, memory.characters)))
      return std::nullopt;
    memory.log2_blocks = value_of(rest[0]);
    memory.block = thirty_bits(rest.substr(1));
    memory.lanes = thirty_bits(rest.substr(6));
    return memory;
  }
  // Flavour "j", N, r: what crypt_gensalt(3) writes. Numbers up to 47 take one character;
  // what needs more of them is nothing that a system's passwords are made with.
  constexpr std::uint32_t most_in_one = 47;
  memory.characters = 4;
  if (rest.size() < memory.characters || rest[0] != 'j' || rest[3] != '$' ||
      !in_alphabet(rest.substr(1, 2)) || value_of(rest[1]) > most_in_one ||
      value_of(rest[2]) > most_in_one)
    return std::nullopt;
  memory.log2_blocks = value_of(rest[1]) + 1;
  memory.block = value_of(rest[2]) + 1;
  return memory;
}

Expected<void> check_memory(const CryptScheme& scheme, std::string_view rest) {
  const auto memory = memory_in(scheme, rest);
  if (!memory || memory->log2_blocks < 1 || memory->block < 1 || memory->lanes < 1)
    return malformed(scheme);
  if (memory->block > 64 || memory->kib() > most_memory || memory->lanes > 64 ||
      memory->kib() * memory->lanes > most_work)
    return too_dear(scheme, "at most 256 MiB, and 1 GiB in all its lanes");
  const std::string_view salt = rest.substr(memory->characters);
  if (salt.empty() || salt.back() != '$' || salt.size() - 1 > most_salt ||
      !in_alphabet(salt.substr(0, salt.size() - 1)))
    return malformed(scheme);
  return {};
}

Expected<void> check_bcrypt(const CryptScheme& scheme, std::string_view rest) {
  constexpr std::size_t salt_characters = 22;
  if (rest.size() != 3 + salt_characters || rest[2] != '$' || !in_alphabet(rest.substr(3)))
    return malformed(scheme);
  const auto cost = number_of(rest.substr(0, 2));
  if (!cost || *cost < least_bcrypt) return malformed(scheme);
  if (*cost > most_bcrypt) return too_dear(scheme, "a cost of at most 15");
  return {};
}

Expected<void> check_rounds(const CryptScheme& scheme, std::string_view rest) {
  constexpr std::string_view rounds = "rounds=";
  if (scheme.name != "md5crypt" && rest.starts_with(rounds)) {
    const std::size_t end = rest.find('$');
    if (end == std::string_view::npos) return malformed(scheme);
    const auto number = number_of(rest.substr(rounds.size(), end - rounds.size()));
    if (!number || *number < least_rounds) return malformed(scheme);
    if (*number > most_rounds) return too_dear(scheme, "at most 1,000,000 rounds");
    rest.remove_prefix(end + 1);
  }
  const std::size_t longest = scheme.name == "md5crypt" ? 8 : 16;
  // Other characters than those of the alphabet are legal in these salts.
  const auto legal = [](char c) { return c > ' ' && c < 0x7f && c != ':' && c != '$' && c != '*'; };
  if (rest.empty() || rest.back() != '$' || rest.size() - 1 > longest ||
      !std::all_of(rest.begin(), rest.end() - 1, legal))
    return malformed(scheme);
  return {};
}

}  // namespace

const CryptScheme* crypt_scheme(std::string_view text) noexcept {
  const auto* found = std::find_if(schemes.begin(), schemes.end(), [&](const CryptScheme& scheme) {
    return text.starts_with(scheme.prefix);
  });
  return found == schemes.end() ? nullptr : found;
}

Expected<void> check_setting(std::string_view setting) {
  const CryptScheme* scheme = crypt_scheme(setting);
  if (scheme == nullptr) return fail(Code::usage, "it is no crypt(3) string that is taken");
  const std::string_view rest = setting.substr(scheme->prefix.size());
  switch (scheme->cost) {
    case Cost::power: return check_bcrypt(*scheme, rest);
    case Cost::rounds: return check_rounds(*scheme, rest);
    case Cost::memory: break;
  }
  return check_memory(*scheme, rest);
}

std::uint32_t memory_of_setting(std::string_view setting) {
  const CryptScheme* scheme = crypt_scheme(setting);
  if (scheme == nullptr || scheme->cost != Cost::memory) return 0;
  const auto memory = memory_in(*scheme, setting.substr(scheme->prefix.size()));
  return memory ? static_cast<std::uint32_t>(std::min(memory->kib(), most_memory)) : 0;
}

Expected<Wiped<std::byte>> crypt3(const Secret& password, std::string_view setting) {
  const CryptScheme* scheme = crypt_scheme(setting);
  if (scheme == nullptr) return fail(Code::internal, "a setting of crypt(3) was not checked");
  if (password.size() >= CRYPT_MAX_PASSPHRASE_SIZE) return Wiped<std::byte>{};
  Secret phrase(password.size() + 1);  // terminated
  Secret room(sizeof(crypt_data));     // libxcrypt works in it, and leaves traces
  if (!phrase.ok() || !room.ok()) return fail(Code::unavailable, "no memory for a foreign hash");
  if (!password.empty()) std::memcpy(phrase.uchars(), password.uchars(), password.size());
  const std::string terminated(setting);
  // Not crypt_r, which sanitizers wrap and then keep libxcrypt from being linked.
  const char* made =
      crypt_rn(phrase.chars(), terminated.c_str(), room.uchars(), sizeof(crypt_data));
  // A string that begins with an asterisk says that it failed.
  if (made == nullptr || *made == '*')
    return fail(Code::unavailable,
                "libxcrypt could not compute " + std::string(scheme->name) + "; free some memory");
  const std::string_view whole(made);
  if (whole.size() < scheme->digest_characters)
    return fail(Code::internal, "libxcrypt answered too little");
  const auto digest =
      std::as_bytes(std::span(whole.substr(whole.size() - scheme->digest_characters)));
  return Wiped<std::byte>(digest.begin(), digest.end());
}

}  // namespace cred::hash
