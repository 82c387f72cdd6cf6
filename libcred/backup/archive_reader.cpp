#include "backup/archive_layout.hpp"
#include "backup/files.hpp"
#include "base/bytes.hpp"
#include "base/wiped.hpp"

#include <algorithm>
#include <array>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace cred::backup {

ArchiveSum sum_of(const std::string& path) {
  const Descriptor fd = open_for_reading(path);
  std::vector<std::byte> piece(1024U * 1024);
  Sum sum;
  for (;;) {
    const std::size_t n = read_up_to(fd, piece, path);
    sum.add(std::span(piece).first(n));
    if (n < piece.size()) return sum.finish();
  }
}

struct ArchiveReader::Parts {
  explicit Parts(std::string where) : path(std::move(where)), fd(open_for_reading(path)) {
    struct stat status {};
    if (fstat(fd.get(), &status) != 0) failed("cannot look at", path);
    left = static_cast<std::uint64_t>(status.st_size);
  }

  [[noreturn]] void damaged(const std::string& what) const {
    throw Failure(Code::integrity, "the archive " + path + ' ' + what);
  }
  void read(std::span<std::byte> bytes, const char* where) {
    if (bytes.size() > left || read_up_to(fd, bytes, path) != bytes.size())
      damaged(std::string("was cut off: it ends in ") + where);
    left -= bytes.size();
    sum.add(bytes);
  }
  void read_header();
  void begin(const Secret& key);
  void open_part();
  // Whether a byte of plaintext is at hand.
  bool more() {
    if (at < plain_used) return true;
    if (last) return false;
    open_part();
    return at < plain_used;
  }
  std::optional<std::span<const std::byte>> next();
  std::optional<std::uint32_t> item_length();
  std::span<const std::byte> take(std::size_t count);
  std::span<const std::byte> joined(std::size_t length);

  Sum sum;
  std::string path;
  Descriptor fd;
  bool last = false;       // no part is left
  std::uint64_t left = 0;  // of the file
  std::vector<std::byte> header;
  std::vector<std::byte> bound;  // the header, until the first part has confirmed it
  std::optional<Stream> stream;
  std::vector<std::byte> sealed;
  Wiped<std::byte> plain;
  std::size_t at = 0;
  std::size_t plain_used = 0;
  Wiped<std::byte> item;  // one that lies in more than one part
  std::optional<Error> broken;
  std::optional<ArchiveSum> whole;
};

void ArchiveReader::Parts::read_header() {
  header.resize(preamble_bytes);
  if (left < preamble_bytes) damaged("is none: it is too short");
  read(header, "its header");
  Reader reader(header);
  const auto magic = reader.take(archive_magic.size());
  if (!std::ranges::equal(magic, std::as_bytes(std::span(archive_magic))))
    damaged("is none: it does not begin like one");
  const std::uint32_t version = reader.u32();
  if (version != archive_version)
    damaged("has format " + std::to_string(version) + "; this version of libcred reads format " +
            std::to_string(archive_version));
  const std::uint32_t length = reader.u32();
  if (length > max_wrapped_key_bytes) damaged("has a wrapped key of impossible length");
  header.resize(preamble_bytes + length);
  read(std::span(header).subspan(preamble_bytes), "its header");
}

void ArchiveReader::Parts::begin(const Secret& key) {
  stream.emplace(key);
  std::array<std::byte, stream_header_bytes> stream_header{};
  read(stream_header, "its header");
  (void)crypto_secretstream_xchacha20poly1305_init_pull(stream->get(), uchars(stream_header),
                                                        key.uchars());
  sealed.resize(part_bytes + sealing_bytes);
  plain.resize(part_bytes);
  bound = header;
  open_part();
}

