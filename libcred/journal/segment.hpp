// The bytes of one segment: docs/formats/journal.md.
#pragma once

#include "base/error.hpp"
#include "journal/journal.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace cred::journal {

struct Header {
  std::uint64_t first = 0;     // number of the first entry, also in the file's name
  std::uint64_t previous = 0;  // of the last entry before; 0: there is none
  bool run = false;            // numbers between the two were never given
};

inline constexpr std::size_t header_bytes = 52;
inline constexpr std::size_t frame_head_bytes = 24;
inline constexpr std::size_t checksum_bytes = 4;

std::string segment_name(std::uint64_t first);
// The number in the name, from 1; none where it is not a segment's.
std::optional<std::uint64_t> segment_number(std::string_view name);

void append_header(std::vector<std::byte>& to, const Header& header, const Uuid& realm);
void append_frame(std::vector<std::byte>& to, const Entry& entry);
constexpr std::uint64_t frame_bytes(const Entry& entry) {
  return frame_head_bytes + entry.bytes.size() + checksum_bytes;
}

// CRC-32 of ISO 3309.
std::uint32_t checksum(std::span<const std::byte> bytes, std::uint32_t before = 0);

// Where a segment's bytes come from: as many as fit, fewer only at its end.
using Source = std::function<std::size_t(std::uint64_t at, std::span<std::byte> into)>;

enum class Step {
  entry,    // a whole entry; after the header: it is whole
  end,      // nothing follows
  torn,     // what follows was not written to its end
  damaged,  // anything else
};

// Reads a segment from its beginning, one entry in memory at a time.
class SegmentReader {
 public:
  // `path` is for errors. `first` is the number in the file's name.
  SegmentReader(Source source, std::string path, std::uint64_t first, const Uuid& realm);

  // First of all: the header.
  Step begin();
  // After `entry` alone. Other steps leave `entry` in no particular state.
  Step next(Entry& entry);

  const Header& header() const noexcept { return header_; }
  // Of the last whole entry; 0: none.
  std::uint64_t last() const noexcept { return last_; }
  // Behind the last whole entry, or the header.
  std::uint64_t offset() const noexcept { return offset_; }
  // Says where and what, for `torn` and `damaged` and for what the caller finds.
  Error fault(const std::string& what) const;
  Error fault() const { return fault(what_); }

 private:
  Step report(Step step, const char* what);
  Step torn_or_damaged(std::uint64_t zeros_from, const char* what);
  std::size_t fetch(std::uint64_t at, std::span<std::byte> into);

  Source source_;
  std::string path_;
  Uuid realm_;
  Header header_;
  std::uint64_t last_ = 0;
  std::uint64_t offset_ = 0;
  const char* what_ = "";
  std::vector<std::byte> ahead_;
  std::uint64_t ahead_at_ = 0;
  std::size_t ahead_size_ = 0;
};

}  // namespace cred::journal
