// libargon2 and libsodium called directly: peers of our kernels, and of the service in a storm.
#pragma once

#include "hash/parameters.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace cred::bench {

// One hash by libargon2. Kept memory is this thread's arena, as the engine keeps it; else the
// library takes and gives back its own.
enum class Memory : std::uint8_t { kept, own };
void hash_once(const hash::Parameters& parameters, std::uint32_t threads, Memory memory);

// How the cores may be used.
struct Way {
  std::uint32_t threads = 1;  // of each hash
  std::size_t at_once = 1;    // hashes
  std::string text() const;
};

// One thread for each hash and a hash for each core, and a thread for each lane and 1, 2
// or 3 hashes at once.
std::vector<Way> ways(const hash::Parameters& parameters);

// Hashes a second, over about `seconds`. Memory is kept between the hashes, as the engine
// keeps it.
double bare_rate(const hash::Parameters& parameters, const Way& way, double seconds);

// What a program does that hashes in its callers' own threads: argon2id_hash_raw by as many
// of them as `clients`, or libsodium of one lane, at most `at_once` of them at a time. In a
// child, whose memory can be told from this process's.
enum class Library : std::uint8_t { libargon2, libsodium };
struct InProcess {
  double hashes_a_second = 0;
  long peak_kib = 0;
};
InProcess hash_in_process(Library library, const hash::Parameters& parameters, std::size_t clients,
                          std::size_t at_once);

}  // namespace cred::bench
