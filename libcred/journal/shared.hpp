// What the reading and the writing half of the journal share.
#pragma once

#include "journal/directory.hpp"
#include "journal/segment.hpp"

#include <memory>
#include <mutex>

namespace cred::journal {

// The end of the newest segment that holds an entry.
struct Tail {
  std::uint64_t segment = 0;  // its first number
  struct stat status {};
  std::uint64_t whole = 0;  // bytes, up to the end of the last whole entry
  std::uint64_t last = 0;
  Time begun{};  // time of the segment's first entry
};

struct Journal::Shared {
  std::string directory;
  Uuid realm{};
  std::uint64_t segment_bytes = 0;
  std::mutex mutex;
  std::optional<Tail> tail;  // as this process left it; under `mutex`
};

// First numbers of the segments, ascending.
std::vector<std::uint64_t> segments_in(const std::vector<std::string>& names);

// Reads from `file`, which outlives it.
SegmentReader reader_of(const Directory& directory, const Descriptor& file, std::uint64_t segment,
                        const Uuid& realm);

}  // namespace cred::journal
