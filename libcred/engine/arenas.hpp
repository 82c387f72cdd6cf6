// Memory for hashes: so much in all, lent to one hash at a time.
#pragma once

#include "hash/arena.hpp"

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

namespace cred::engine {

// Safe to use from several threads. Who comes first is served first, so that a hash
// that needs much memory is not passed by for ever.
class Arenas {
 public:
  // `budget` and `usual`, the size that is kept for the next one, in KiB. One hash at a
  // time is served whatever it needs.
  Arenas(std::uint32_t budget, std::uint32_t usual) : budget_(budget), usual_(usual) {}

  // Waits for `kib` of the budget. What comes back is wiped, unless that is done later.
  class Lent {
   public:
    Lent(Arenas& owner, std::uint32_t kib) : owner_(owner), kib_(kib), arena_(owner.take(kib)) {}
    Lent(const Lent&) = delete;
    Lent& operator=(const Lent&) = delete;
    ~Lent() { owner_.put_back(std::move(arena_), kib_); }
    hash::Arena& operator*() { return arena_; }
    std::uint32_t kib() const { return kib_; }
    // Gives back what is lent and waits for `kib`.
    void exchange(std::uint32_t kib);

   private:
    Arenas& owner_;
    std::uint32_t kib_;
    hash::Arena arena_;
  };

  // More of what somebody is lent already, for hashes that could run side by side: up to
  // `most` times `kib`, without waiting, and only while nobody waits and another hash of the
  // usual size could still begin.
  class Spare {
   public:
    Spare(Arenas& owner, std::uint32_t kib, std::size_t most);
    Spare(const Spare&) = delete;
    Spare& operator=(const Spare&) = delete;
    ~Spare();
    std::span<hash::Arena> arenas() { return arenas_; }

   private:
    Arenas& owner_;
    std::uint32_t kib_;
    std::vector<hash::Arena> arenas_;
  };

  // From now on `wipe` is called soon after each hash: what comes back is left as it is, and
  // answers need not wait. `most` of the usual size are made ready, as far as the budget has
  // them.
  void wipe_later(std::size_t most);
  // Wipes what lies idle, if a hash left something in it and that was at least `age` ago.
  void wipe(std::chrono::milliseconds age);

 private:
  hash::Arena take(std::uint32_t kib);
  std::optional<hash::Arena> take_spare(std::uint32_t kib);
  hash::Arena lend(std::uint32_t kib);  // with mutex_
  void put_back(hash::Arena arena, std::uint32_t kib);
  std::uint64_t held() const { return lent_ + std::uint64_t{usual_} * idle_.size(); }

  const std::uint32_t budget_;
  const std::uint32_t usual_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::uint64_t next_ticket_ = 0;
  std::uint64_t serving_ = 0;
  std::uint64_t lent_ = 0;  // KiB
  bool later_ = false;
  std::vector<hash::Arena> idle_;
};

}  // namespace cred::engine
