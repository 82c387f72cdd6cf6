// The outcomes that every interface of libcred shares: exit statuses, JSON
// "status" words and wire replies.
#pragma once

#include <cstdint>

namespace cred {

// The value is credctl's exit status.
enum class Code : std::uint8_t {
  accepted = 0,
  refused = 1,        // wrong password, or a rule failed
  usage = 2,          // includes a password that is no password
  must_change = 3,    // right password, but it must be changed
  locked = 4,         // locked or disabled
  not_found = 5,      // no such account or realm
  conflict = 6,       // exists already, or changed meanwhile
  configuration = 7,  // configuration or permission
  unavailable = 8,    // store, key or broker
  integrity = 9,      // tampered, corrupt, rolled back
  internal = 70,
};

// The stable word for `code`, as in JSON output; never null.
constexpr const char* word(Code code) noexcept {
  switch (code) {
    case Code::accepted: return "accepted";
    case Code::refused: return "refused";
    case Code::usage: return "usage";
    case Code::must_change: return "must_change";
    case Code::locked: return "locked";
    case Code::not_found: return "not_found";
    case Code::conflict: return "conflict";
    case Code::configuration: return "configuration";
    case Code::unavailable: return "unavailable";
    case Code::integrity: return "integrity";
    case Code::internal: break;
  }
  return "internal";
}

}  // namespace cred
