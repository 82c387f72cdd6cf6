// shadow(5), and opasswd(5) beside it.
#include "migration/readers.hpp"

#include <array>

namespace cred::migration {
namespace {

using days = std::chrono::days;

// Days since 1970-01-01; what is no number, or past the year 9999, is not known.
std::optional<Time> day_of(std::string_view text) {
  constexpr std::uint64_t last = 2932896;
  const auto number = number_of(text);
  if (!number || *number > last) return std::nullopt;
  return Time(std::chrono::duration_cast<Duration>(days(static_cast<std::int64_t>(*number))));
}

Record record_of(std::string_view line, std::size_t number, Time now) {
  std::string_view rest = line;
  const std::string name(take_field(rest, ':'));
  std::string_view hash = take_field(rest, ':');
  if (line.find(':') == std::string_view::npos)
    return Left{number, {}, "it is no line of shadow(5)"};
  if (name.starts_with('+') || name.starts_with('-'))
    return Left{number, name, "it asks NIS for accounts"};
  const std::string_view changed = take_field(rest, ':');
  take_field(rest, ':');  // min
  take_field(rest, ':');  // max
  take_field(rest, ':');  // warn
  take_field(rest, ':');  // inactive
  const std::string_view expires = take_field(rest, ':');

  if (hash.empty()) return Left{number, name, empty_password};
  // Locked by usermod -L or passwd -l, which keep the hash behind the mark.
  bool locked = false;
  while (hash.starts_with('!')) {
    hash.remove_prefix(1);
    locked = true;
  }
  if (hash.empty() || hash.starts_with('*') || hash == "x") return Left{number, name, no_password};
  if (hash.size() > max_hash_bytes) return Left{number, name, "its hash is too long"};
  Entry entry{number, name, hash_of(hash)};
  entry.locked = locked;
  if (changed == "0")
    entry.must_change = true;
  else
    entry.set_at = day_of(changed);
  if (const auto end = day_of(expires); end && *end <= now)
    entry.disabled = true;
  else if (end)
    entry.remark = "it expires on " + date_text(*end) + ": disable it then, nothing else will";
  return entry;
}

}  // namespace

Expected<void> read_shadow(std::string_view text, Time now, const Visit& visit) {
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.starts_with('#')) continue;
    if (Lines::too_long(line)) {
      if (!visit(Left{lines.number(), {}, "its line is too long"})) return {};
    } else if (!visit(record_of(line, lines.number(), now))) {
      return {};
    }
  }
  return {};
}

Expected<EarlierHashes> read_opasswd(std::string_view text) {
  if (text.size() > max_source_bytes)
    return fail(Code::usage, "the file of earlier passwords is larger than 64 MiB");
  EarlierHashes earlier;
  Lines lines(text);
  std::string_view line;
  while (lines.next(line)) {
    if (line.empty() || line.starts_with('#')) continue;
    // NAME:UID:COUNT:HASH,HASH,...
    std::string_view rest = line;
    const std::string name(take_field(rest, ':'));
    take_field(rest, ':');
    const auto count = number_of(take_field(rest, ':'));
    if (Lines::too_long(line) || name.empty() || !count) {
      earlier.left.push_back({lines.number(), name, "it is no line of opasswd"});
      continue;
    }
    auto& hashes = earlier.accounts[name];
    while (!rest.empty()) {
      std::string_view hash = take_field(rest, ',');
      while (hash.starts_with('!')) hash.remove_prefix(1);
      if (!hash.empty() && !hash.starts_with('*') && hash.size() <= max_hash_bytes)
        hashes.push_back(hash_of(hash));
    }
  }
  return earlier;
}

}  // namespace cred::migration
