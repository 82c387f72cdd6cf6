// Times in what log collectors read.
#pragma once

#include "base/clock.hpp"

#include <string>

namespace cred::audit {

// "2026-11-25T01:02:03.045Z" (RFC 3339); "-", syslog's word for nothing, for a time
// outside of the years 0 to 9999.
std::string timestamp(Time time);

}  // namespace cred::audit
