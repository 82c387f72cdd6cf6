// Promise: an unknown name, a wrong password, and one of a locked or a disabled account
// take the same time. Runs the four in random order, each attempt from a source of its
// own, and compares each pair by Welch's t: from 4.5 on they can be told apart.
//
//   bench_timing [SAMPLES=2000] [configured]
//
// `configured`: with the hash that is configured by default. Without, with one of 8 KiB:
// what is not the hash shows. The store lies in TMPDIR: without a disk's noise, in
// /dev/shm, a smaller difference shows.

#include "engine/engine.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <filesystem>
#include <memory>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace cred;
using Microseconds = std::chrono::duration<double, std::micro>;
using Samples = std::vector<double>;

constexpr std::array<const char*, 4> kinds{"unknown", "wrong", "locked", "disabled"};
constexpr double telling = 4.5;
// No name fails often enough for a delay, and the counters stay few: the time for
// pruning them would drift with their number.
constexpr std::size_t names_each = 5;
constexpr int rounds_on_a_store = 100;
constexpr int warm_up = 10;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::exit(1);
}

Secret secret(std::string_view text) { return Secret::copy_of(text.data(), text.size()); }

using ByKind = std::array<Samples, kinds.size()>;

struct Times {
  ByKind wall;
  ByKind cpu;  // of the thread alone: neither the disk nor other processes are in it
};

// A store with names of every kind mixed in it; the unknown ones are not there.
class BenchRealm {
 public:
  BenchRealm(const std::optional<hash::Parameters>& hash, std::mt19937& random) {
    std::string pattern = std::filesystem::temp_directory_path() / "bench-XXXXXX";
    require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    directory_ = pattern;
    engine::Configuration configuration;
    configuration.store_url = "sqlite:" + pattern + "/cred.db";
    configuration.root_key_url = "file:" + pattern + "/root.key";
    configuration.attempts.threshold = 100;
    if (hash) configuration.hash = *hash;
    value_or_throw(engine::Engine::initialise(configuration));
    auto engine =
        value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
    realm_ = std::make_unique<engine::Realm>(value_or_throw(engine.realm("system")));
    enrol(random);
  }
  BenchRealm(const BenchRealm&) = delete;
  BenchRealm& operator=(const BenchRealm&) = delete;
  ~BenchRealm() { std::filesystem::remove_all(directory_); }

  void attempt(std::size_t kind, std::size_t number, Times* times) {
    const std::string source = "host " + std::to_string(sources_++);
    const std::string& name = names_[kind][number % names_each];
    const double cpu = cpu_now();
    const auto start = std::chrono::steady_clock::now();
    const auto result = realm_->authenticate(name, wrong_, {source});
    const Microseconds time = std::chrono::steady_clock::now() - start;
    const double cpu_time = cpu_now() - cpu;
    require(result && result->code == Code::refused, "authenticate");
    if (times == nullptr) return;
    times->wall[kind].push_back(time.count());
    times->cpu[kind].push_back(cpu_time);
  }

 private:
  static double cpu_now() {
    timespec now{};
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
  }

  void enrol(std::mt19937& random) {
    const engine::Actor actor{"bench"};
    std::vector<std::string> pool;
    for (std::size_t i = 0; i < names_each * kinds.size(); ++i)
      pool.push_back("user" + std::to_string(100 + i));
    std::shuffle(pool.begin(), pool.end(), random);
    for (std::size_t i = 0; i < pool.size(); ++i) {
      const std::size_t kind = i % kinds.size();
      names_[kind].push_back(pool[i]);
      if (kind == 0) continue;
      const auto added = realm_->enrol(pool[i], {}, secret("Correct7horse"), false, actor);
      require(added && added->code == Code::accepted, "enrol");
      if (kind == 1) continue;
      const auto state = kind == 2 ? engine::State::locked : engine::State::disabled;
      require(realm_->set_state(pool[i], engine::State::active, state, actor).has_value(),
              "set_state");
    }
  }

