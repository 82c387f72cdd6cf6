// A store of many accounts in a short time: sealed rows with a right tree, head and trail.
#pragma once

#include "base/clock.hpp"
#include "engine/configuration.hpp"
#include "hash/password_hash.hpp"

#include <cstddef>
#include <string>

namespace cred::bench {

// user000000000, user000000001, ...
std::string account_name(std::size_t number);

// Puts accounts into realm `system` of a store that was made by Engine::initialise and never
// changed since, with an enrolment each in the trail. All have the password of `verifier`,
// which may be nobody's. Throws Failure.
void fill(const engine::Configuration& configuration, std::size_t accounts,
          const hash::Verifier& verifier, Time now);

}  // namespace cred::bench
