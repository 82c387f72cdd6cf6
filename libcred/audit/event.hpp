// What the trail records: numbers in stored records, words in output and filters.
#pragma once

#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

namespace cred::audit {

// The numbers are stored: new ones are appended, and none ever changes.
enum class Event : std::uint8_t {
  enrolled = 1,
  changed = 2,  // by the owner, with the old password
  reset = 3,    // by an administrator
  expired = 4,  // an administrator asks for a change
  locked = 5,
  unlocked = 6,
  rehashed = 7,  // same password, newer parameters
  aged_out = 8,  // first login with an expired password
  disabled = 9,
  enabled = 10,
  profile_set = 11,
  exempted = 12,          // its password does not expire for a while; the detail says why
  compromised = 13,       // the detail says why it is suspected
  data_unusable = 14,     // a list or corpus of the policy; the detail names it
  attempts_cleared = 15,  // by an administrator; the detail names a source
  request_refused = 16,   // credd was asked what the actor may not ask; the detail says what
  realm_added = 17,
  authenticated = 18,  // a right password
  refused = 19,        // a wrong password, counted
  erased = 20,         // an account, and what named its owner in the trail
  exported = 21,       // what is stored about an account, for its owner
  realm_suspended = 22,
  realm_resumed = 23,
  realm_expired = 24,  // every account of it has to change its password
  realm_erased = 25,
  root_key_rotated = 26,
  data_key_rotated = 27,
  data_key_retired = 28,
  key_destroyed = 29,
  rollback_noticed = 30,   // the store is older than what was seen before
  rollback_accepted = 31,  // an administrator says that it was restored on purpose
  trail_pruned = 32,       // the detail says up to which record
  backup_created = 33,
  restored = 34,
  grant_added = 35,
  grant_ended = 36,
  grant_used = 37,
  one_time_expired = 38,  // a password for one login was not used in time
  trail_started = 39,
  session_ended = 40,
  tampering_noticed = 41,
  maintained = 42,
  viewed = 43,  // by a role; the detail says what
  imported = 44,  // an account of another system; the detail names its hash
  scanned = 46,  // a message was looked through for the account's own password
};

// Every event, by number.
std::span<const Event> all_events() noexcept;

// The stable word for an event, such as "realm_added"; "unknown" for what is none.
const char* word(Event event) noexcept;

// What happened, for people: a short sentence without its full stop.
const char* description(Event event) noexcept;

// The event with this number or word, if there is one.
std::optional<Event> event_of(std::uint8_t number) noexcept;
std::optional<Event> event_of(std::string_view word) noexcept;

// The event with this word. Errors: usage, with the nearest right word.
Expected<Event> parse_event(std::string_view word);

}  // namespace cred::audit
