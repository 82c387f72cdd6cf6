// Scratch memory for what is derived of a secret: an ordinary vector that is wiped
// before it is released. For many small values; a whole password lives in a Secret.
#pragma once

#include "base/secret.hpp"

#include <memory>
#include <vector>

namespace cred {

template <class T>
struct WipingAllocator {
  using value_type = T;
  WipingAllocator() = default;
  template <class U>
  WipingAllocator(const WipingAllocator<U>&) noexcept {}
  T* allocate(std::size_t n) { return std::allocator<T>().allocate(n); }
  void deallocate(T* memory, std::size_t n) noexcept {
    wipe(memory, n * sizeof(T));
    std::allocator<T>().deallocate(memory, n);
  }
  template <class U>
  bool operator==(const WipingAllocator<U>&) const noexcept {
    return true;
  }
};

template <class T>
using Wiped = std::vector<T, WipingAllocator<T>>;

}  // namespace cred
