#include "hash/arena.hpp"

#include "base/secret.hpp"

#include <cstdint>
#include <sys/mman.h>
#include <utility>

namespace cred::hash {
namespace {

constexpr std::size_t page = 4096;  // the smallest that there are
constexpr std::size_t huge_page = std::size_t{2} * 1024 * 1024;

// Begins at a multiple of a huge page, for the kernel to make it of whole ones.
std::byte* map(std::size_t size) noexcept {
  const std::size_t more = size >= huge_page ? huge_page : 0;
  void* memory =
      mmap(nullptr, size + more, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return nullptr;
  auto* begin = static_cast<std::byte*>(memory);
  if (more == 0) return begin;
  const std::size_t before = (huge_page - reinterpret_cast<std::uintptr_t>(memory)) % huge_page;
  if (before > 0) (void)munmap(begin, before);
  if (more > before) (void)munmap(begin + before + size, more - before);
  return begin + before;
}

}  // namespace

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)),
      size_(std::exchange(other.size_, 0)),
      used_(std::exchange(other.used_, 0)),
      used_since_(other.used_since_) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    release();
    data_ = std::exchange(other.data_, nullptr);
    size_ = std::exchange(other.size_, 0);
    used_ = std::exchange(other.used_, 0);
    used_since_ = other.used_since_;
  }
  return *this;
}

Arena::~Arena() { release(); }

void Arena::wipe() noexcept {
  if (used_ > 0) cred::wipe(data_, used_);
  used_ = 0;
}

void Arena::release() noexcept {
  wipe();
  if (data_ != nullptr) (void)munmap(data_, size_);
  data_ = nullptr;
  size_ = 0;
}

bool Arena::reserve(std::size_t size) noexcept {
  if (size_ >= size) return true;
  release();
  size = (size + page - 1) / page * page;
  data_ = map(size);
  if (data_ == nullptr) return false;
  size_ = size;
  (void)madvise(data_, size, MADV_DONTDUMP);
  (void)madvise(data_, size, MADV_WIPEONFORK);
  (void)madvise(data_, size, MADV_HUGEPAGE);
  return true;
}

bool Arena::prepare(std::size_t size) noexcept {
  if (!reserve(size)) return false;
  volatile std::byte* bytes = data_;
  for (std::size_t i = 0; i < size; i += page) bytes[i] = bytes[i];
  return true;
}

std::span<std::byte> Arena::at_least(std::size_t size) noexcept {
  if (!reserve(size)) return {};
  if (used_ > size) cred::wipe(data_ + size, used_ - size);
  used_ = size;
  used_since_ = Clock::now();
  return {data_, size_};
}

}  // namespace cred::hash
