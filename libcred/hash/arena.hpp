// The memory in which Argon2 works: lent by its owner to one hash at a time.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

namespace cred::hash {

// Kept out of core dumps and forked children; in huge pages where the kernel has them and
// it is large enough. Grows on demand; never shrinks while it lives. What a hash leaves in
// it lies there until `wipe`, the next hash, which writes over it, or the end.
class Arena {
 public:
  using Clock = std::chrono::steady_clock;

  Arena() noexcept = default;
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;
  ~Arena();

  // At least `size` bytes, to be written to; empty when memory cannot be had. What an
  // earlier hash left beyond them is wiped. The span is valid until the next call.
  std::span<std::byte> at_least(std::size_t size) noexcept;
  // Has `size` bytes ready, so that the first hash does not wait for the kernel to find
  // them. False when memory cannot be had.
  bool prepare(std::size_t size) noexcept;

  // Wipes what was asked for since the last time.
  void wipe() noexcept;
  // Since when there is something to wipe; meaningless where there is nothing.
  Clock::time_point used_since() const noexcept { return used_since_; }
  bool used() const noexcept { return used_ > 0; }

 private:
  bool reserve(std::size_t size) noexcept;
  void release() noexcept;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t used_ = 0;  // from the beginning
  Clock::time_point used_since_{};
};

}  // namespace cred::hash
