// The trail: what happened to an account, chained so that a missing or edited
// record shows. The engine computes the MAC and stores the rows.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cred::audit {

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
};

// The stable word for an event.
const char* word(Event event) noexcept;

struct Record {
  Time time{};
  Event event = Event::enrolled;
  Uuid account{};
  std::string actor;   // "uid 0", a service's name, or empty
  std::string detail;  // no secret
};

// Format version, then the fields in order: docs/formats/audit.md.
std::vector<std::byte> encode(const Record& record);

// The record again. Errors: integrity (not every byte is accounted for).
Expected<Record> decode(std::span<const std::byte> bytes);

// What the MAC of a record covers: its number, the MAC before it, the record.
std::vector<std::byte> chained(std::uint64_t number, std::span<const std::byte> previous_mac,
                               std::span<const std::byte> record);

}  // namespace cred::audit
