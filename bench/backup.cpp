// How long a store of many accounts takes to be backed up, verified and restored. By hand:
// build/dev/bench/bench_backup [ACCOUNTS]
//
// The accounts come straight from sealing: hashing a million passwords would take days.

#include "engine/engine.hpp"
#include "many_accounts.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>

using namespace cred;
using namespace cred::engine;

namespace {

template <typename Work>
void timed(const char* what, Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - start;
  std::printf("%-10s %6.1f s\n", what, took.count());
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t accounts = argc > 1 ? std::strtoull(argv[1], nullptr, 10) : 1'000'000;
  std::string directory = std::filesystem::temp_directory_path() / "cred-bench-XXXXXX";
  if (mkdtemp(directory.data()) == nullptr) return 1;
  Configuration configuration;
  configuration.store_url = "sqlite:" + directory + "/cred.db";
  configuration.root_key_url = "file:" + directory + "/root.key";
  configuration.fill_in_directories();
  const auto clock = std::make_shared<SystemClock>();
  const Actor actor{"bench"};
  int result = 0;
  try {
    value_or_throw(Engine::initialise(configuration));
    hash::Verifier nobodys;
    nobodys.parameters = {64 * 1024, 3, 4};
    timed("fill", [&] { bench::fill(configuration, accounts, nobodys, clock->now()); });
    timed("create", [&] {
      auto engine = value_or_throw(Engine::open(configuration, clock));
      value_or_throw(engine.create_backup(actor));
    });
    timed("verify", [&] { value_or_throw(verify_backup(configuration, {})); });
    RestoreRequest dry;
    dry.dry_run = true;
    timed("dry run",
          [&] { value_or_throw(Engine::restore(configuration, clock, {}, dry, actor)); });
    // With the backup that follows.
    timed("restore", [&] { value_or_throw(Engine::restore(configuration, clock, {}, {}, actor)); });
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(directory + "/cred.db" + part);
    timed("rescue", [&] { value_or_throw(Engine::restore(configuration, clock, {}, {}, actor)); });
  } catch (const Failure& failure) {
    std::fprintf(stderr, "%s\n", failure.what());
    result = 1;
  }
  std::filesystem::remove_all(directory);
  return result;
}
