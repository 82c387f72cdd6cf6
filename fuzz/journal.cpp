// Segments of the journal: what is read as whole is written the same way again.

#include "base/bytes.hpp"
#include "journal/segment.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>

using namespace cred;
using namespace cred::journal;

namespace {

using Bytes = std::vector<std::byte>;

constexpr std::size_t first_at = 16;
constexpr std::size_t realm_at = 32;

void store32(Bytes& bytes, std::size_t at, std::uint32_t value) {
  Writer(std::span(bytes).subspan(at, sizeof value)).u32(value);
}

// With checksums that hold, so that what lies behind them is reached.
void mend(Bytes& bytes) {
  if (bytes.size() < header_bytes) return;
  constexpr std::size_t sum_at = header_bytes - checksum_bytes;
  store32(bytes, sum_at, checksum(std::span(bytes).first(sum_at)));
  for (std::size_t at = header_bytes; bytes.size() - at >= frame_head_bytes;) {
    const auto head = std::span(bytes).subspan(at);
    const std::uint32_t size = Reader(head).u32();
    constexpr std::size_t head_sum_at = frame_head_bytes - checksum_bytes;
    store32(bytes, at + head_sum_at, checksum(head.first(head_sum_at)));
    if (size > head.size() || frame_head_bytes + size + checksum_bytes > head.size()) return;
    store32(bytes, at + frame_head_bytes + size, checksum(head.first(frame_head_bytes + size)));
    at += frame_head_bytes + size + checksum_bytes;
  }
}

void read(const Bytes& bytes) {
  std::uint64_t first = 1;
  Uuid realm{};
  if (bytes.size() >= header_bytes) {
    first = Reader(std::span(bytes).subspan(first_at)).u64();
    std::memcpy(realm.data(), bytes.data() + realm_at, realm.size());
  }
  SegmentReader reader(
      [&](std::uint64_t at, std::span<std::byte> into) {
        if (at >= bytes.size()) return std::size_t{0};
        const auto rest = std::span(bytes).subspan(static_cast<std::size_t>(at));
        const std::size_t count = std::min(rest.size(), into.size());
        std::copy_n(rest.begin(), count, into.begin());
        return count;
      },
      "fuzz", first, realm);
  Bytes again;
  Step step = reader.begin();
  if (step == Step::entry) append_header(again, reader.header(), realm);
  Entry entry;
  while (step == Step::entry) {
    step = reader.next(entry);
    if (step != Step::entry) break;
    if (entry.number != reader.last() || entry.number < first) std::abort();
    append_frame(again, entry);
  }
  if (again.size() != reader.offset() || again.size() > bytes.size() ||
      !std::equal(again.begin(), again.end(), bytes.begin()))
    std::abort();
  if ((step == Step::end) != (again.size() == bytes.size() && !bytes.empty())) std::abort();
  if (step != Step::end && reader.fault().message.ends_with(": ")) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto* from = reinterpret_cast<const std::byte*>(data);
  Bytes bytes(from, from + size);
  read(bytes);
  mend(bytes);
  read(bytes);
  return 0;
}
