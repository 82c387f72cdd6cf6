// Reading and writing bounded binary records: big-endian integers and
// length-prefixed fields. Bounds are checked before every access; a reader that
// failed once stays failed and yields zeros. Needs libc alone.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

namespace cred {

class Reader {
 public:
  explicit Reader(std::span<const std::byte> bytes) noexcept : rest_(bytes) {}

  std::uint64_t integer(std::size_t width) noexcept {
    std::uint64_t value = 0;
    for (const std::byte b : take(width)) value = value << 8 | std::to_integer<std::uint64_t>(b);
    return value;
  }
  std::uint8_t u8() noexcept { return static_cast<std::uint8_t>(integer(1)); }
  std::uint16_t u16() noexcept { return static_cast<std::uint16_t>(integer(2)); }
  std::uint32_t u32() noexcept { return static_cast<std::uint32_t>(integer(4)); }
  std::uint64_t u64() noexcept { return integer(8); }
  std::int64_t i64() noexcept { return static_cast<std::int64_t>(integer(8)); }

  // Exactly `count` bytes, or none and the reader has failed.
  std::span<const std::byte> take(std::size_t count) noexcept {
    if (failed_ || count > rest_.size()) {
      failed_ = true;
      return {};
    }
    const auto taken = rest_.first(count);
    rest_ = rest_.subspan(count);
    return taken;
  }
  // A field behind its 32-bit length.
  std::span<const std::byte> field() noexcept { return take(u32()); }
  std::string_view text() noexcept {
    const auto bytes = field();
    return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
  }

  std::size_t left() const noexcept { return rest_.size(); }
  bool ok() const noexcept { return !failed_; }
  // Everything was read, and all of it was there.
  bool finished() const noexcept { return !failed_ && rest_.empty(); }

 private:
  std::span<const std::byte> rest_;
  bool failed_ = false;
};

// Writes into a buffer of fixed size that the caller owns and wipes.
class Writer {
 public:
  explicit Writer(std::span<std::byte> buffer) noexcept : buffer_(buffer) {}

  void integer(std::uint64_t value, std::size_t width) noexcept {
    for (std::size_t i = width; i-- > 0;) {
      const auto b = static_cast<std::byte>(value >> (8 * i) & 0xff);
      put({&b, 1});
    }
  }
  void u8(std::uint8_t value) noexcept { integer(value, 1); }
  void u16(std::uint16_t value) noexcept { integer(value, 2); }
  void u32(std::uint32_t value) noexcept { integer(value, 4); }
  void u64(std::uint64_t value) noexcept { integer(value, 8); }
  void i64(std::int64_t value) noexcept { integer(static_cast<std::uint64_t>(value), 8); }

  void put(std::span<const std::byte> bytes) noexcept {
    if (failed_ || bytes.size() > buffer_.size() - used_) {
      failed_ = true;
      return;
    }
    if (!bytes.empty()) std::memcpy(buffer_.data() + used_, bytes.data(), bytes.size());
    used_ += bytes.size();
  }
  void field(std::span<const std::byte> bytes) noexcept {
    if (bytes.size() > UINT32_MAX) {
      failed_ = true;
      return;
    }
    u32(static_cast<std::uint32_t>(bytes.size()));
    put(bytes);
  }
  void text(std::string_view text) noexcept { field(std::as_bytes(std::span(text))); }

  std::size_t used() const noexcept { return used_; }
  std::span<const std::byte> written() const noexcept { return buffer_.first(used_); }
  bool ok() const noexcept { return !failed_; }

 private:
  std::span<std::byte> buffer_;
  std::size_t used_ = 0;
  bool failed_ = false;
};

}  // namespace cred
