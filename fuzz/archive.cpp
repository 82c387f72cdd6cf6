// An archive of arbitrary bytes is refused; so is one whose seals hold and whose items
// do not, which only a holder of the key could make.

#include "backup/archive.hpp"
#include "base/bytes.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <cstdlib>
#include <sodium.h>
#include <string>
#include <sys/mman.h>
#include <unistd.h>
#include <vector>

using namespace cred;

namespace {

constexpr std::size_t part_bytes = 256U * 1024;

// A file in memory, the same for all inputs.
class MemoryFile {
 public:
  std::string holding(std::span<const std::byte> bytes) const {
    if (ftruncate(fd_, 0) != 0 ||
        pwrite(fd_, bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size()))
      std::abort();
    return "/proc/self/fd/" + std::to_string(fd_);
  }

 private:
  int fd_ = memfd_create("archive", MFD_CLOEXEC);
};

const MemoryFile& the_file() {
  static const MemoryFile file;
  return file;
}

struct Result {
  bool whole = false;
  std::vector<std::size_t> sizes;
};

Result read(std::span<const std::byte> bytes) {
  Result result;
  try {
    backup::ArchiveReader reader(the_file().holding(bytes));
    reader.begin(Secret(32));
    while (const auto item = reader.next()) {
      if (!item->empty()) (void)static_cast<volatile std::byte>(item->back());
      result.sizes.push_back(item->size());
    }
    if (reader.sum().bytes != bytes.size()) std::abort();
    result.whole = true;
  } catch (const Failure& failure) {
    if (failure.error().code != Code::integrity) std::abort();
  }
  return result;
}

// The sizes of the items in `plain`, and whether nothing is left over.
Result expected(std::span<const std::byte> plain) {
  Result result;
  Reader reader(plain);
  while (reader.left() > 0) {
    const auto item = reader.field();
    if (!reader.ok()) return result;
    result.sizes.push_back(item.size());
  }
  result.whole = true;
  return result;
}

// `plain` behind seals that hold.
std::vector<std::byte> sealed(std::span<const std::byte> plain) {
  std::vector<std::byte> archive(plain.size() + 4096 + plain.size() / part_bytes * 32);
  Writer writer(archive);
  writer.put(std::as_bytes(std::span(std::string_view("CREDBKUP"))));
  writer.u32(1);
  writer.text("key");
  const std::vector<std::byte> header(writer.written().begin(), writer.written().end());
  const Secret key(32);
  crypto_secretstream_xchacha20poly1305_state state;
  std::array<std::byte, crypto_secretstream_xchacha20poly1305_HEADERBYTES> stream{};
  const auto* bound = reinterpret_cast<const unsigned char*>(header.data());
  std::size_t bound_bytes = header.size();
  (void)crypto_secretstream_xchacha20poly1305_init_push(
      &state, reinterpret_cast<unsigned char*>(stream.data()), key.uchars());
  writer.put(stream);
  bool last = false;
  while (!last) {
    const auto piece = plain.first(std::min(part_bytes, plain.size()));
    plain = plain.subspan(piece.size());
    last = plain.empty();
    std::vector<std::byte> part(piece.size() + crypto_secretstream_xchacha20poly1305_ABYTES);
    (void)crypto_secretstream_xchacha20poly1305_push(
        &state, reinterpret_cast<unsigned char*>(part.data()), nullptr,
        reinterpret_cast<const unsigned char*>(piece.data()), piece.size(), bound, bound_bytes,
        last ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : 0);
    bound_bytes = 0;
    writer.field(part);
  }
  if (!writer.ok()) std::abort();
  archive.resize(writer.used());
  return archive;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  (void)read(bytes);
  const Result right = expected(bytes);
  const Result got = read(sealed(bytes));
  if (got.whole != right.whole || got.sizes != right.sizes) std::abort();
  return 0;
}
