// The peers of the service in a storm: libargon2 called directly.
#pragma once

#include "hash/parameters.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace cred::bench {

struct Rate {
  std::string way;
  double hashes_a_second = 0;
  bool operator<(const Rate& other) const { return hashes_a_second < other.hashes_a_second; }
};

// What this machine's cores can do: with one thread for each hash and a hash for each
// core, and with a thread for each lane and 1, 2 or 3 hashes at once; each way for
// about `seconds`. Memory is kept between the hashes, as the engine keeps it.
std::vector<Rate> bare_rates(const hash::Parameters& parameters, double seconds);

// What a program does that hashes in its own threads: argon2id_hash_raw, as many at
// once as `at_once`. In a child, whose memory can be told from this process's.
struct Unbounded {
  double hashes_a_second = 0;
  long peak_kib = 0;
};
Unbounded hash_in_process(const hash::Parameters& parameters, std::size_t hashes,
                          std::size_t at_once);

}  // namespace cred::bench
