// What a server takes; hidden, for docs/fleet.md: postgres_tests "[.measure]".

#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <chrono>
#include <cstdio>
#include <thread>

using namespace cred;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

double seconds_of(std::chrono::steady_clock::duration time) {
  return std::chrono::duration<double>(time).count();
}

// How often `work` ends in a second, with so many threads at it.
template <typename Work>
double rate(int threads, Work work) {
  std::atomic<bool> over{false};
  std::atomic<int> done{0};
  std::vector<std::thread> workers;
  const auto began = std::chrono::steady_clock::now();
  for (int i = 0; i < threads; ++i)
    workers.emplace_back([&, i] {
      for (int n = 0; !over; ++n, ++done) work(i, n);
    });
  std::this_thread::sleep_for(3s);
  over = true;
  for (auto& worker : workers) worker.join();
  return done / seconds_of(std::chrono::steady_clock::now() - began);
}

void measure(const engine::Configuration& configuration, const char* what) {
  auto engine =
      value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
  auto realm = value_or_throw(engine.realm("system"));
  constexpr int most = 32;
  for (int i = 0; i < most; ++i)
    value_or_throw(
        realm.enrol("user" + std::to_string(i), {}, secret("Tricky4Battery"), false, {"test"}));
  for (const int threads : {1, 8, most}) {
    const double logins = rate(threads, [&](int i, int) {
      value_or_throw(realm.authenticate("user" + std::to_string(i), secret("Tricky4Battery")));
    });
    const double changes = rate(threads, [&](int i, int n) {
      value_or_throw(realm.set_state(
          "user" + std::to_string(i), n % 2 == 0 ? engine::State::active : engine::State::locked,
          n % 2 == 0 ? engine::State::locked : engine::State::active, {"test"}));
    });
    for (int i = 0; i < most; ++i)
      (void)realm.set_state("user" + std::to_string(i), engine::State::locked,
                            engine::State::active, {"test"});
    std::printf("%s, %d at once: %.0f logins/s, %.0f changes/s\n", what, threads, logins, changes);
  }
}

}  // namespace

TEST_CASE("rates of one realm", "[.measure]") {
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  configuration.attempts.threshold = 1000;
  value_or_throw(engine::Engine::initialise(configuration));
  measure(configuration, "Unix socket, disk in memory");
}

TEST_CASE("rates with a synchronous standby", "[.measure]") {
  PostgresServer primary;
  PostgresServer standby;
  primary.create("cred");
  standby.follow(primary);
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  configuration.attempts.threshold = 1000;
  configuration.store_url = primary.url("cred");
  value_or_throw(engine::Engine::initialise(configuration));
  measure(configuration, "synchronous standby on this machine");
}

TEST_CASE("time of a login by the number of accounts", "[.measure]") {
  const char* wanted = std::getenv("CRED_ACCOUNTS");
  const int accounts = wanted != nullptr ? std::atoi(wanted) : 100'000;
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  configuration.attempts.threshold = 1000;
  value_or_throw(engine::Engine::initialise(configuration));
  auto engine =
      value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
  auto realm = value_or_throw(engine.realm("system"));
  int there = 0;
  for (const int total : {1000, accounts}) {
    const auto began = std::chrono::steady_clock::now();
    const int added = total - there;
    for (; there < total; ++there)
      value_or_throw(realm.enrol("user" + std::to_string(there), {}, secret("Tricky4Battery"),
                                 false, {"test"}));
    const double took = seconds_of(std::chrono::steady_clock::now() - began);
    const double logins = rate(1, [&](int, int n) {
      value_or_throw(
          realm.authenticate("user" + std::to_string(n * 7919 % total), secret("Tricky4Battery")));
    });
    std::printf("%d accounts: enrolled %.0f/s, %.3f ms for a login's store time and a small hash\n",
                total, added / took, 1000 / logins);
  }
  const std::string& url = configuration.store_url;
  const auto begin = url.find("@/") + 2;
  std::printf(
      "bytes for each account with one record of the trail:\n%s\n",
      shared_server()
          .sql(url.substr(begin, url.find('?') - begin),
               "SELECT relname, pg_total_relation_size(oid) / " + std::to_string(accounts) +
                   " FROM pg_class WHERE relnamespace = 'cred'::regnamespace AND "
                   "relkind = 'r' AND pg_total_relation_size(oid) > 1000000 ORDER BY 2 DESC")
          .c_str());
}
