// Argon2id: our kernels, libsodium and libargon2 beside one another in one run, for a login's
// wait. Each turn lets every competitor hash once, after a hash that is not counted; a ratio
// is that of a turn, and what is printed is the median of all turns and the quartiles.
//
// Usage: bench_argon2 [TURNS]

#include "bare_hash.hpp"
#include "hash/argon2/compute.hpp"
#include "hash/argon2/dispatch.hpp"
#include "hash/arena.hpp"
#include "hash/argon2id.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <sodium.h>
#include <ctime>
#include <string>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <vector>

using namespace cred::hash;

namespace {

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench_argon2: %s failed\n", what);
  std::exit(1);
}

constexpr std::array<std::byte, 16> password{};
constexpr std::array<std::byte, 16> salt{};
using Tag = std::array<std::byte, 32>;

// Two arenas of one core.
struct Memory {
  Arena one, other;
  static argon2::Block* of(Arena& arena, const Parameters& p) {
    const auto memory = arena.at_least(argon2::blocks_of(p) * sizeof(argon2::Block));
    require(!memory.empty(), "memory");
    return reinterpret_cast<argon2::Block*>(memory.data());
  }
};

// What hashes once, or as often as `hashes` says, on one core.
struct Competitor {
  std::string name;
  double hashes = 1;
  std::function<void(const Parameters&, Memory&)> run;
  bool threads = false;       // several of its own
  std::vector<double> times;  // nanoseconds a block, one for each turn
};

void by_libargon2(const Parameters& p, std::uint32_t threads, bool reused) {
  cred::bench::hash_once(p, threads, reused ? cred::bench::Memory::kept : cred::bench::Memory::own);
}

// libsodium maps memory for each hash and cannot be lent any. What it would be with memory
// that is kept, on huge pages, shows when its mmap and munmap are these.
thread_local Arena* kept_for_libsodium = nullptr;
thread_local void* lent_to_libsodium = nullptr;

void by_libsodium(const Parameters& p) {
  Tag tag{};
  require(crypto_pwhash_argon2id(reinterpret_cast<unsigned char*>(tag.data()), tag.size(),
                                 reinterpret_cast<const char*>(password.data()), password.size(),
                                 reinterpret_cast<const unsigned char*>(salt.data()), p.passes,
                                 std::size_t{p.memory} * 1024,
                                 crypto_pwhash_argon2id_ALG_ARGON2ID13) == 0,
          "libsodium");
}

void by_libsodium_with(const Parameters& p, Memory& memory) {
  kept_for_libsodium = &memory.one;
  by_libsodium(p);
  require(std::exchange(kept_for_libsodium, nullptr) == nullptr, "lending libsodium memory");
}

void by_kernel(const argon2::Kernel& kernel, const Parameters& p, Memory& memory, bool wipe) {
  Tag tag{};
  argon2::compute(kernel, {{password, salt, {}, {}}, p, Memory::of(memory.one, p), tag},
                  argon2::Order::together);
  if (wipe) memory.one.wipe();
}

void two_by_kernel(const argon2::Kernel& kernel, const Parameters& p, Memory& memory, bool wipe) {
  Tag tag{};
  Tag other{};
  const argon2::Inputs in{password, salt, {}, {}};
  const std::array<argon2::Hash, 2> both{
      {{in, p, Memory::of(memory.one, p), tag}, {in, p, Memory::of(memory.other, p), other}}};
  argon2::compute(kernel, both, argon2::Order::together);
  if (wipe) memory.one.wipe();
  if (wipe) memory.other.wipe();
}

void in_threads(const argon2::Kernel& kernel, const Parameters& p, Memory& memory, bool wipe) {
  Tag tag{};
  argon2::Crew::Place place(argon2::Crew::of_process());
  argon2::compute(kernel, {{password, salt, {}, {}}, p, Memory::of(memory.one, p), tag}, place);
  if (wipe) memory.one.wipe();
}

// The permutations alone: as many blocks, all of them in the nearest cache.
void computing_alone(const argon2::Kernel& kernel, const Parameters& p, Memory& memory) {
  Parameters small{8 * p.lanes, 1, p.lanes};
  small.passes = p.memory / small.memory * p.passes;
  by_kernel(kernel, small, memory, false);
}

// The memory alone: for each block one that is read at random and one that is written onto.
// All addresses are known long before, and asked for: nothing is waited for.
void moving_alone(const Parameters& p, Memory& memory) {
  constexpr std::size_t ahead = 8;
  auto* blocks = Memory::of(memory.one, p);
  const std::size_t count = argon2::blocks_of(p);
  std::uint64_t random = 1;
  const auto choose = [&] {
    random = random * 6364136223846793005U + 1442695040888963407U;
    const argon2::Block* chosen = blocks + (((random >> 32) * count) >> 32);
    for (unsigned word = 0; word < argon2::block_words; word += 8)
      __builtin_prefetch(chosen->words + word);
    return chosen;
  };
  std::array<const argon2::Block*, ahead> chosen{};
  for (auto& block : chosen) block = choose();
  for (std::uint32_t pass = 0; pass < p.passes; ++pass)
    for (std::size_t i = 0; i < count; ++i) {
      const argon2::Block* reference = std::exchange(chosen[i % ahead], choose());
      for (unsigned word = 0; word < argon2::block_words; ++word)
        blocks[i].words[word] ^= reference->words[word];
    }
}

