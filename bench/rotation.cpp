// How long rotations of the data key and of the root key take in a store of many accounts, and
// what a login waits meanwhile. By hand:
//
//   bench_rotation [accounts]     (1,000,000 accounts)

#include "engine/engine.hpp"
#include "hash/arena.hpp"
#include "hash/password_hash.hpp"
#include "many_accounts.hpp"
#include "passwords.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

using namespace cred;
using namespace cred::engine;

namespace {

constexpr const char* password = "Correct-Horse-42";
const hash::Parameters tiny{8, 1, 1};

using bench::secret;

using Milliseconds = std::chrono::duration<double, std::milli>;

// Logs in again and again while it lives.
class Logins {
 public:
  Logins(Realm realm, std::size_t accounts)
      : realm_(std::move(realm)), thread_([this, accounts] { run(accounts); }) {}
  Logins(const Logins&) = delete;
  Logins& operator=(const Logins&) = delete;
  ~Logins() { end(); }

  void print() {
    end();
    if (times_.empty()) return;
    std::sort(times_.begin(), times_.end());
    std::printf(
        "  logins meanwhile: %zu, median %.1f ms, 99 %% %.1f ms, 99.9 %% %.1f ms, longest %.1f ms, "
        "failed %d\n",
        times_.size(), times_[times_.size() / 2], times_[times_.size() * 99 / 100],
        times_[times_.size() * 999 / 1000], times_.back(), failed_);
  }

 private:
  void run(std::size_t accounts) {
    for (std::size_t n = 0; !done_; ++n) {
      const auto start = std::chrono::steady_clock::now();
      const auto answer =
          realm_.authenticate(bench::account_name(n * 7919 % accounts), secret(password));
      times_.push_back(Milliseconds(std::chrono::steady_clock::now() - start).count());
      if (!answer || answer->code != Code::accepted) ++failed_;
    }
  }
  void end() {
    done_ = true;
    if (thread_.joinable()) thread_.join();
  }

  Realm realm_;
  std::atomic<bool> done_{false};
  std::vector<double> times_;
  int failed_ = 0;
  std::thread thread_;
};

template <typename Work>
void timed(const char* what, Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  std::printf("%-26s %8.2f s\n", what,
              std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t accounts = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  std::string directory = std::filesystem::temp_directory_path() / "cred-bench-XXXXXX";
  if (accounts == 0 || mkdtemp(directory.data()) == nullptr) return 1;
  Configuration configuration;
  configuration.store_url = "sqlite:" + directory + "/cred.db";
  configuration.root_key_url = "file:" + directory + "/root.key";
  configuration.hash = tiny;
  configuration.fill_in_directories();
  const auto clock = std::make_shared<SystemClock>();
  const Actor actor{"bench"};
  int result = 0;
  try {
    value_or_throw(Engine::initialise(configuration));
    timed("fill", [&] {
      hash::Arena arena;
      bench::fill(configuration, accounts,
                  value_or_throw(hash::make_verifier(secret(password), tiny, arena)), clock->now());
    });
    auto engine = value_or_throw(Engine::open(configuration, clock));
    auto realm = value_or_throw(engine.realm("system"));
    timed("data key", [&] { value_or_throw(realm.rotate_data_key(actor)); });
    {
      Logins logins(value_or_throw(engine.realm("system")), accounts);
      timed("data key, with logins", [&] { value_or_throw(realm.rotate_data_key(actor)); });
      logins.print();
    }
    timed("root key", [&] { value_or_throw(engine.rotate_root_key({}, {}, actor)); });
  } catch (const Failure& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    result = 1;
  }
  std::filesystem::remove_all(directory);
  return result;
}
