#include "base/secret.hpp"

#include <cerrno>
#include <cstring>
#include <sys/mman.h>
#include <unistd.h>

namespace cred {

void wipe(void* data, std::size_t size) noexcept {
  if (size != 0) explicit_bzero(data, size);
}

Secret::Secret(std::size_t size) noexcept {
  if (size == 0) return;
  const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
  if (size > SIZE_MAX - page) {
    failed_ = true;
    return;
  }
  const std::size_t mapped = (size + page - 1) / page * page;
  void* memory = mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) {
    failed_ = true;
    return;
  }
  // Best effort: RLIMIT_MEMLOCK may be small, and a login must not fail for it.
  (void)mlock(memory, mapped);
  (void)madvise(memory, mapped, MADV_DONTDUMP);
  (void)madvise(memory, mapped, MADV_WIPEONFORK);
  data_ = static_cast<std::byte*>(memory);
  size_ = size;
  mapped_ = mapped;
}

Secret::Secret(Secret&& other) noexcept
    : data_(other.data_), size_(other.size_), mapped_(other.mapped_), failed_(other.failed_) {
  other.data_ = nullptr;
  other.size_ = 0;
  other.mapped_ = 0;
  other.failed_ = false;
}

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  clear();
  data_ = other.data_;
  size_ = other.size_;
  mapped_ = other.mapped_;
  failed_ = other.failed_;
  other.data_ = nullptr;
  other.size_ = 0;
  other.mapped_ = 0;
  other.failed_ = false;
  return *this;
}

Secret::~Secret() { clear(); }

Secret Secret::copy_of(std::span<const std::byte> bytes) noexcept {
  Secret copy(bytes.size());
  if (!copy.empty()) std::memcpy(copy.data_, bytes.data(), bytes.size());
  return copy;
}

Secret Secret::copy_of(const char* text, std::size_t length) noexcept {
  return copy_of(std::as_bytes(std::span(text, length)));
}

Secret::Line Secret::from_line(int fd, Secret& line) noexcept {
  Secret buffer(max_password_bytes);
  if (!buffer.ok()) return Line::failed;
  std::size_t length = 0;
  for (;;) {
    char c = 0;
    const ssize_t got = read(fd, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Line::failed;
    if (got == 0 && length == 0) return Line::end;
    if (got == 0 || c == '\n') break;
    if (length == max_password_bytes) {
      wipe(&c, 1);
      return Line::too_long;
    }
    buffer.data_[length++] = static_cast<std::byte>(c);
    wipe(&c, 1);
  }
  buffer.shrink(length);
  line = static_cast<Secret&&>(buffer);
  return Line::read;
}

void Secret::shrink(std::size_t size) noexcept {
  if (size >= size_) return;
  wipe(data_ + size, size_ - size);
  size_ = size;
}

void Secret::clear() noexcept {
  if (data_ == nullptr) return;
  wipe(data_, mapped_);
  (void)munmap(data_, mapped_);
  data_ = nullptr;
  size_ = 0;
  mapped_ = 0;
}

bool Secret::equals(const Secret& other) const noexcept {
  if (size_ != other.size_) return false;
  unsigned difference = 0;
  const volatile std::byte* left = data_;
  const volatile std::byte* right = other.data_;
  for (std::size_t i = 0; i < size_; ++i) {
    const std::byte a = left[i];
    const std::byte b = right[i];
    difference |= static_cast<unsigned>(a ^ b);
  }
  return difference == 0;
}

}  // namespace cred
