#include "hash/argon2id.hpp"

#include "hash/argon2/dispatch.hpp"
#include "hash/password_hash.hpp"

#include <algorithm>
#include <argon2.h>
#include <atomic>
#include <catch2/catch.hpp>
#include <random>
#include <thread>
#include <vector>

using namespace cred;
using namespace cred::hash;

TEST_CASE("what computes in a process gives the known answers") {
  CHECK(self_test());
  REQUIRE(implementation());
  CHECK(implementation()->fault.empty());
}

TEST_CASE("each implementation can be named, and a wrong name is told") {
  const auto kernels = argon2::kernels();
  for (const auto* kernel : kernels)
    CHECK(implementation_among(kernels, kernel->name)->name == kernel->name);
  CHECK(implementation_among(kernels, nullptr)->name == kernels.front()->name);
  for (const char* library : {"reference", "sodium"})
    CHECK(implementation_among(kernels, library)->name == library);
  CHECK(implementation_among(kernels, "fast").error().code == Code::configuration);
}

TEST_CASE("promise: a kernel that computes wrongly is not used, and that is told") {
  const argon2::Kernel* right = argon2::kernels().front();
  static argon2::Fill fill = right->fill;
  // One bit of one block of the second pass.
  const argon2::Kernel wrong{"wrong", [](const argon2::Strand* strands, unsigned count,
                                         std::uint32_t pass, std::uint32_t slice) {
                               fill(strands, count, pass, slice);
                               if (pass == 1 && slice == 2)
                                 strands[0].matrix->blocks[9].words[77] ^= 1;
                             }};
  // Does nothing at all.
  const argon2::Kernel idle{"idle",
                            [](const argon2::Strand*, unsigned, std::uint32_t, std::uint32_t) {}};
  for (const auto* kernel : {&wrong, &idle}) {
    const auto told = implementation_among({&kernel, 1}, nullptr);
    REQUIRE(told);
    CHECK(told->name == "sodium");
    CHECK(told->fault.find(kernel->name) != std::string::npos);
  }
}

TEST_CASE("any number of lanes gives the reference library's tag") {
  std::mt19937 random(9106);
  const auto below = [&](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n); };
  Arena arena;
  for (int i = 0; i < 200; ++i) {
    const std::uint32_t lanes = 1 + below(6);
    const Parameters p{8 * lanes + below(64), 1 + below(4), lanes};
    std::vector<std::byte> password(below(200));
    for (auto& b : password) b = static_cast<std::byte>(random());
    std::array<std::byte, salt_bytes> salt{};
    for (auto& b : salt) b = static_cast<std::byte>(random());
    std::array<std::byte, tag_bytes> ours{};
    std::array<std::byte, tag_bytes> reference{};
    REQUIRE(argon2id(password, salt, p, arena, ours));
    REQUIRE(argon2id_hash_raw(p.passes, p.memory, p.lanes, password.data(), password.size(),
                              salt.data(), salt.size(), reference.data(),
                              reference.size()) == ARGON2_OK);
    REQUIRE(ours == reference);
  }
}

TEST_CASE("hashes that share the cores give the tag of one that has them alone") {
  const Parameters p{2048, 2, 4};
  const std::array<std::byte, salt_bytes> salt{};
  const auto tag_of = [&] {
    Arena arena;
    std::array<std::byte, tag_bytes> tag{};
    return argon2id({}, salt, p, arena, tag) ? tag : std::array<std::byte, tag_bytes>{};
  };
  const auto alone = tag_of();
  std::atomic<int> same{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 6; ++i)
    threads.emplace_back([&] {
      for (int k = 0; k < 5; ++k) same += tag_of() == alone ? 1 : 0;
    });
  for (auto& thread : threads) thread.join();
  CHECK(alone != std::array<std::byte, tag_bytes>{});
  CHECK(same == 30);
}

TEST_CASE("several hashes at once give the tags that each gives alone, with any memory") {
  const Parameters costs[]{{8192, 1, 1}, {8192, 1, 1}, {8192, 1, 1}, {8192, 1, 2},  {8192, 1, 4},
                           {8192, 1, 4}, {64, 2, 1},   {64, 2, 1},   {32768, 1, 1}, {32768, 1, 1}};
  constexpr std::size_t count = std::size(costs);
  std::array<std::array<std::byte, salt_bytes>, count> salts{};
  std::array<std::array<std::byte, tag_bytes>, count> alone{};
  Arena arena;
  for (std::size_t i = 0; i < count; ++i) {
    salts[i][0] = static_cast<std::byte>(i);
    REQUIRE(argon2id({}, salts[i], costs[i], arena, alone[i]));
  }
  for (const std::size_t lent : {1U, 2U, 3U, 8U}) {
    std::vector<Arena> memory(lent);
    std::vector<Arena*> arenas;
    for (auto& one : memory) arenas.push_back(&one);
    std::array<std::array<std::byte, tag_bytes>, count> tags{};
    std::vector<Task> tasks;
    for (std::size_t i = 0; i < count; ++i) tasks.push_back({{}, salts[i], costs[i], tags[i]});
    const auto before = computed();
    REQUIRE(argon2id(tasks, arenas));
    CHECK(computed() - before == count);
    INFO(lent << " arenas");
    CHECK(tags == alone);
  }
}

TEST_CASE("parameters out of bounds are refused before any memory is taken") {
  Arena arena;
  std::array<std::byte, tag_bytes> tag{};
  const std::array<std::byte, salt_bytes> salt{};
  CHECK_FALSE(argon2id({}, salt, {4'194'304, 3, 4}, arena, tag));
  CHECK_FALSE(argon2id({}, salt, {8, 3, 4}, arena, tag));
  CHECK_FALSE(argon2id({}, salt, {64, 0, 1}, arena, tag));
}

TEST_CASE("every byte of a password counts, the last of 1,024 too") {
  Arena arena;
  const Parameters p{64, 1, 1};
  Secret password(1024);
  const auto verifier = make_verifier(password, p, arena);
  REQUIRE(verifier);
  CHECK(*matches(password, *verifier, arena));
  password.writable()[1023] = std::byte{1};
  CHECK_FALSE(*matches(password, *verifier, arena));
}

TEST_CASE("each verifier has a salt of its own") {
  Arena arena;
  const Parameters p{64, 1, 1};
  const Secret password = Secret::copy_of("same", 4);
  const auto one = make_verifier(password, p, arena);
  const auto two = make_verifier(password, p, arena);
  CHECK(one->salt != two->salt);
  CHECK(one->tag != two->tag);
}
