// Argon2id version 1.3 (RFC 9106): libsodium computes one lane, libargon2 several.
#pragma once

#include "base/error.hpp"
#include "hash/arena.hpp"
#include "hash/parameters.hpp"

#include <cstddef>
#include <span>

namespace cred::hash {

// Derives a tag of `tag.size()` bytes (16 to 64) from `password` and a 16-byte
// `salt`. The arena must not be in use elsewhere; it is wiped before return.
// The first call in a process runs `self_test`; after a failure of it every call
// answers `internal`. Errors: unavailable (no memory, no thread), internal.
Expected<void> argon2id(std::span<const std::byte> password, std::span<const std::byte> salt,
                        const Parameters& parameters, Arena& arena, std::span<std::byte> tag);

// Known answers: RFC 9106 §5.3's vector, and both libraries against each other.
// Takes well under a millisecond.
Expected<void> self_test();

// How many tags this process has computed; benchmarks and tests read it.
std::uint64_t computed() noexcept;

}  // namespace cred::hash
