#include "journal/segment.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <zlib.h>

namespace cred::journal {
namespace {

constexpr std::string_view magic = "CREDJRNL";
constexpr std::uint32_t version = 1;
constexpr std::uint32_t run_flag = 1;
constexpr std::string_view suffix = ".log";
constexpr std::size_t digits = 20;
constexpr std::size_t read_ahead = 65536;

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

// Room for `size` more bytes at the end of `to`.
std::span<std::byte> extend(std::vector<std::byte>& to, std::size_t size) {
  to.resize(to.size() + size);
  return std::span(to).last(size);
}

}  // namespace

std::uint32_t checksum(std::span<const std::byte> bytes, std::uint32_t before) {
  // zlib takes a null pointer for a wish to begin.
  if (bytes.empty()) return before;
  return static_cast<std::uint32_t>(
      crc32_z(before, reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()));
}

std::string segment_name(std::uint64_t first) {
  std::string number = std::to_string(first);
  number.insert(0, digits - number.size(), '0');
  return number.append(suffix);
}

std::optional<std::uint64_t> segment_number(std::string_view name) {
  if (name.size() != digits + suffix.size() || !name.ends_with(suffix)) return std::nullopt;
  std::uint64_t number = 0;
  for (const char c : name.substr(0, digits)) {
    if (c < '0' || c > '9') return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (number > (UINT64_MAX - digit) / 10) return std::nullopt;
    number = number * 10 + digit;
  }
  if (number == 0) return std::nullopt;
  return number;
}

void append_header(std::vector<std::byte>& to, const Header& header, const Uuid& realm) {
  const auto room = extend(to, header_bytes);
  Writer writer(room);
  writer.put(std::as_bytes(std::span(magic)));
  writer.u32(version);
  writer.u32(header.run ? run_flag : 0);
  writer.u64(header.first);
  writer.u64(header.previous);
  writer.put(realm);
  writer.u32(checksum(writer.written()));
}

void append_frame(std::vector<std::byte>& to, const Entry& entry) {
  const auto room = extend(to, static_cast<std::size_t>(frame_bytes(entry)));
  Writer writer(room);
  writer.u32(static_cast<std::uint32_t>(entry.bytes.size()));
  writer.u64(entry.number);
  writer.i64(entry.time.time_since_epoch().count());
  // Of its own, so that a damaged length is not taken for an entry that was cut off.
  writer.u32(checksum(writer.written()));
  writer.put(entry.bytes);
  writer.u32(checksum(writer.written()));
}

SegmentReader::SegmentReader(Source source, std::string path, std::uint64_t first,
                             const Uuid& realm)
    : source_(std::move(source)), path_(std::move(path)), realm_(realm), ahead_(read_ahead) {
  header_.first = first;
}

Error SegmentReader::fault(const std::string& what) const {
  return {Code::integrity,
          "the journal's " + path_ + " at byte " + std::to_string(offset_) + ": " + what};
}

Step SegmentReader::report(Step step, const char* what) {
  what_ = what;
  return step;
}

std::size_t SegmentReader::fetch(std::uint64_t at, std::span<std::byte> into) {
  std::size_t done = 0;
  while (done < into.size()) {
    const std::uint64_t from = at + done;
    if (from >= ahead_at_ && from < ahead_at_ + ahead_size_) {
      const auto skip = static_cast<std::size_t>(from - ahead_at_);
      const std::size_t count = std::min(ahead_size_ - skip, into.size() - done);
      std::copy_n(ahead_.begin() + static_cast<std::ptrdiff_t>(skip), count,
                  into.begin() + static_cast<std::ptrdiff_t>(done));
      done += count;
      continue;
    }
    if (into.size() - done >= ahead_.size()) return done + source_(from, into.subspan(done));
    ahead_at_ = from;
    ahead_size_ = source_(from, ahead_);
    if (ahead_size_ == 0) break;
  }
  return done;
}

// A file that grew before its bytes came to the disk ends in zeros.
Step SegmentReader::torn_or_damaged(std::uint64_t zeros_from, const char* what) {
  std::array<std::byte, 4096> chunk{};
  std::size_t got = 0;
  while ((got = fetch(zeros_from, chunk)) > 0) {
    if (!all_zero(std::span(chunk).first(got))) return report(Step::damaged, what);
    zeros_from += got;
  }
  return report(Step::torn, what);
}

Step SegmentReader::begin() {
  std::array<std::byte, header_bytes> bytes{};
  if (fetch(0, bytes) < bytes.size()) return report(Step::torn, "the header is cut off");
  if (all_zero(bytes)) return torn_or_damaged(bytes.size(), "the header is missing");
  Reader reader(bytes);
  const auto mark = reader.take(magic.size());
  if (!std::equal(mark.begin(), mark.end(), std::as_bytes(std::span(magic)).begin()))
    return report(Step::damaged, "this is not the beginning of a segment");
  if (reader.u32() != version)
    return report(Step::damaged, "the format's version is not 1, the only one there is");
  const std::uint32_t flags = reader.u32();
  const std::uint64_t first = reader.u64();
  header_.previous = reader.u64();
  const auto realm = reader.take(realm_.size());
  if (reader.u32() != checksum(std::span(bytes).first(header_bytes - checksum_bytes)))
    return report(Step::damaged, "the header's checksum is wrong");
  header_.run = flags == run_flag;
  if (flags > run_flag) return report(Step::damaged, "the header has unknown flags");
  if (!std::equal(realm.begin(), realm.end(), realm_.begin()))
    return report(Step::damaged, "the segment is another realm's");
  if (first != header_.first)
    return report(Step::damaged, "the segment has another segment's name");
  if (first <= header_.previous || (!header_.run && first - 1 != header_.previous))
    return report(Step::damaged, "the header's numbers contradict each other");
  offset_ = header_bytes;
  return Step::entry;
}

Step SegmentReader::next(Entry& entry) {
  std::array<std::byte, frame_head_bytes> head{};
  const std::size_t got = fetch(offset_, head);
  if (got == 0) return Step::end;
  if (got < head.size()) return report(Step::torn, "an entry is cut off");
  Reader reader(head);
  const std::uint32_t size = reader.u32();
  entry.number = reader.u64();
  entry.time = Time(Duration(reader.i64()));
  if (reader.u32() != checksum(std::span(head).first(frame_head_bytes - checksum_bytes)))
    return torn_or_damaged(offset_ + head.size(), "the checksum of an entry's head is wrong");
  if (size > largest_entry) return report(Step::damaged, "an entry is larger than any may be");
  if (entry.number == 0 || entry.number != (last_ == 0 ? header_.first : last_ + 1))
    return report(Step::damaged, "an entry's number does not follow");
  entry.bytes.resize(size);
  std::array<std::byte, checksum_bytes> tail{};
  const std::uint64_t bytes_at = offset_ + head.size();
  if (fetch(bytes_at, entry.bytes) < size || fetch(bytes_at + size, tail) < tail.size())
    return report(Step::torn, "an entry is cut off");
  if (Reader(tail).u32() != checksum(entry.bytes, checksum(head)))
    return torn_or_damaged(bytes_at + size + tail.size(), "an entry's checksum is wrong");
  offset_ = bytes_at + size + tail.size();
  last_ = entry.number;
  return Step::entry;
}

}  // namespace cred::journal