double median(std::vector<double> values, double at = 0.5) {
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(at * static_cast<double>(values.size() - 1) + 0.5)];
}

// Seconds: of one thread what it had of a core, whoever else wanted that; of several, on the
// wall.
double now(bool several_threads) {
  timespec time{};
  (void)clock_gettime(several_threads ? CLOCK_MONOTONIC : CLOCK_THREAD_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) * 1e-9;
}

// Nanoseconds of each block of a hash, on as many cores at once as there are memories.
double measure(const Competitor& who, const Parameters& p, std::vector<Memory>& memories) {
  std::atomic<unsigned> ready{0};
  std::atomic<unsigned> done_warming{0};
  const auto cores = static_cast<unsigned>(memories.size());
  std::vector<double> seconds(cores);
  const auto run = [&](unsigned core) {
    ++ready;
    while (ready < cores) std::this_thread::yield();
    who.run(p, memories[core]);  // not counted
    ++done_warming;
    while (done_warming < cores) std::this_thread::yield();
    const auto start = now(who.threads);
    who.run(p, memories[core]);
    seconds[core] = now(who.threads) - start;
  };
  std::vector<std::thread> threads;
  for (unsigned core = 1; core < cores; ++core) threads.emplace_back(run, core);
  run(0);
  for (auto& thread : threads) thread.join();
  const double blocks = static_cast<double>(p.memory) * p.passes * who.hashes;
  return *std::max_element(seconds.begin(), seconds.end()) * 1e9 / blocks;
}

void print(const std::vector<Competitor>& all) {
  const Competitor& peer = all.front();
  for (const Competitor& who : all) {
    std::vector<double> ratios;
    for (std::size_t i = 0; i < who.times.size(); ++i)
      ratios.push_back(peer.times[i] / who.times[i]);
    std::printf("  %-44s %6.0f ns   %5.2f x   (%.2f to %.2f)\n", who.name.c_str(),
                median(who.times), median(ratios), median(ratios, 0.25), median(ratios, 0.75));
  }
  std::fflush(stdout);
}

std::vector<Competitor> competitors(const Parameters& p) {
  std::vector<Competitor> all;
  const bool one_lane = p.lanes == 1;
  const auto kernels = argon2::kernels();
  if (one_lane) {
    all.push_back(
        {"libsodium", 1, [](const Parameters& c, Memory&) { by_libsodium(c); }, false, {}});
    all.push_back({"libsodium, memory kept", 1, by_libsodium_with, false, {}});
    all.push_back({"libargon2, wipes",
                   1,
                   [](const Parameters& c, Memory&) { by_libargon2(c, 1, false); },
                   true,
                   {}});
  } else {
    all.push_back({"libargon2, one thread, wipes",
                   1,
                   [](const Parameters& c, Memory&) { by_libargon2(c, 1, false); },
                   true,
                   {}});
    all.push_back({"libargon2, one thread, memory kept, wipes",
                   1,
                   [](const Parameters& c, Memory&) { by_libargon2(c, 1, true); },
                   true,
                   {}});
  }
  for (const auto* kernel : kernels)
    for (const bool wipe : {false, true}) {
      const std::string name = std::string(kernel->name) + (wipe ? ", wipes" : "");
      all.push_back({name,
                     1,
                     [=](const Parameters& c, Memory& m) { by_kernel(*kernel, c, m, wipe); },
                     false,
                     {}});
      if (one_lane)
        all.push_back({"two together, " + name,
                       2,
                       [=](const Parameters& c, Memory& m) { two_by_kernel(*kernel, c, m, wipe); },
                       false,
                       {}});
    }
  all.push_back({"computing alone, " + std::string(kernels.front()->name),
                 1,
                 [=](const Parameters& c, Memory& m) { computing_alone(*kernels.front(), c, m); },
                 false,
                 {}});
  all.push_back({"memory alone", 1, moving_alone, false, {}});
  return all;
}

// One hash at a time, with as many threads as there are cores.
std::vector<Competitor> threaded() {
  const auto cores = std::thread::hardware_concurrency();
  std::vector<Competitor> all;
  all.push_back({"libargon2, " + std::to_string(cores) + " threads, wipes",
                 1,
                 [=](const Parameters& c, Memory&) { by_libargon2(c, cores, false); },
                 true,
                 {}});
  for (const auto* kernel : argon2::kernels())
    for (const bool wipe : {false, true})
      all.push_back({std::string(kernel->name) + ", lanes spread" + (wipe ? ", wipes" : ""),
                     1,
                     [=](const Parameters& c, Memory& m) { in_threads(*kernel, c, m, wipe); },
                     true,
                     {}});
  return all;
}

