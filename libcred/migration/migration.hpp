// What other systems keep of their accounts, read from their files: names, hashes, and what
// is known of ages and locks. Hashes are not looked into here; nothing is taken on trust.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/wiped.hpp"

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace cred::migration {

inline constexpr std::size_t max_source_bytes = std::size_t{64} * 1024 * 1024;
inline constexpr std::size_t max_line_bytes = std::size_t{64} * 1024;
inline constexpr std::size_t max_hash_bytes = 1024;

enum class Format : std::uint8_t {
  shadow,    // shadow(5)
  htpasswd,  // NAME:HASH, Apache's
  phc,       // NAME:HASH, with PHC strings
  ldif,      // RFC 2849, with userPassword or sambaNTPassword
  django,    // dumpdata's JSON, or CSV of the table auth_user
  nt,        // smbpasswd(5), or what pwdump writes
  csv,       // RFC 4180, with a header
};

// Of whom nothing is to be taken, and of whom nothing must be.
inline constexpr const char* no_password = "it has no password";
inline constexpr const char* empty_password = "its password is empty: anybody could log in";

// An account with a hash.
struct Entry {
  std::size_t line = 0;  // where it begins, from 1
  std::string name;
  Wiped<char> hash;
  bool nt = false;  // the hash is 32 hexadecimal digits
  std::string full_name{};
  std::string email{};
  std::string phone{};
  std::string birth_date{};
  std::map<std::string, std::string> attributes{};
  std::optional<Time> set_at{};  // unset: the source does not tell
  bool locked = false;
  bool disabled = false;
  bool must_change = false;
  std::string remark{};  // what the source tells beside this, and nothing takes
};

// What is no account, or none that can be taken.
struct Left {
  std::size_t line = 0;
  std::string name;  // as far as it is known; any bytes
  std::string why;
};

using Record = std::variant<Entry, Left>;
// Answers false to stop.
using Visit = std::function<bool(Record&&)>;

// Every record of `text` in its order. `now` decides what has expired. Errors: usage, for what
// is not of this format as a whole.
Expected<void> read(Format format, std::string_view text, Time now, const Visit& visit);

// Of each account its earlier hashes, oldest first: opasswd(5), as pam_pwhistory and pam_unix
// write it. Lines that are none are in `left`.
struct EarlierHashes {
  std::map<std::string, std::vector<Wiped<char>>> accounts;
  std::vector<Left> left;
};
Expected<EarlierHashes> read_opasswd(std::string_view text);

}  // namespace cred::migration