void ArchiveReader::Parts::open_part() {
  std::array<std::byte, length_bytes> prefix{};
  read(prefix, left == 0 ? "the middle, between two parts" : "a part");
  const std::size_t length = Reader(prefix).u32();
  if (length < sealing_bytes || length > part_bytes + sealing_bytes)
    damaged("has a part of impossible length");
  const auto frame = std::span(sealed).first(length);
  read(frame, "a part");
  unsigned char tag = 0;
  if (crypto_secretstream_xchacha20poly1305_pull(stream->get(), writable_uchars(plain), nullptr,
                                                 &tag, uchars(frame), frame.size(), uchars(bound),
                                                 bound.size()) != 0)
    damaged(bound.empty() ? "was altered: a part of it does not open"
                          : "does not open: its key is another one, or it was altered");
  bound.clear();
  at = 0;
  plain_used = length - sealing_bytes;
  last = tag == crypto_secretstream_xchacha20poly1305_TAG_FINAL;
  if (!last &&
      (tag != crypto_secretstream_xchacha20poly1305_TAG_MESSAGE || plain_used < part_bytes))
    damaged("has a part in its middle that is none");
  std::byte beyond{};
  if (last && read_up_to(fd, {&beyond, 1}, path) != 0) damaged("goes on after its end");
}

// Of the next item; nothing behind the last.
std::optional<std::uint32_t> ArchiveReader::Parts::item_length() {
  if (plain_used - at >= length_bytes) return Reader(take(length_bytes)).u32();
  std::array<std::byte, length_bytes> prefix{};
  for (std::byte& b : prefix) {
    if (more())
      b = plain[at++];
    else if (&b == prefix.data())
      return {};
    else
      damaged("ends in the length of an item");
  }
  return Reader(prefix).u32();
}

std::span<const std::byte> ArchiveReader::Parts::take(std::size_t count) {
  const auto taken = std::span<const std::byte>(plain).subspan(at, count);
  at += count;
  return taken;
}

std::span<const std::byte> ArchiveReader::Parts::joined(std::size_t length) {
  item.clear();
  item.reserve(length);
  while (item.size() < length) {
    if (!more()) damaged("ends in an item");
    const auto piece = take(std::min(length - item.size(), plain_used - at));
    item.insert(item.end(), piece.begin(), piece.end());
  }
  return item;
}

std::optional<std::span<const std::byte>> ArchiveReader::Parts::next() {
  const auto length = item_length();
  if (!length) {
    if (!whole) whole = sum.finish();
    return {};
  }
  // Before memory is asked for.
  const std::uint64_t at_hand = plain_used - at;
  if (*length > max_item_bytes || *length > at_hand + left)
    damaged("has an item of impossible length");
  return *length <= at_hand ? take(*length) : joined(*length);
}

ArchiveReader::ArchiveReader(std::string path) : parts_(std::make_unique<Parts>(std::move(path))) {
  parts_->read_header();
}

ArchiveReader::~ArchiveReader() = default;

std::span<const std::byte> ArchiveReader::wrapped_key() const noexcept {
  return std::span<const std::byte>(parts_->header).subspan(preamble_bytes);
}

void ArchiveReader::begin(const Secret& key) {
  auto& parts = *parts_;
  if (parts.stream)
    throw Failure(Code::internal, "the archive " + parts.path + " was begun before");
  try {
    parts.begin(key);
  } catch (const Failure& failure) {
    parts.broken = failure.error();
    throw;
  }
}

std::optional<std::span<const std::byte>> ArchiveReader::next() {
  auto& parts = *parts_;
  if (parts.broken) throw Failure(*parts.broken);
  if (!parts.stream) throw Failure(Code::internal, "the archive " + parts.path + " was not begun");
  try {
    return parts.next();
  } catch (const Failure& failure) {
    parts.broken = failure.error();
    throw;
  }
}

ArchiveSum ArchiveReader::sum() const {
  if (!parts_->whole)
    throw Failure(Code::internal, "the archive " + parts_->path + " was not read to its end");
  return *parts_->whole;
}

}  // namespace cred::backup
