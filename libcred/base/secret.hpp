// Memory for secrets: locked, kept out of core dumps and of forked children,
// and wiped. Needs libc alone, so that the PAM module can use it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace cred {

// The longest password that libcred takes, in bytes as it arrives.
inline constexpr std::size_t max_password_bytes = 1024;

// Owns a buffer of secret bytes; move-only. There is no conversion to a string
// and no stream operator, on purpose.
class Secret {
 public:
  Secret() noexcept = default;
  // A zeroed buffer of `size` bytes. When no memory is left, `ok()` is false
  // and the buffer is empty.
  explicit Secret(std::size_t size) noexcept;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  ~Secret();

  // A copy of `bytes`, whose owner still has to wipe them.
  static Secret copy_of(std::span<const std::byte> bytes) noexcept;
  static Secret copy_of(const char* text, std::size_t length) noexcept;

  enum class Line : std::uint8_t {
    read,      // a line, without its newline; may be empty
    end,       // end of input before any byte
    too_long,  // more than max_password_bytes before the newline
    failed,    // read(2) failed, or no memory
  };
  // Reads one line from `fd`, a byte at a time, so that what follows it is left
  // for the next reader.
  static Line from_line(int fd, Secret& line) noexcept;

  // False when a buffer was asked for and could not be had.
  bool ok() const noexcept { return !failed_; }
  std::size_t size() const noexcept { return size_; }
  bool empty() const noexcept { return size_ == 0; }
  std::span<const std::byte> bytes() const noexcept { return {data_, size_}; }
  std::span<std::byte> writable() noexcept { return {data_, size_}; }
  // The same bytes for C interfaces; not terminated.
  const char* chars() const noexcept { return reinterpret_cast<const char*>(data_); }
  const unsigned char* uchars() const noexcept {
    return reinterpret_cast<const unsigned char*>(data_);
  }
  unsigned char* uchars() noexcept { return reinterpret_cast<unsigned char*>(data_); }

  // Keeps the first `size` bytes and wipes the rest; `size` <= size().
  void shrink(std::size_t size) noexcept;
  // Wipes and releases now.
  void clear() noexcept;
  // Compares in time that depends on the lengths alone.
  bool equals(const Secret& other) const noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t mapped_ = 0;
  bool failed_ = false;
};

// Wipes memory that is about to be released; never optimised away.
void wipe(void* data, std::size_t size) noexcept;

}  // namespace cred
