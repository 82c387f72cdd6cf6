#include "backup/archive_layout.hpp"
#include "backup/files.hpp"
#include "base/bytes.hpp"
#include "base/wiped.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <sys/stat.h>
#include <utility>
#include <vector>

namespace cred::backup {

struct ArchiveWriter::Parts {
  Parts(std::string path, const Secret& key) : file(std::move(path)), stream(key) {}

  void write(std::span<const std::byte> bytes) {
    sum.add(bytes);
    file.write(bytes);
  }
  void put(std::span<const std::byte> bytes) {
    while (!bytes.empty()) {
      // Only when more is to come, so that the last part is never an empty one.
      if (used == part_bytes) seal(crypto_secretstream_xchacha20poly1305_TAG_MESSAGE);
      const std::size_t n = std::min(bytes.size(), part_bytes - used);
      std::memcpy(plain.data() + used, bytes.data(), n);
      used += n;
      bytes = bytes.subspan(n);
    }
  }
  void seal(unsigned char tag) {
    const auto frame = std::span(sealed).first(length_bytes + used + sealing_bytes);
    Writer(frame).u32(static_cast<std::uint32_t>(used + sealing_bytes));
    (void)crypto_secretstream_xchacha20poly1305_push(
        stream.get(), writable_uchars(frame.subspan(length_bytes)), nullptr, uchars(plain), used,
        uchars(header), header.size(), tag);
    header.clear();
    used = 0;
    write(frame);
  }

  Sum sum;
  NewFile file;
  Stream stream;
  // The beginning of the file, until the first part has bound it.
  std::vector<std::byte> header;
  Wiped<std::byte> plain = Wiped<std::byte>(part_bytes);
  std::size_t used = 0;
  std::vector<std::byte> sealed = std::vector<std::byte>(length_bytes + part_bytes + sealing_bytes);
};

ArchiveWriter::ArchiveWriter(std::string path, std::span<const std::byte> wrapped_key,
                             const Secret& key) {
  if (wrapped_key.size() > max_wrapped_key_bytes)
    throw Failure(Code::internal, "the wrapped key of an archive has more than " +
                                      std::to_string(max_wrapped_key_bytes) + " bytes");
  // Sooner than after hours of writing.
  struct stat status {};
  if (lstat(path.c_str(), &status) == 0) throw Failure(Code::conflict, path + " exists already");
  parts_ = std::make_unique<Parts>(std::move(path), key);
  auto& header = parts_->header;
  header.resize(preamble_bytes + wrapped_key.size());
  Writer writer(header);
  writer.put(std::as_bytes(std::span(archive_magic)));
  writer.u32(archive_version);
  writer.field(wrapped_key);
  std::array<std::byte, stream_header_bytes> stream_header{};
  (void)crypto_secretstream_xchacha20poly1305_init_push(
      parts_->stream.get(), writable_uchars(stream_header), key.uchars());
  parts_->write(header);
  parts_->write(stream_header);
}

ArchiveWriter::~ArchiveWriter() = default;

void ArchiveWriter::add(std::span<const std::byte> item) {
  if (item.size() > max_item_bytes)
    throw Failure(Code::usage, "an item of an archive has " + std::to_string(item.size()) +
                                   " bytes; at most " + std::to_string(max_item_bytes) +
                                   " can be kept");
  std::array<std::byte, length_bytes> length{};
  Writer(length).u32(static_cast<std::uint32_t>(item.size()));
  parts_->put(length);
  parts_->put(item);
}

ArchiveSum ArchiveWriter::finish() {
  parts_->seal(crypto_secretstream_xchacha20poly1305_TAG_FINAL);
  parts_->file.put_in_place(NewFile::Existing::keep);
  return parts_->sum.finish();
}

}  // namespace cred::backup
