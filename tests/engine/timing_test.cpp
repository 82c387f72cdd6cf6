// Work by the processor's clock: what bench_timing measures finer, by the wall's.
#include "engine/engine.hpp"

#include "support/temporary.hpp"

#include <algorithm>
#include <array>
#include <catch2/catch.hpp>
#include <ctime>

using namespace cred;
using namespace cred::test;

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr bool sanitized = true;
#else
constexpr bool sanitized = false;
#endif

namespace {

// Of this thread: waiting for the disk, and other processes, are not in it.
double processor_time() {
  timespec now{};
  REQUIRE(clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now) == 0);
  return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
}

double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

}  // namespace

TEST_CASE("promise: who was imported and has not logged in yet takes the work of nobody") {
  if (sanitized) return;
  constexpr std::array<const char*, 2> names{"person3", "nobody"};
  constexpr int rounds = 7;
  const TestRealm realm([](auto& c) {
    c.hash = {256, 1, 1};  // far less than the foreign hash
    c.attempts.threshold = 1000;
  });
  auto opened = realm.open();
  for (int i = 0; i < 8; ++i) {
    engine::ImportedAccount account;
    account.name = "person" + std::to_string(i);
    const std::string hash =
        "$6$rounds=20000$salt" + std::to_string(i) + "$" + std::string(86, 'a');
    account.hash.assign(hash.begin(), hash.end());
    const auto imported = value_or_throw(opened.import_accounts({&account, 1}, false, {"test"}));
    REQUIRE(imported.front().outcome == engine::Imported::Outcome::taken);
  }
  int source = 100;
  std::vector<double> ratios;
  for (int round = 0; round < rounds; ++round) {
    std::array<std::vector<double>, names.size()> times;
    for (int i = 0; i < 5; ++i)
      for (std::size_t kind = 0; kind < names.size(); ++kind) {
        const std::string from = "host " + std::to_string(source++);
        const double start = processor_time();
        const auto result = opened.authenticate(names[kind], secret("Wrong-Horse-1"), {from});
        times[kind].push_back(processor_time() - start);
        REQUIRE(result->code == Code::refused);
      }
    ratios.push_back(median(times[1]) / median(times[0]));
  }
  INFO("an unknown name takes " << median(ratios) << " of the time of an imported one");
  CHECK(median(ratios) > 0.85);
  CHECK(median(ratios) < 1.15);
}

TEST_CASE("promise: unknown, wrong, locked and disabled take the same work") {
  if (sanitized) return;
  constexpr std::array names{"wrong", "unknown", "locked", "disabled"};
  constexpr int rounds = 7;
  constexpr int attempts = 10;  // of each in a round
  const TestRealm realm([](auto& c) {
    c.hash = {1024, 1, 1};  // a good half of the whole
    c.attempts.threshold = 100;
  });
  auto opened = realm.open();
  for (const char* name : {"wrong", "locked", "disabled"}) realm.enrol(name, "Correct-Horse-42");
  using engine::State;
  REQUIRE(opened.set_state("locked", State::active, State::locked, {"test"}));
  REQUIRE(opened.set_state("disabled", State::active, State::disabled, {"test"}));

  const Secret guess = secret("Wrong-Horse-1");
  int source = 100;
  std::array<std::vector<double>, names.size()> ratios;
  for (int round = 0; round < rounds; ++round) {
    std::array<std::vector<double>, names.size()> times;
    for (int i = 0; i < attempts; ++i)
      for (std::size_t kind = 0; kind < names.size(); ++kind) {
        const std::string from = "host " + std::to_string(source++);
        const double start = processor_time();
        const auto result = opened.authenticate(names[kind], guess, {from});
        times[kind].push_back(processor_time() - start);
        REQUIRE(result->code == Code::refused);
      }
    for (std::size_t kind = 1; kind < names.size(); ++kind)
      ratios[kind].push_back(median(times[kind]) / median(times[0]));
  }
  for (std::size_t kind = 1; kind < names.size(); ++kind) {
    INFO(names[kind] << " takes " << median(ratios[kind]) << " of the time of a wrong password");
    CHECK(median(ratios[kind]) > 0.85);
    CHECK(median(ratios[kind]) < 1.15);
  }
}
