// When a password ends.
#pragma once

#include "base/clock.hpp"
#include "base/uuid.hpp"
#include "engine/records.hpp"
#include "policy/options.hpp"

#include <optional>

namespace cred::engine {

// The end of a password by `max_age`, or by the calendar quarter, or by its
// exemption, whichever of age and exemption is later. Unset: never.
//
// By the quarter: each account has a day of its own in the last two weeks of every
// quarter (by its id), so that not everybody must change on one day. A password that
// was set in those two weeks counts for the next quarter.
std::optional<Time> due(const policy::Options& options, const Credential& credential,
                        const Uuid& account);

}  // namespace cred::engine
