// Making and checking verifiers of normalised passwords.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"
#include "hash/argon2id.hpp"
#include "hash/phc.hpp"

namespace cred::hash {

// One without a tag yet, with a fresh random salt.
Verifier salted(const Parameters& parameters);

// A verifier under a fresh random salt. Errors: as `argon2id`.
Expected<Verifier> make_verifier(const Secret& password, const Parameters& parameters,
                                 Arena& arena);

// Whether `password` is the one; compares in constant time. A wrapped one costs the foreign
// hash in addition. Errors: as `argon2id`; integrity (no recipe).
Expected<bool> matches(const Secret& password, const Verifier& verifier, Arena& arena);

// KiB that `matches` works in.
std::uint32_t working_memory(const Verifier& verifier);

}  // namespace cred::hash
