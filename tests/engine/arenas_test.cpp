#include "engine/arenas.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <optional>
#include <thread>
#include <vector>

using cred::engine::Arenas;
using namespace std::chrono_literals;

TEST_CASE("promise: no more memory is lent at once than the budget has") {
  constexpr std::uint32_t budget = 1024;
  Arenas arenas(budget, 256);
  std::atomic<std::uint32_t> lent{0};
  std::atomic<std::uint32_t> most{0};
  std::vector<std::thread> threads;
  for (std::uint32_t i = 0; i < 8; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 200; ++k) {
        const std::uint32_t kib = i == 0 ? 900 : 256;  // one credential of older parameters
        Arenas::Lent arena(arenas, kib);
        const std::uint32_t now = lent += kib;
        std::uint32_t seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {}
        lent -= kib;
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK(most <= budget);
  CHECK(most >= 256);
}

TEST_CASE("an arena is used again and again") {
  Arenas arenas(1024, 256);
  const auto where = [&] {
    Arenas::Lent arena(arenas, 256);
    return (*arena).at_least(256 * 1024).data();
  };
  const auto* first = where();
  for (int i = 0; i < 10; ++i) CHECK(where() == first);
}

TEST_CASE("a hash that needs more than the budget runs alone, and is not passed by") {
  Arenas arenas(512, 256);
  std::vector<int> order;
  std::thread large;
  std::thread small;
  {
    Arenas::Lent first(arenas, 256);
    large = std::thread([&] {
      Arenas::Lent arena(arenas, 4096);
      order.push_back(1);
    });
    std::this_thread::sleep_for(50ms);  // it waits by now
    small = std::thread([&] {
      Arenas::Lent arena(arenas, 256);
      order.push_back(2);
    });
    std::this_thread::sleep_for(50ms);
    CHECK(order.empty());
  }
  large.join();
  small.join();
  CHECK(order == std::vector<int>{1, 2});
}

TEST_CASE("what is lent can be exchanged for more") {
  Arenas arenas(1024, 256);
  Arenas::Lent arena(arenas, 256);
  arena.exchange(1024);
  CHECK(arena.kib() == 1024);
  CHECK((*arena).at_least(1024 * 1024).size() >= 1024 * 1024);
}

namespace {

constexpr std::size_t usual_bytes = 256 * 1024;

std::span<std::byte> write_into(Arenas& arenas) {
  Arenas::Lent arena(arenas, 256);
  const auto memory = (*arena).at_least(usual_bytes);
  std::fill(memory.begin(), memory.end(), std::byte{0xaa});
  return memory;
}

bool wiped(std::span<const std::byte> memory) {
  return std::all_of(memory.begin(), memory.end(), [](std::byte b) { return b == std::byte{0}; });
}

}  // namespace

TEST_CASE("promise: what comes back is wiped at once, unless somebody does it later") {
  Arenas arenas(1024, 256);
  CHECK(wiped(write_into(arenas)));
  arenas.wipe_later(1);
  const auto memory = write_into(arenas);
  CHECK_FALSE(wiped(memory));
  arenas.wipe(1h);
  CHECK_FALSE(wiped(memory));
  arenas.wipe(0ms);
  CHECK(wiped(memory));
  CHECK(write_into(arenas).data() == memory.data());
}

TEST_CASE("memory that is made ready is lent first, and no more of it than the budget has") {
  Arenas arenas(600, 256);
  arenas.wipe_later(10);
  Arenas::Lent one(arenas, 256);
  Arenas::Lent other(arenas, 256);
  CHECK_FALSE((*one).used());
  CHECK((*one).at_least(1).size() >= usual_bytes);
  CHECK((*other).at_least(1).size() >= usual_bytes);
}

TEST_CASE("memory is wiped while other threads hash") {
  Arenas arenas(1024, 256);
  arenas.wipe_later(2);
  std::atomic<bool> mixed{false};
  std::vector<std::thread> threads;
  for (unsigned i = 1; i <= 4; ++i)
    threads.emplace_back([&, i] {
      for (int k = 0; k < 50; ++k) {
        {
          Arenas::Lent arena(arenas, 256);
          const auto memory = (*arena).at_least(usual_bytes);
          std::fill(memory.begin(), memory.end(), static_cast<std::byte>(i));
          mixed = mixed || std::any_of(memory.begin(), memory.end(),
                                       [&](std::byte b) { return b != static_cast<std::byte>(i); });
        }
        arenas.wipe(0ms);
      }
    });
  for (auto& thread : threads) thread.join();
  CHECK_FALSE(mixed);
}

TEST_CASE("promise: spare memory is lent only while another hash could begin beside it") {
  Arenas arenas(1024, 256);
  std::optional<Arenas::Lent> first;
  first.emplace(arenas, 256);
  {
    Arenas::Spare spare(arenas, 256, 8);
    CHECK(spare.arenas().size() == 2);
    Arenas::Lent another(arenas, 256);  // does not wait
    CHECK(Arenas::Spare(arenas, 256, 1).arenas().empty());
  }
  CHECK(Arenas::Spare(arenas, 256, 1).arenas().size() == 1);
  SECTION("nobody is passed by") {
    std::optional<Arenas::Lent> second;
    second.emplace(arenas, 256);
    std::thread waiting([&] { Arenas::Lent large(arenas, 1024); });
    std::this_thread::sleep_for(50ms);  // it waits by now
    CHECK(Arenas::Spare(arenas, 256, 1).arenas().empty());
    first.reset();
    // `second` is still there: it goes on waiting.
    CHECK(Arenas::Spare(arenas, 256, 1).arenas().empty());
    second.reset();
    waiting.join();
  }
}
