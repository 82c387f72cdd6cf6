// Rights in a realm for a while. The list of them is one sealed document, which the realm's
// head tells of: whoever writes the store can neither make one nor let one last longer.
// docs/formats/grants.md
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "engine/roles.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace cred::engine {

inline constexpr const char* grants_document = "grants";
inline constexpr auto longest_grant = std::chrono::days(90);
inline constexpr std::size_t most_grants = 256;
inline constexpr std::size_t max_holder_bytes = 65;  // a name's 64, and the '@'

struct Grant {
  std::uint64_t number = 0;
  std::string holder;  // a user, or "@" and a group
  Role role = Role::viewer;
  Time from{};
  Time until{};
  std::string reason;
  std::string by;  // who gave it
  // The latest time that the realm had seen when it was given, if the clock was behind that:
  // what it had seen before says nothing of this grant's end. Else 0.
  Time beyond{};
};

// All of them, and the number of the next one.
struct GrantList {
  std::uint64_t next = 1;
  std::vector<Grant> grants;
};

// `latest`: that the realm has seen, which never goes back. A clock that was set back brings
// no grant to life again, and none is in force before it began.
bool in_force(const Grant& grant, Time now, Time latest) noexcept;

std::vector<std::byte> encode(const GrantList& list);
// Errors: integrity.
Expected<GrantList> decode_grants(std::span<const std::byte> bytes);

// What may hold one: a user's name or number, or that of a group behind an '@'.
bool is_holder(std::string_view text) noexcept;

}  // namespace cred::engine