  std::filesystem::path directory_;
  std::unique_ptr<engine::Realm> realm_;
  std::array<std::vector<std::string>, kinds.size()> names_;
  const Secret wrong_ = secret("Guessed9badly");
  int sources_ = 10'000;
};

Times measure(const std::optional<hash::Parameters>& hash, int samples) {
  std::mt19937 random(std::random_device{}());
  std::array<std::size_t, kinds.size()> order{0, 1, 2, 3};
  Times times;
  for (int taken = 0; taken < samples;) {
    BenchRealm realm(hash, random);
    for (int round = -warm_up; round < rounds_on_a_store && taken < samples; ++round) {
      std::shuffle(order.begin(), order.end(), random);
      for (const std::size_t kind : order)
        realm.attempt(kind, static_cast<std::size_t>(round + warm_up),
                      round < 0 ? nullptr : &times);
      if (round >= 0) ++taken;
    }
  }
  return times;
}

struct Moments {
  explicit Moments(const Samples& samples) : count(static_cast<double>(samples.size())) {
    for (const double x : samples) mean += x / count;
    for (const double x : samples) variance += (x - mean) * (x - mean) / (count - 1);
  }
  double count;
  double mean = 0;
  double variance = 0;
};

double welch_t(const Moments& a, const Moments& b) {
  return (a.mean - b.mean) / std::sqrt(a.variance / a.count + b.variance / b.count);
}

// Without what took longer than nine of ten attempts of all kinds: a disk's stalls have
// nothing to do with the name, and hide what has.
ByKind cropped(const ByKind& times) {
  Samples all;
  for (const auto& samples : times) all.insert(all.end(), samples.begin(), samples.end());
  const auto limit = all.begin() + static_cast<std::ptrdiff_t>(all.size() * 9 / 10);
  std::nth_element(all.begin(), limit, all.end());
  ByKind kept;
  for (std::size_t kind = 0; kind < kinds.size(); ++kind)
    std::copy_if(times[kind].begin(), times[kind].end(), std::back_inserter(kept[kind]),
                 [&](double x) { return x < *limit; });
  return kept;
}

// Whether no pair can be told apart.
bool compare(const char* what, const ByKind& times) {
  std::printf("%s\n", what);
  bool alike = true;
  for (std::size_t a = 0; a < kinds.size(); ++a) {
    const Moments first(times[a]);
    std::printf("  %-8s mean %10.2f us, standard deviation %9.2f us, %zu samples\n", kinds[a],
                first.mean, std::sqrt(first.variance), times[a].size());
  }
  for (std::size_t a = 0; a < kinds.size(); ++a)
    for (std::size_t b = a + 1; b < kinds.size(); ++b) {
      const Moments first(times[a]);
      const Moments second(times[b]);
      const double t = std::abs(welch_t(first, second));
      std::printf("  %-8s less %-8s %+9.2f us  |t| %6.2f%s\n", kinds[a], kinds[b],
                  first.mean - second.mean, t, t >= telling ? "  can be told apart" : "");
      alike = alike && t < telling;
    }
  return alike;
}

}  // namespace

int main(int argc, char** argv) {
  const int samples = argc > 1 ? std::atoi(argv[1]) : 2000;
  const bool configured = argc > 2 && std::string_view(argv[2]) == "configured";
  if (samples < 20 || argc > 3 || (argc > 2 && !configured)) {
    std::fputs("usage: bench_timing [SAMPLES=2000] [configured]\n", stderr);
    return 2;
  }
  const auto hash = configured ? std::nullopt : std::optional(hash::Parameters{8, 1, 1});
  const Times times = measure(hash, samples);
  const bool all = compare("all samples", times.wall);
  const bool most = compare("the fastest nine of ten", cropped(times.wall));
  (void)compare("the fastest nine of ten, processor time", cropped(times.cpu));
  return all && most ? 0 : 1;
}
