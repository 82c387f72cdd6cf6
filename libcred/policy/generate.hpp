// Random passwords and passphrases for a policy.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "policy/options.hpp"

#include <functional>

namespace cred::policy {

struct Generated {
  Secret password;
  // Of a guesser who knows policy and method: log2 of how many were equally likely.
  double entropy_bits = 0;
};

inline constexpr std::uint32_t fewest_words = 3;
inline constexpr std::uint32_t most_words = 32;

// Whether the policy takes a password.
using Accepts = std::function<bool(const Secret&)>;

// Draws until one is accepted, which keeps the draw uniform among those. Errors:
// configuration (none was accepted: the policy leaves too few).
Expected<Generated> generate_password(const Options& options, const Accepts& accepts);

// `words` words of the shipped list (11 bits each), with dashes between them, capitals
// and digits where the policy asks for them. Errors: also usage (too few or too many).
Expected<Generated> generate_passphrase(const Options& options, std::uint32_t words,
                                        const Accepts& accepts);

}  // namespace cred::policy
