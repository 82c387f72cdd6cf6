// A progress bar on standard error, for long work; silent unless that is a terminal.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace cred::cli {

class Progress {
 public:
  // `what` is being done, in units of `unit` ("hashes").
  Progress(std::string what, std::string unit);
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;
  // Wipes the bar away, so that the result stands alone.
  ~Progress();

  // `count` units are done; of the whole work `done` of `total` (bytes, say), where
  // that is known. Draws a few times a second at most.
  void update(std::uint64_t count, std::uint64_t done, std::uint64_t total);

 private:
  using Clock = std::chrono::steady_clock;
  const std::string what_;
  const std::string unit_;
  const bool terminal_;
  const Clock::time_point start_ = Clock::now();
  Clock::time_point drawn_{};
};

}  // namespace cred::cli
