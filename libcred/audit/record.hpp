// The trail: what happened to an account, chained so that a missing or edited
// record shows. The engine computes the MAC and stores the rows.
#pragma once

#include "audit/body.hpp"
#include "audit/event.hpp"
#include "base/clock.hpp"
#include "base/code.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cred::audit {

// Names nobody: an account by its id, and who acted by the uid. The names are in the body.
struct Record {
  Time time{};
  Event event = Event::enrolled;
  Code outcome = Code::accepted;
  Uuid account{};                    // zero: about no account
  std::optional<std::uint32_t> uid;  // who acted, as far as known
  Digest body_digest{};              // zero: no body

  // Only of records that were written before bodies were kept apart (formats 1 and 2).
  std::string actor{};
  std::string detail{};

  bool has_body() const noexcept { return body_digest != Digest{}; }
};

// Format 3: docs/formats/audit.md. Leaves `actor` and `detail` out.
std::vector<std::byte> encode(const Record& record);

// Format 2, which has both of them in the record, but neither outcome, uid nor digest.
std::vector<std::byte> encode_format_2(const Record& record);

// The record again, of any format. Of formats 1 and 2 the outcome is `refused` for
// request_refused and `accepted` otherwise. Errors: integrity (not every byte is accounted
// for, or an event or outcome that there is not).
Expected<Record> decode(std::span<const std::byte> bytes);

// What the MAC of a record covers: its number, the MAC before it, the record.
std::vector<std::byte> chained(std::uint64_t number, std::span<const std::byte> previous_mac,
                               std::span<const std::byte> record);

}  // namespace cred::audit
