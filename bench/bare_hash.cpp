#include "bare_hash.hpp"

#include "hash/arena.hpp"

#include <algorithm>
#include <argon2.h>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <semaphore>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

namespace cred::bench {
namespace {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::exit(1);
}

thread_local hash::Arena kept;

int lend(uint8_t** memory, size_t size) {
  const auto lent = kept.at_least(size);
  *memory = reinterpret_cast<uint8_t*>(lent.data());
  return lent.empty() ? ARGON2_MEMORY_ALLOCATION_ERROR : ARGON2_OK;
}
void take_back(uint8_t*, size_t) {}

}  // namespace

void hash_once(const hash::Parameters& p, std::uint32_t threads, Memory memory) {
  std::array<std::uint8_t, 16> password{};
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> tag{};
  argon2_context c{};
  c.out = tag.data();
  c.outlen = tag.size();
  c.pwd = password.data();
  c.pwdlen = password.size();
  c.salt = salt.data();
  c.saltlen = salt.size();
  c.t_cost = p.passes;
  c.m_cost = p.memory;
  c.lanes = p.lanes;
  c.threads = threads;
  c.version = ARGON2_VERSION_13;
  if (memory == Memory::kept) {
    c.allocate_cbk = lend;
    c.free_cbk = take_back;
  }
  require(argon2id_ctx(&c) == ARGON2_OK, "argon2");
}

double bare_rate(const hash::Parameters& p, const Way& way, double seconds) {
  std::atomic<int> ready{0};
  std::atomic<std::uint64_t> hashes{0};
  std::atomic<bool> go{false};
  Clock::time_point start;
  std::vector<std::thread> hashers;
  for (std::size_t i = 0; i < way.at_once; ++i)
    hashers.emplace_back([&] {
      hash_once(p, way.threads, Memory::kept);  // its memory is there now
      ++ready;
      while (!go) std::this_thread::yield();
      do {
        hash_once(p, way.threads, Memory::kept);
        ++hashes;
      } while (Seconds(Clock::now() - start).count() < seconds);
    });
  while (ready < static_cast<int>(way.at_once)) std::this_thread::yield();
  start = Clock::now();
  go = true;
  for (auto& hasher : hashers) hasher.join();
  return static_cast<double>(hashes) / Seconds(Clock::now() - start).count();
}

namespace {

bool hash_by(Library library, const hash::Parameters& p) {
  const std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> tag{};
  if (library == Library::libargon2)
    return argon2id_hash_raw(p.passes, p.memory, p.lanes, "password", 8, salt.data(), salt.size(),
                             tag.data(), tag.size()) == ARGON2_OK;
  return crypto_pwhash_argon2id(tag.data(), tag.size(), "password", 8, salt.data(), p.passes,
                                std::size_t{p.memory} * 1024,
                                crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0;
}

void hash_in_threads(Library library, const hash::Parameters& p, std::size_t clients,
                     std::size_t at_once) {
  std::counting_semaphore<> slots(static_cast<std::ptrdiff_t>(at_once));
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < clients; ++i)
    threads.emplace_back([&] {
      slots.acquire();
      require(hash_by(library, p), "hashing");
      slots.release();
    });
  for (auto& thread : threads) thread.join();
}

}  // namespace

std::string Way::text() const {
  return std::to_string(threads) + (threads == 1 ? " thread, " : " threads, ") +
         std::to_string(at_once) + " at once";
}

std::vector<Way> ways(const hash::Parameters& p) {
  std::vector<Way> all{{1, std::max(1U, std::thread::hardware_concurrency())}};
  for (std::size_t at_once = 1; at_once <= 3; ++at_once) all.push_back({p.lanes, at_once});
  return all;
}

InProcess hash_in_process(Library library, const hash::Parameters& p, std::size_t clients,
                          std::size_t at_once) {
  const auto start = Clock::now();
  const pid_t child = fork();
  if (child == 0) {
    hash_in_threads(library, p, clients, at_once);
    _exit(0);
  }
  int status = 0;
  rusage usage{};
  require(child > 0 && wait4(child, &status, 0, &usage) == child && status == 0, "hashing");
  return {static_cast<double>(clients) / Seconds(Clock::now() - start).count(), usage.ru_maxrss};
}

}  // namespace cred::bench
