// Writes a corpus. Memory is bounded whatever the number of entries: 128 MiB for
// sorting, 64 KiB for each 16 million entries while merging, and 8 bytes for each
// thousand entries for checksums.
#pragma once

#include "base/clock.hpp"
#include "policy/breach_layout.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace cred::policy {

// Everything throws Failure: unavailable (disk full, no such directory), usage
// (nothing was added, or too much). A corpus that is there stays until `finish` has
// replaced it.
class BreachBuilder {
 public:
  static constexpr std::size_t usual_run = std::size_t{16} * 1024 * 1024;

  // `output`: the file to write. `run`: how many entries are sorted at once.
  explicit BreachBuilder(std::string output, std::size_t run = usual_run);
  BreachBuilder(const BreachBuilder&) = delete;
  BreachBuilder& operator=(const BreachBuilder&) = delete;
  ~BreachBuilder();

  // One password, by `breach_prefix`; in any order, any number of times.
  void add(std::uint64_t prefix);

  // Writes the file, on disk when it returns. `progress` learns how many of how many
  // entries are written, the second an upper bound. Gives the number of entries.
  std::uint64_t finish(Time created,
                       const std::function<void(std::uint64_t, std::uint64_t)>& progress = {});

 private:
  struct Run {
    std::uint64_t begin = 0;  // in the spill file, in entries
    std::uint64_t count = 0;
  };
  void sort_buffer();
  void spill();
  // Each entry once, in order.
  void each(const std::function<void(std::uint64_t)>& take) const;

  const std::string output_;
  const std::size_t capacity_;
  std::unique_ptr<std::uint64_t[]> buffer_;
  std::size_t used_ = 0;
  int spill_fd_ = -1;
  std::uint64_t spilled_ = 0;
  std::vector<Run> runs_;
};

}  // namespace cred::policy
