// A clock that stands still until a test moves it.
#pragma once

#include "base/clock.hpp"

namespace cred::test {

class FakeClock final : public Clock {
 public:
  Time now() const override { return now_; }
  void advance(Duration by) { now_ += by; }
  void set(Time now) { now_ = now; }

 private:
  Time now_ = Time(std::chrono::milliseconds(1'800'000'000'000));
};

}  // namespace cred::test
