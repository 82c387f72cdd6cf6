// Time, injected: every age is computed from a Clock, so that tests can set it.
#pragma once

#include <chrono>

namespace cred {

// UTC, in milliseconds since 1970-01-01.
using Time = std::chrono::sys_time<std::chrono::milliseconds>;
using Duration = std::chrono::milliseconds;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Time now() const = 0;
};

class SystemClock final : public Clock {
 public:
  Time now() const override {
    return std::chrono::time_point_cast<Duration>(std::chrono::system_clock::now());
  }
};

}  // namespace cred
