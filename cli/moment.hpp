// A moment as the command line takes it.
#pragma once

#include "base/clock.hpp"

#include <optional>
#include <string>

namespace cred::cli {

inline constexpr const char* moment_forms =
    "a day (YYYY-MM-DD), a time in UTC (2026-11-23T22:46:00Z) or a time ago, such as 30d";

// The day's beginning, the time, or so long before `now`.
std::optional<Time> parse_moment(const std::string& text, Time now);

}  // namespace cred::cli
