// A policy as an administrator writes it: a preset and what departs from it.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace cred::policy {

// Lengths and counts are in Unicode characters after NFC.
struct Options {
  std::string preset = "quarterly";
  std::uint32_t min_length = 8;
  std::uint32_t max_length = 1024;
  std::uint32_t min_alphanumeric = 8;
  std::uint32_t min_upper = 1;
  std::uint32_t min_lower = 1;
  std::uint32_t min_digit = 1;
  std::uint32_t min_symbol = 0;
  // The new password must differ from the old one by more than this many edits
  // (insert, delete, replace; case ignored). 0: any difference will do.
  std::uint32_t min_changed = 3;
  bool personal = true;
  // Refuse every earlier password of the account.
  bool history = true;
  std::optional<Duration> max_age = std::chrono::hours(24 * 90);
  Duration warn = std::chrono::hours(24 * 14);
  Duration min_age = Duration::zero();
  // How long an expired password still lets its owner in to change it; unset: for ever.
  std::optional<Duration> grace;
};

// The options of a preset. Errors: configuration (unknown name).
Expected<Options> preset(const std::string& name);

// Contradictions, such as min_length above max_length. Errors: configuration.
Expected<void> consistent(const Options& options);

}  // namespace cred::policy
