// A primary is killed under load, its synchronous standby takes its place: nothing that was
// acknowledged is lost, nothing wrong is answered, nobody starts anything anew.

#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdlib>
#include <mutex>
#include <thread>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;
using Instant = std::chrono::steady_clock::time_point;

namespace {

const std::string right = "Correct-Horse-42";
const std::string wrong = "Wrong-Horse-1";

std::string password_of(int change) { return "Tricky" + std::to_string(1000 + change) + "Battery"; }

struct Pair {
  PostgresServer one;
  PostgresServer two;
  PostgresServer* primary = &one;
  PostgresServer* standby = &two;

  Pair() {
    one.create("cred");
    two.follow(one);
  }
  std::string url() const {
    std::string hosts = one / "";
    std::string others = two / "";
    hosts.pop_back();
    others.pop_back();
    return "postgresql://postgres@/cred?host=" + hosts + "," + others +
           "&port=" + std::to_string(one.port()) + "," + std::to_string(two.port());
  }
  void fail_over() {
    primary->kill();
    standby->promote();
    std::swap(primary, standby);
  }
};

// What clients of a service saw.
struct Seen {
  std::atomic<std::uint64_t> logins{0};
  std::atomic<std::uint64_t> changes{0};
  std::atomic<std::uint64_t> tried_again{0};
  std::atomic<std::uint64_t> wrong{0};

  void answered(Instant at) {
    const std::lock_guard lock(mutex_);
    if (last_ != Instant{}) longest_ = std::max(longest_, at - last_);
    last_ = at;
  }
  std::chrono::milliseconds longest() {
    const std::lock_guard lock(mutex_);
    return std::chrono::duration_cast<std::chrono::milliseconds>(longest_);
  }

 private:
  std::mutex mutex_;
  Instant last_{};
  Instant::duration longest_{};
};

}  // namespace

TEST_CASE("promise: a primary that is killed costs nothing that was acknowledged") {
  Pair pair;
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  configuration.store_url = pair.url();
  configuration.attempts.threshold = 1'000'000;
  configuration.policy.options.history = 0;
  value_or_throw(engine::Engine::initialise(configuration));
  auto engine =
      value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));

  constexpr int changers = 3;
  constexpr int guests = 5;
  const engine::Profile profile;
  {
    auto realm = value_or_throw(engine.realm("system"));
    for (int i = 0; i < changers + guests; ++i)
      value_or_throw(
          realm.enrol("user" + std::to_string(i), profile, secret(right), false, {"test"}));
  }
  std::atomic<bool> over{false};
  Seen seen;
  // Of each changer the last change that was acknowledged, and the last that was tried.
  std::array<std::atomic<int>, changers> acknowledged{};
  std::array<std::atomic<int>, changers> tried{};
  std::array<std::atomic<int>, changers> enrolled{};
  std::vector<std::thread> threads;
  for (int i = 0; i < changers; ++i)
    threads.emplace_back([&, i] {
      auto realm = value_or_throw(engine.realm("system"));
      const std::string name = "user" + std::to_string(i);
      const auto slot = static_cast<std::size_t>(i);
      for (int change = 1; !over; ++change) {
        tried[slot] = change;
        const auto added = realm.enrol(name + "-" + std::to_string(change), profile,
                                       secret(password_of(change)), false, {"test"});
        if (added) {
          // Recognised when it is tried again.
          if (added->code == Code::accepted) acknowledged[slot] = change;
          if (added->code != Code::accepted) ++seen.wrong;
          ++enrolled[slot];
          ++seen.changes;
          seen.answered(std::chrono::steady_clock::now());
        } else {
          if (added.error().code != Code::unavailable && added.error().code != Code::conflict)
            ++seen.wrong;
          if (added.error().code == Code::conflict) acknowledged[slot] = change;
          if (added.error().code == Code::unavailable) --change;
          ++seen.tried_again;
        }
      }
    });
  for (int i = changers; i < changers + guests; ++i)
    threads.emplace_back([&, i] {
      auto realm = value_or_throw(engine.realm("system"));
      const std::string name = "user" + std::to_string(i);
      for (int login = 0; !over; ++login) {
        const bool lie = login % 4 == 3;
        const auto answer = realm.authenticate(name, secret(lie ? wrong : right));
        if (!answer) {
          if (answer.error().code != Code::unavailable) ++seen.wrong;
          ++seen.tried_again;
          continue;
        }
        if (answer->code != (lie ? Code::refused : Code::accepted)) ++seen.wrong;
        ++seen.logins;
        seen.answered(std::chrono::steady_clock::now());
      }
    });

  const int failovers = std::getenv("CRED_SOAK") != nullptr ? 10 : 2;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < failovers; ++i) {
    std::this_thread::sleep_for(1s);
    pair.fail_over();
    std::this_thread::sleep_for(1s);
    if (i + 1 < failovers) pair.standby->follow(*pair.primary);
  }
  over = true;
  for (auto& thread : threads) thread.join();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - began;

  WARN(failovers << " failovers in " << took.count() << " s: " << seen.changes << " changes, "
                 << seen.logins << " logins, " << seen.tried_again
                 << " answered 'try again'; longest interruption " << seen.longest().count()
                 << " ms");
  CHECK(seen.wrong == 0);
  CHECK(seen.changes > 0);
  CHECK(seen.logins > 0);
  // As a process sees it that starts now, too.
  auto fresh = value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
  auto realm = value_or_throw(fresh.realm("system"));
  int lost = 0;
  for (int i = 0; i < changers; ++i) {
    const auto slot = static_cast<std::size_t>(i);
    for (int change = 1; change <= acknowledged[slot]; ++change) {
      const auto answer = realm.authenticate(
          "user" + std::to_string(i) + "-" + std::to_string(change), secret(password_of(change)));
      lost += answer && answer->code == Code::accepted ? 0 : 1;
    }
  }
  CHECK(lost == 0);
  CHECK_FALSE(value_or_throw(realm.verify_trail()).first_bad);
}
