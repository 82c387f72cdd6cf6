// Which records of the trail are wanted.
#pragma once

#include "engine/engine.hpp"

#include <optional>
#include <string>

namespace cred::administration {

// As they were written on the command line; empty: whatever it is.
struct Filter {
  std::string since;
  std::string until;
  std::string account;
  std::string event;
  std::string outcome;
};

class Sieve {
 public:
  // Errors: usage.
  static Expected<Sieve> of(const Filter& filter);
  bool passes(const engine::TrailEntry& entry) const;

 private:
  Filter filter_;
  std::optional<Time> since_;
  std::optional<Time> until_;
};

}  // namespace cred::administration