// The hashes of a change of password once the old one is known to be right: the history's,
// three canonical forms', the new credential's.
std::vector<Competitor> of_a_change() {
  constexpr std::size_t hashes = 5;
  const auto all_of_them = [](const Parameters& c, std::span<Arena* const> arenas) {
    std::array<Tag, hashes> tags{};
    std::vector<Task> tasks;
    for (Tag& tag : tags) tasks.push_back({password, salt, c, tag});
    require(argon2id(tasks, arenas).has_value(), "several hashes");
  };
  return {{"one after another",
           hashes,
           [=](const Parameters& c, Memory& m) {
             Arena* const arena[]{&m.one};
             all_of_them(c, arena);
           },
           true,
           {}},
          {"two side by side",
           hashes,
           [=](const Parameters& c, Memory& m) {
             Arena* const arenas[]{&m.one, &m.other};
             all_of_them(c, arenas);
           },
           true,
           {}}};
}

void compare(const char* title, const Parameters& p, std::vector<Competitor> all, unsigned cores,
             int turns) {
  std::printf("%u MiB, t=%u, p=%u; %s\n", p.memory / 1024, p.passes, p.lanes, title);
  std::vector<Memory> memories(cores);
  for (int turn = 0; turn < turns; ++turn)
    for (Competitor& who : all) who.times.push_back(measure(who, p, memories));
  print(all);
}

// A process that hashes once and exits, as a command does.
constexpr const char* once_by[] = {"libsodium", "libcred"};

int hash_and_exit(const std::string& who, const Parameters& p) {
  if (who == once_by[0]) {
    by_libsodium(p);
    return 0;
  }
  Arena arena;
  Tag tag{};
  return argon2id(password, salt, p, arena, tag) ? 0 : 1;
}

void compare_once(const char* self, const Parameters& p, int turns) {
  std::printf("%u MiB, t=%u, p=%u; a process that hashes once, from its start to its end\n",
              p.memory / 1024, p.passes, p.lanes);
  std::vector<Competitor> all;
  const std::string memory = std::to_string(p.memory);
  const std::string passes = std::to_string(p.passes);
  const std::string lanes = std::to_string(p.lanes);
  for (const char* who : once_by) all.push_back({who, 1, {}, true, {}});
  for (int turn = -1; turn < turns; ++turn)
    for (auto& who : all) {
      const double start = now(true);
      const pid_t child = fork();
      if (child == 0) {
        (void)execl(self, self, "--once", who.name.c_str(), memory.c_str(), passes.c_str(),
                    lanes.c_str(), static_cast<char*>(nullptr));
        _exit(127);
      }
      int status = 0;
      require(waitpid(child, &status, 0) == child && status == 0, "a process of its own");
      if (turn < 0) continue;
      who.times.push_back((now(true) - start) * 1e9 / (static_cast<double>(p.memory) * p.passes));
    }
  print(all);
}

std::uint32_t number(const char* text) {
  return static_cast<std::uint32_t>(std::strtoul(text, nullptr, 10));
}

}  // namespace

// libsodium's calls come here, for a program's symbols are found before a library's.
extern "C" [[gnu::visibility("default")]] void* mmap(void* address, std::size_t size,
                                                     int protection, int flags, int fd,
                                                     off_t offset) noexcept {
  if (kept_for_libsodium != nullptr && fd < 0) {
    Arena* arena = std::exchange(kept_for_libsodium, nullptr);
    lent_to_libsodium = arena->at_least(size).data();
    return lent_to_libsodium;
  }
  return reinterpret_cast<void*>(syscall(SYS_mmap, address, size, protection, flags, fd, offset));
}

extern "C" [[gnu::visibility("default")]] int munmap(void* address, std::size_t size) noexcept {
  if (address != nullptr && address == lent_to_libsodium) {
    lent_to_libsodium = nullptr;
    return 0;
  }
  return static_cast<int>(syscall(SYS_munmap, address, size));
}

int main(int argc, char** argv) {
  if (argc == 6 && std::strcmp(argv[1], "--once") == 0)
    return hash_and_exit(argv[2], {number(argv[3]), number(argv[4]), number(argv[5])});
  const int turns = argc > 1 ? std::max(1, std::atoi(argv[1])) : 15;
  require(sodium_init() >= 0, "libsodium");
  for (const auto* kernel : argon2::kernels())
    require(argon2::answers_rightly(*kernel), kernel->name);
  std::printf(
      "nanoseconds for each block of 1 KiB of each pass, and how many times as fast as the "
      "first; medians of %d turns, and quartiles\n\n",
      turns);
  const unsigned cores = std::max(1U, std::thread::hardware_concurrency());
  const std::array<Parameters, 4> columns{
      {{19 * 1024, 2, 1}, {64 * 1024, 3, 1}, {256 * 1024, 3, 1}, {64 * 1024, 3, 4}}};
  for (const Parameters& p : columns) {
    compare("one core", p, competitors(p), 1, turns);
    if (cores > 1)
      compare("a hash, or two together, on every core at once", p, competitors(p), cores, turns);
    if (cores > 1 && p.lanes > 1) compare("one hash, every core", p, threaded(), 1, turns);
    if (cores > 1) compare("five hashes, every core", p, of_a_change(), 1, turns);
    if (p.lanes == 1) compare_once(argv[0], p, turns);
  }
  return 0;
}
