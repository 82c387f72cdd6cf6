#include "engine/arenas.hpp"

#include <algorithm>
#include <utility>

namespace cred::engine {

hash::Arena Arenas::take(std::uint32_t kib) {
  std::unique_lock lock(mutex_);
  const std::uint64_t ticket = next_ticket_++;
  changed_.wait(lock, [&] { return ticket == serving_ && (lent_ == 0 || lent_ + kib <= budget_); });
  ++serving_;
  hash::Arena arena = lend(kib);
  lock.unlock();
  changed_.notify_all();
  return arena;
}

std::optional<hash::Arena> Arenas::take_spare(std::uint32_t kib) {
  const std::lock_guard lock(mutex_);
  if (serving_ != next_ticket_ || lent_ + kib + usual_ > budget_) return std::nullopt;
  return lend(kib);
}

hash::Arena Arenas::lend(std::uint32_t kib) {
  lent_ += kib;
  hash::Arena arena;
  if (kib <= usual_ && !idle_.empty()) {
    arena = std::move(idle_.back());
    idle_.pop_back();
  }
  // What is kept for later must not stand beside what is needed now.
  while (!idle_.empty() && held() > budget_) idle_.pop_back();
  return arena;
}

Arenas::Spare::Spare(Arenas& owner, std::uint32_t kib, std::size_t most)
    : owner_(owner), kib_(kib) {
  arenas_.reserve(most);
  while (arenas_.size() < most) {
    auto arena = owner_.take_spare(kib_);
    if (!arena) break;
    arenas_.push_back(std::move(*arena));
  }
}

Arenas::Spare::~Spare() {
  for (auto& arena : arenas_) owner_.put_back(std::move(arena), kib_);
}

void Arenas::put_back(hash::Arena arena, std::uint32_t kib) {
  // Before the budget has it again, whoever keeps it.
  bool later = false;
  {
    const std::lock_guard lock(mutex_);
    later = later_ && kib <= usual_;
  }
  if (!later) arena.wipe();
  {
    const std::lock_guard lock(mutex_);
    lent_ -= kib;
    if (kib <= usual_ && (held() == 0 || held() + usual_ <= budget_))
      idle_.push_back(std::move(arena));
  }
  changed_.notify_all();
}

void Arenas::wipe_later(std::size_t most) {
  std::vector<hash::Arena> ready;
  for (std::size_t kib = usual_; ready.size() < most && kib <= budget_; kib += usual_) {
    hash::Arena arena;
    if (!arena.prepare(std::size_t{usual_} * 1024)) break;
    ready.push_back(std::move(arena));
  }
  const std::lock_guard lock(mutex_);
  later_ = true;
  for (auto& arena : ready)
    if (held() + usual_ <= budget_) idle_.push_back(std::move(arena));
}

void Arenas::wipe(std::chrono::milliseconds age) {
  for (;;) {
    hash::Arena arena;
    {
      const std::lock_guard lock(mutex_);
      const auto before = hash::Arena::Clock::now() - age;
      const auto used = std::find_if(idle_.begin(), idle_.end(), [&](const hash::Arena& idle) {
        return idle.used() && idle.used_since() <= before;
      });
      if (used == idle_.end()) return;
      // Nobody is lent it meanwhile, and what it takes of the budget stays taken.
      arena = std::move(*used);
      idle_.erase(used);
      lent_ += usual_;
    }
    arena.wipe();
    put_back(std::move(arena), usual_);
  }
}

void Arenas::Lent::exchange(std::uint32_t kib) {
  owner_.put_back(std::move(arena_), kib_);
  kib_ = 0;  // nothing is lent if waiting fails
  arena_ = owner_.take(kib);
  kib_ = kib;
}

}  // namespace cred::engine
