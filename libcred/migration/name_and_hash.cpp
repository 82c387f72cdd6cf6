// One account in a line: htpasswd, lists of PHC strings, smbpasswd(5) and pwdump.
#include "migration/readers.hpp"

namespace cred::migration {
namespace {

Record name_and_hash(std::string_view line, std::size_t number) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || colon == 0)
    return Left{number, {}, "it is no line NAME:HASH"};
  const std::string name(line.substr(0, colon));
  const std::string_view hash = line.substr(colon + 1);
  if (hash.empty()) return Left{number, name, empty_password};
  if (hash.starts_with('!') || hash.starts_with('*')) return Left{number, name, no_password};
  if (hash.size() > max_hash_bytes) return Left{number, name, "its hash is too long"};
  return Entry{number, name, hash_of(hash)};
}

// Of MD4 of nothing.
constexpr std::string_view nt_of_empty = "31d6cfe0d16ae931b73c59d7e0c089c0";

bool same_digits(std::string_view digits, std::string_view lower) {
  if (digits.size() != lower.size()) return false;
  for (std::size_t i = 0; i < digits.size(); ++i) {
    const char c =
        digits[i] >= 'A' && digits[i] <= 'Z' ? static_cast<char>(digits[i] + 32) : digits[i];
    if (c != lower[i]) return false;
  }
  return true;
}

// "LCT-5F5E1000": seconds in hexadecimal.
std::optional<Time> last_change(std::string_view field) {
  constexpr std::string_view prefix = "LCT-";
  if (!field.starts_with(prefix) || field.size() != prefix.size() + 8) return std::nullopt;
  std::uint64_t seconds = 0;
  for (const char c : field.substr(prefix.size())) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    const std::size_t digit = digits.find(c);
    if (digit == std::string_view::npos) return std::nullopt;
    seconds = seconds << 4 | digit;
  }
  return Time(std::chrono::seconds(static_cast<std::int64_t>(seconds)));
}

// NAME:UID:LM:NT:[FLAGS]:LCT-TIME: of Samba, NAME:RID:LM:NT::: of pwdump.
Record nt_record(std::string_view line, std::size_t number) {
  std::string_view rest = line;
  const std::string name(take_field(rest, ':'));
  const auto id = number_of(take_field(rest, ':'));
  take_field(rest, ':');  // what LAN Manager needs
  const std::string_view hash = take_field(rest, ':');
  const std::string_view flags = take_field(rest, ':');
  const std::string_view changed = take_field(rest, ':');
  if (name.empty() || !id || hash.empty())
    return Left{number, name, "it is no line of smbpasswd or pwdump"};
  // Machines have names that end so; their secrets are no passwords.
  if (name.ends_with('$')) return Left{number, name, "it is a machine's account"};
  const bool samba = flags.starts_with('[');
  if (samba && flags.find('N') != std::string_view::npos) return Left{number, name, empty_password};
  if (hash.starts_with('X') || hash.starts_with('*') || hash.starts_with("NO PASSWORD"))
    return Left{number, name, no_password};
  if (same_digits(hash, nt_of_empty)) return Left{number, name, empty_password};
  if (hash.size() > max_hash_bytes) return Left{number, name, "its hash is too long"};
  Entry entry{number, name, hash_of(hash), true};
  entry.disabled = samba && flags.find('D') != std::string_view::npos;
  entry.locked = samba && flags.find('L') != std::string_view::npos;
  entry.set_at = last_change(changed);
  return entry;
}

template <typename Read>
Expected<void> each_line(std::string_view text, const Visit& visit, Read read_line) {
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.starts_with('#')) continue;
    Record record = Lines::too_long(line) ? Record(Left{lines.number(), {}, "its line is too long"})
                                          : read_line(line, lines.number());
    if (!visit(std::move(record))) break;
  }
  return {};
}

}  // namespace

Expected<void> read_name_and_hash(std::string_view text, const Visit& visit) {
  return each_line(text, visit, name_and_hash);
}

Expected<void> read_nt(std::string_view text, const Visit& visit) {
  return each_line(text, visit, nt_record);
}

}  // namespace cred::migration
