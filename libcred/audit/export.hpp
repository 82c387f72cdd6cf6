// Records of the trail for programs that collect logs. Whatever the texts hold (newlines,
// quotes, control bytes, bytes that are not UTF-8), a record is one well-formed line.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cred::audit {

// Empty texts are left out. None holds a secret.
struct ExportedRecord {
  std::uint64_t number = 0;
  Time time{};
  std::string host{};  // that has the trail
  std::string realm{};
  std::string event{};       // a word, such as "changed"
  std::string outcome{};     // a code's word, such as "accepted"
  std::string account{};     // its login name
  std::string account_id{};  // as 8-4-4-4-12
  std::optional<std::uint32_t> uid{};
  std::string actor{};
  std::string source{};  // such as "host 192.0.2.7"
  std::string service{};
  std::string tty{};
  std::string detail{};
  std::string mac{};  // of the chain, in hexadecimal
};

// Each answers a line without its newline.

// An object of JSON in ASCII. Loses nothing but bytes that are not UTF-8.
std::string to_json_line(const ExportedRecord& record);

// RFC 5424: the fields as structured data under `cred@32473`, and no message. A control
// character becomes U+FFFD.
std::string to_syslog(const ExportedRecord& record);

// ArcSight's Common Event Format, version 0 of its header. A control character other than
// a line feed or carriage return becomes U+FFFD.
std::string to_cef(const ExportedRecord& record);

}  // namespace cred::audit
