#include "engine/arenas.hpp"

#include <utility>

namespace cred::engine {

hash::Arena Arenas::take(std::uint32_t kib) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  changed_.wait(lock, [&] { return ticket == serving_ && (lent_ == 0 || lent_ + kib <= budget_); });
  ++serving_;
  lent_ += kib;
  hash::Arena arena;
  if (kib <= usual_ && !idle_.empty()) {
    arena = std::move(idle_.back());
    idle_.pop_back();
  }
  // What is kept for later must not stand beside what is needed now.
  while (!idle_.empty() && held() > budget_) idle_.pop_back();
  lock.unlock();
  changed_.notify_all();
  return arena;
}

void Arenas::put_back(hash::Arena arena, std::uint32_t kib) {
  {
    const std::lock_guard lock(mutex_);
    lent_ -= kib;
    if (kib <= usual_ && (held() == 0 || held() + usual_ <= budget_))
      idle_.push_back(std::move(arena));
  }
  changed_.notify_all();
}

void Arenas::Lent::exchange(std::uint32_t kib) {
  owner_.put_back(std::move(arena_), kib_);
  kib_ = 0;  // nothing is lent if waiting fails
  arena_ = owner_.take(kib);
  kib_ = kib;
}

}  // namespace cred::engine
