// The readers of single formats, and what they share.
#pragma once

#include "migration/migration.hpp"

namespace cred::migration {

Expected<void> read_shadow(std::string_view text, Time now, const Visit& visit);
Expected<void> read_name_and_hash(std::string_view text, const Visit& visit);
Expected<void> read_nt(std::string_view text, const Visit& visit);
Expected<void> read_ldif(std::string_view text, const Visit& visit);
Expected<void> read_csv(std::string_view text, const Visit& visit);
Expected<void> read_django_csv(std::string_view text, const Visit& visit);
Expected<void> read_django_json(std::string_view text, const Visit& visit);

inline Wiped<char> hash_of(std::string_view text) { return {text.begin(), text.end()}; }

// Lines without their ends, LF or CRLF.
class Lines {
 public:
  explicit Lines(std::string_view text) : rest_(text) {}
  bool next(std::string_view& line);
  // Of the line that `next` gave, from 1.
  std::size_t number() const { return number_; }
  // Whether that line is longer than any is.
  static bool too_long(std::string_view line) { return line.size() > max_line_bytes; }

 private:
  std::string_view rest_;
  std::size_t number_ = 0;
};

// Up to the next `separator`, which is taken; all of the rest when there is none.
std::string_view take_field(std::string_view& rest, char separator);

// A record that RFC 4180 writes in one or more lines.
class CsvRecords {
 public:
  explicit CsvRecords(std::string_view text);
  // False: the end, or an error that `error` tells.
  bool next(std::vector<Wiped<char>>& fields);
  std::size_t line() const { return began_; }
  const std::string& error() const { return error_; }

 private:
  bool quoted(Wiped<char>& field);
  std::string_view rest_;
  std::size_t line_ = 1;
  std::size_t began_ = 1;
  std::string error_;
};

// Decimal digits alone.
std::optional<std::uint64_t> number_of(std::string_view text);
// "2026-11-25", "2026-11-25T03:04:05Z", with a space for the T, a fraction, an offset of
// "Z" or "+00:00" or none, which is taken for UTC.
std::optional<Time> moment_of(std::string_view text);
// X.680's GeneralizedTime in UTC, as LDAP has it: "20261125030405Z", with or without a
// fraction.
std::optional<Time> generalized_time_of(std::string_view text);
std::string date_text(Time time);

inline std::string_view view(const Wiped<char>& characters) {
  return {characters.data(), characters.size()};
}

}  // namespace cred::migration
