// Argon2id version 1.3 (RFC 9106). The kernels of argon2/ compute it; libsodium and
// libargon2 are their judges, and compute where a kernel fails its self-test.
#pragma once

#include "base/error.hpp"
#include "hash/arena.hpp"
#include "hash/argon2/kernel.hpp"
#include "hash/parameters.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace cred::hash {

// Derives a tag of `tag.size()` bytes (16 to 64) from `password` and a 16-byte
// `salt`. The arena must not be in use elsewhere; who lends it wipes it.
// The first call in a process runs `self_test`; after a failure of it every call
// answers its error. No more hashes are computed at once than there are cores; a hash of
// several lanes uses the cores that have none. Errors: unavailable (no memory, no thread),
// internal, configuration (CRED_ARGON2 names nothing).
Expected<void> argon2id(std::span<const std::byte> password, std::span<const std::byte> salt,
                        const Parameters& parameters, Arena& arena, std::span<std::byte> tag);

// One of several hashes that do not wait for one another: its inputs, and where its tag goes.
struct Task {
  std::span<const std::byte> password;
  std::span<const std::byte> salt;
  Parameters parameters;
  std::span<std::byte> tag;
};

// All `tasks` in their order, those of the same parameters side by side as far as there are
// `arenas`, of which there must be one: each on a core of its own while cores have no other
// hash. Requirements and errors are those of a single one.
Expected<void> argon2id(std::span<const Task> tasks, std::span<Arena* const> arenas);

// What computes in this process: avx512, avx2, portable, sodium or reference.
struct Implementation {
  std::string name;
  std::string fault;  // a sentence where the fastest kernel failed its self-test
};

// Chooses at the first call in a process: the fastest kernel that the processor has, the
// libraries if it does not give the known answers. CRED_ARGON2 names another one, for tests;
// a process that gained rights does not read it. Errors: as `self_test`.
Expected<Implementation> implementation();

// The same choice among `kernels`, the first by itself; for tests.
Expected<Implementation> implementation_among(std::span<const argon2::Kernel* const> kernels,
                                              const char* wanted);

// Known answers of what computes in this process, the first time; under a millisecond.
// Errors: internal (nothing gives them), configuration (CRED_ARGON2 names nothing).
Expected<void> self_test();

// How many tags this process has computed; benchmarks and tests read it.
std::uint64_t computed() noexcept;

}  // namespace cred::hash
