#include "hash/arena.hpp"

#include <sys/mman.h>
#include <utility>

namespace cred::hash {

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
  }
  return *this;
}

Arena::~Arena() { release(); }

void Arena::release() noexcept {
  if (data_ != nullptr) (void)munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

std::span<std::byte> Arena::at_least(std::size_t size) noexcept {
  if (size_ >= size) return {data_, size_};
  release();
  void* memory = mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return {};
  (void)madvise(memory, size, MADV_DONTDUMP);
  (void)madvise(memory, size, MADV_WIPEONFORK);
  (void)madvise(memory, size, MADV_HUGEPAGE);
  data_ = static_cast<std::byte*>(memory);
  size_ = size;
  return {data_, size_};
}

}  // namespace cred::hash
