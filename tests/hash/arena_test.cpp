#include "hash/arena.hpp"

#include "hash/argon2id.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <cstdint>
#include <cstring>
#include <sys/wait.h>
#include <unistd.h>

using namespace cred::hash;

namespace {

bool zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

void fill(std::span<std::byte> bytes) { std::fill(bytes.begin(), bytes.end(), std::byte{0xaa}); }

}  // namespace

TEST_CASE("what a hash leaves in an arena is there until it is wiped, all of it") {
  Arena arena;
  const Parameters p{1024, 1, 2};
  std::array<std::byte, tag_bytes> tag{};
  const std::array<std::byte, salt_bytes> salt{};
  REQUIRE(arena.prepare(std::size_t{p.memory} * 1024));
  CHECK_FALSE(arena.used());
  REQUIRE(argon2id({}, salt, p, arena, tag));
  REQUIRE(arena.used());
  arena.wipe();
  CHECK_FALSE(arena.used());
  CHECK(zero(arena.at_least(std::size_t{p.memory} * 1024)));
}

TEST_CASE("promise: a smaller hash leaves nothing of a larger one before it") {
  Arena arena;
  const auto memory = arena.at_least(1 << 20);
  fill(memory);
  const auto less = arena.at_least(1 << 16);
  REQUIRE(less.data() == memory.data());
  CHECK(zero(memory.subspan(1 << 16)));
  CHECK_FALSE(zero(memory.first(1 << 16)));
  arena.wipe();
  CHECK(zero(memory));
}

TEST_CASE("an arena that grows or moves keeps what it has to wipe") {
  Arena arena;
  fill(arena.at_least(100));
  const auto more = arena.at_least(3 << 20);
  REQUIRE(more.size() >= 3 << 20);
  CHECK(zero(more));
  fill(more);
  Arena other(std::move(arena));
  CHECK(other.used());
  other.wipe();
  CHECK(zero(more));
}

TEST_CASE("a large arena begins with a huge page") {
  Arena arena;
  constexpr std::uintptr_t huge_page = 2 << 20;
  CHECK(reinterpret_cast<std::uintptr_t>(arena.at_least(5 << 20).data()) % huge_page == 0);
}

TEST_CASE("promise: a forked child sees nothing of an arena") {
  Arena arena;
  const auto memory = arena.at_least(3 << 20);
  fill(memory);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) _exit(zero(memory) ? 0 : 1);
  int status = -1;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(status == 0);
}
