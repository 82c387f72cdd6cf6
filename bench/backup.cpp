// How long a store of many accounts takes to be backed up, verified and restored. By hand:
// build/dev/bench/bench_backup [ACCOUNTS]
//
// The accounts come straight from sealing: hashing a million passwords would take days.

#include "engine/account_tree.hpp"
#include "engine/engine.hpp"
#include "engine/realm_keys.hpp"
#include "engine/realm_state.hpp"

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sodium.h>
#include <string>

using namespace cred;
using namespace cred::engine;

namespace {

store::AccountRow account(const vault::Vault& vault, std::size_t number, Time now) {
  store::AccountRow row;
  randombytes_buf(row.id.data(), row.id.size());
  char name[32];
  std::snprintf(name, sizeof name, "user%09zu", number);
  row.name = name;
  row.generation = 1;
  row.bucket = AccountTree::bucket_of(vault, row.name);
  Credential credential;
  credential.verifier.parameters = {64 * 1024, 3, 4};
  credential.set_at = now;
  Profile profile;
  profile.full_name = "Quentin Zebrowski";
  profile.email = row.name + "@example.org";
  HistoryGroup group;
  group.parameters = credential.verifier.parameters;
  group.tags.push_back({1, false, {}});
  const auto seal = [&](vault::Field field, const Secret& record) {
    return vault.seal({row.id, row.name, field, row.generation}, record.bytes());
  };
  row.credential = seal(vault::Field::credential, encode(credential));
  row.profile = seal(vault::Field::profile, encode(profile));
  row.history = seal(vault::Field::history, encode(History{group}));
  return row;
}

void fill(const Configuration& configuration, std::size_t accounts) {
  const auto store = store::open(configuration.store_url);
  auto realm = store->realm("system");
  const Uuid id = realm->row().id;
  const auto root = std::make_shared<RootKey>(configuration.root_key_url);
  const RealmKeys keys(root, id, realm->keys());
  const auto vault = keys.vault();
  const auto to = realm->begin(store::Access::write);
  const Time now = SystemClock().now();
  Head head = value_or_throw(
      decode_head(value_or_throw(vault->open(place_of_head(1), to->head()->record)).bytes()));
  for (std::size_t i = 0; i < accounts; ++i) {
    const auto row = account(*vault, i, now);
    if (!to->insert(row)) std::abort();
    Noted noted;
    noted.event = audit::Event::enrolled;
    noted.account = row.id;
    noted.actor.name = "bench";
    to->append_audit(next_record(*vault, head, noted, now));
  }
  head.tree = AccountTree(*vault, *to).build();
  head.accounts = accounts;
  to->set_head(sealed_head(*vault, head));
  to->commit();
}

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
    timed("fill", [&] { fill(configuration, accounts); });
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
