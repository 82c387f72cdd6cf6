// The memory in which Argon2 works: lent by its owner to one hash at a time.
#pragma once

#include <cstddef>
#include <span>

namespace cred::hash {

// Page-aligned, kept out of core dumps and forked children, wiped by whoever
// filled it. Grows on demand; never shrinks while it lives.
class Arena {
 public:
  Arena() noexcept = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // At least `size` bytes; empty when memory cannot be had. The span is valid
  // until the next call.
  std::span<std::byte> at_least(std::size_t size) noexcept;

 private:
  void release() noexcept;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace cred::hash
