// Sizes and times with units, as the configuration and the command line write them.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace cred::engine {

// "64 MiB", "65536 KiB", "1 GiB", in KiB.
std::optional<std::uint32_t> parse_kib(std::string_view text);

// "90d", "12h", "30 min", "10s", "2 weeks".
std::optional<Duration> parse_duration(std::string_view text);

// The largest unit that divides it: "90d", "30s".
std::string print_duration(Duration duration);

// "2026-11-24", a day that exists.
std::optional<std::chrono::sys_days> parse_date(std::string_view text);

// "2026-11-24T22:46:00Z", with or without a fraction of the second; a day, which means its
// beginning; or so long before `now`: "2h".
std::optional<Time> parse_moment(std::string_view text, Time now);

// UTC in RFC 3339 form: "2026-11-23T22:46:00Z".
std::string print_time(Time time);

}  // namespace cred::engine
