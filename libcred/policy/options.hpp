// A policy as an administrator writes it: a preset and what departs from it.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace cred::policy {

inline constexpr std::uint32_t all_earlier = std::numeric_limits<std::uint32_t>::max();

// How a word of a list, or a personal datum, is looked for.
enum class Match : std::uint8_t {
  whole,  // it is the whole password (SP 800-63B-4 §3.1.1.2 asks for no more)
  core,   // also what remains without affixes and leetspeak; personal data anywhere
};

// When a list or corpus cannot be used.
enum class OnDataFailure : std::uint8_t {
  refuse,  // no password is set
  accept,  // the rule is passed over
};

// Lengths and counts are in Unicode characters after NFC. 0 switches a count off.
struct Options {
  std::string preset = "quarterly";
  std::uint32_t min_length = 8;
  std::uint32_t max_length = 1024;
  std::uint32_t min_alphanumeric = 8;
  std::uint32_t min_letter = 0;
  std::uint32_t min_upper = 1;
  std::uint32_t min_lower = 1;
  std::uint32_t min_digit = 1;
  std::uint32_t min_symbol = 0;
  // The longest run of one character, and of neighbours such as abcd, 4321 or qwer.
  std::uint32_t max_repeat = 0;
  std::uint32_t max_sequence = 0;
  // The new password must differ from the old one by more than this many edits
  // (insert, delete, replace; case ignored). 0: any difference will do.
  std::uint32_t min_changed = 3;
  bool personal = true;
  bool family_names = true;
  // How many earlier passwords are refused; `all_earlier`: each. 0: none.
  std::uint32_t history = all_earlier;
  // Refuse near copies of those, too.
  bool history_similar = true;
  std::vector<std::string> banned_words;
  std::vector<std::string> banned_lists;  // paths
  Match match = Match::core;
  std::string breach;  // path of a corpus; empty: none
  OnDataFailure on_data_failure = OnDataFailure::refuse;
  // zxcvbn's score, 0 to 4, that a password must reach.
  std::uint32_t min_strength = 0;
  std::optional<Duration> max_age = std::chrono::hours(24 * 90);
  // Instead of `max_age`: the password ends with the calendar quarter.
  bool each_quarter = false;
  Duration warn = std::chrono::hours(24 * 14);
  Duration min_age = Duration::zero();
  // How long an expired password still lets its owner in to change it; unset: for ever.
  std::optional<Duration> grace;
  // Whether a password that must be changed also stops keys and jobs, which need none.
  bool expiry_stops_all = false;
  // An account that nobody logged in to for so long is refused; unset: never.
  std::optional<Duration> max_idle;
  // After so many failures in a row no attempt is looked at for `lockout`; unset: until
  // an administrator unlocks the account.
  std::uint32_t max_failures = 0;
  std::optional<Duration> lockout;

  // Whether passwords have to be changed without cause.
  bool periodic() const { return each_quarter || max_age.has_value(); }
};

// The names of the presets; `quarterly`, the default, comes first.
const std::vector<std::string>& presets();

// The options of a preset. Errors: configuration (unknown name).
Expected<Options> preset(const std::string& name);

// Contradictions, such as min_length above max_length. Errors: configuration.
Expected<void> consistent(const Options& options);

}  // namespace cred::policy
