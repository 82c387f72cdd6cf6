// How many guesses a password may withstand, as zxcvbn estimates it.
//
// zxcvbn-c 2.5 makes one copy of what it judges, reversed and on the heap, and
// overwrites it before it is freed; its lists of matches hold positions, no
// characters. Automatic variables may keep characters: they are wiped here.
#pragma once

#include "policy/rule.hpp"

#include <cstdint>

namespace cred::policy {

// Only so many bytes are judged, less a character that would be cut: the library looks
// no further itself, and so the work is bounded. The rest adds nothing, so that an
// estimate for a long password is too low rather than too high.
inline constexpr std::size_t most_judged_bytes = 100;

struct Estimate {
  unsigned score = 0;  // 0 to 4: from 10^3, 10^6, 10^8 and 10^10 guesses one more each
  double log10_guesses = 0;
};

// The length of what is judged of a normalised password.
std::size_t judged_bytes(const Secret& normalised);

// What is known of the account is looked for as zxcvbn's user dictionary.
// Throws Failure when no memory is left.
Estimate estimate(const Secret& normalised, const Context& context);

// How strong that is, and what would make it stronger, in the user's language.
std::string advice(const Estimate& estimate);
// Below it the advice is worth a line where nobody asked for one.
inline constexpr unsigned good_score = 3;

class Strength final : public Rule {
 public:
  explicit Strength(std::uint32_t least) : least_(least) {}
  std::string id() const override { return "min_strength"; }
  std::string requirement() const override;
  std::optional<Violation> judge(const Candidate&, const Context&) const override;

 private:
  const std::uint32_t least_;
};

}  // namespace cred::policy
