// What the engine adds to the bare Argon2 call, and whether that grows with the
// history or with the number of accounts. Interleaves what it compares, so that a
// machine whose speed drifts slows both.
//
//   bench_authenticate [rounds] [accounts]     (20 rounds, 1,000,000 accounts)

#include "engine/engine.hpp"
#include "hash/arena.hpp"
#include "hash/password_hash.hpp"
#include "many_accounts.hpp"
#include "passwords.hpp"

#include <algorithm>
#include <argon2.h>
#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <unistd.h>
#include <vector>

namespace {

using namespace cred;
using Milliseconds = std::chrono::duration<double, std::milli>;

const engine::Actor actor{"bench"};

using bench::password;
using bench::secret;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::exit(1);
}

// A store in a directory of its own, removed at the end.
class BenchRealm {
 public:
  // With so many accounts that all have password(1).
  explicit BenchRealm(const hash::Parameters& parameters, std::size_t accounts = 0) {
    std::string pattern = std::filesystem::current_path() / "bench-XXXXXX";
    require(mkdtemp(pattern.data()) != nullptr, "mkdtemp");
    directory_ = pattern;
    configuration_.store_url = "sqlite:" + pattern + "/cred.db";
    configuration_.root_key_url = "file:" + pattern + "/root.key";
    configuration_.hash = parameters;
    require(engine::Engine::initialise(configuration_).has_value(), "init");
    if (accounts > 0) {
      hash::Arena arena;
      bench::fill(configuration_, accounts,
                  value_or_throw(hash::make_verifier(secret(password(1)), parameters, arena)),
                  SystemClock().now());
    }
    engine_ = std::make_unique<engine::Engine>(
        value_or_throw(engine::Engine::open(configuration_, std::make_shared<SystemClock>())));
    realm_ = std::make_unique<engine::Realm>(value_or_throw(engine_->realm("system")));
  }
  BenchRealm(const BenchRealm&) = delete;
  BenchRealm& operator=(const BenchRealm&) = delete;
  ~BenchRealm() { std::filesystem::remove_all(directory_); }
  engine::Realm& operator*() { return *realm_; }
  engine::Realm* operator->() { return realm_.get(); }

 private:
  std::filesystem::path directory_;
  engine::Configuration configuration_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Realm> realm_;
};

double time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Milliseconds(std::chrono::steady_clock::now() - start).count();
}

struct Spread {
  double least, median, most;
};

Spread spread(std::vector<double> values) {
  std::sort(values.begin(), values.end());
  return {values.front(), values[values.size() / 2], values.back()};
}

// Times both in turn, A B B A ..., and prints medians and the ratio pair by pair.
void compare(const char* a_name, const std::function<void()>& a, const char* b_name,
             const std::function<void()>& b, int rounds) {
  a();
  b();
  std::vector<double> as, bs, ratios;
  for (int i = 0; i < rounds; ++i) {
    const bool a_first = i % 2 == 0;
    const double first = time_of(a_first ? a : b);
    const double second = time_of(a_first ? b : a);
    as.push_back(a_first ? first : second);
    bs.push_back(a_first ? second : first);
    ratios.push_back(bs.back() / as.back());
  }
  const Spread ratio = spread(ratios);
  std::printf(
      "  %-34s %9.3f ms\n  %-34s %9.3f ms\n  ratio: median %.4f (%.4f to %.4f), of medians "
      "%.4f\n\n",
      a_name, spread(as).median, b_name, spread(bs).median, ratio.median, ratio.least, ratio.most,
      spread(bs).median / spread(as).median);
}

// The same call as the engine's, with memory that is kept between calls as the
// engine keeps it.
std::vector<std::uint8_t> kept_memory;
int lend(uint8_t** memory, size_t size) {
  if (kept_memory.size() < size) kept_memory.resize(size);
  *memory = kept_memory.data();
  return ARGON2_OK;
}
void take_back(uint8_t*, size_t) {}

void bare_argon2(const hash::Parameters& p) {
  std::array<std::uint8_t, 16> password_bytes{};
  std::array<std::uint8_t, 16> salt{};
  std::array<std::uint8_t, 32> tag{};
  argon2_context c{};
  c.out = tag.data();
  c.outlen = tag.size();
  c.pwd = password_bytes.data();
  c.pwdlen = password_bytes.size();
  c.salt = salt.data();
  c.saltlen = salt.size();
  c.t_cost = p.passes;
  c.m_cost = p.memory;
  c.lanes = p.lanes;
  c.threads = p.lanes;
  c.version = ARGON2_VERSION_13;
  c.allocate_cbk = lend;
  c.free_cbk = take_back;
  require(argon2id_ctx(&c) == ARGON2_OK, "argon2");
}

void login(engine::Realm& realm, const std::string& name, const std::string& text) {
  const auto result = realm.authenticate(name, secret(text));
  require(result && result->code == Code::accepted, "login");
}

void enrol(engine::Realm& realm, const std::string& name, int n) {
  const auto added = realm.enrol(name, {}, secret(password(n)), false, actor);
  require(added && added->code == Code::accepted, "enrol");
}

void share_of_the_engine(int rounds) {
  std::printf("A login against the bare Argon2id call, default parameters\n");
  const hash::Parameters p;
  BenchRealm realm(p);
  enrol(*realm, "user", 1);
  compare(
      "argon2id, 64 MiB, 3 passes, 4 lanes", [&] { bare_argon2(p); }, "whole authenticate",
      [&] { login(*realm, "user", password(1)); }, rounds);

  // The hash's own noise is larger than 2 %; without it the rest shows alone.
  std::printf("The rest of the engine alone: a login with the smallest hash there is\n");
  const hash::Parameters tiny{8, 1, 1};
  BenchRealm quick(tiny);
  enrol(*quick, "user", 1);
  compare(
      "argon2id, 64 MiB, 3 passes, 4 lanes", [&] { bare_argon2(p); },
      "authenticate with 8 KiB, 1 pass", [&] { login(*quick, "user", password(1)); }, rounds);
}

void depth_of_history(int rounds) {
  std::printf("A check against the history: 1 earlier password, then 1,000\n");
  const hash::Parameters p{19 * 1024, 2, 1};
  BenchRealm realm(p);
  enrol(*realm, "short", 0);
  enrol(*realm, "long", 0);
  for (int i = 1; i < 1000; ++i) {
    const auto changed = realm->reset("long", secret(password(i)), false, actor);
    require(changed && changed->code == Code::accepted, "reset");
  }
  require(value_or_throw(realm->status("long")).passwords == 1000, "a history of 1,000");
  const Secret fresh = secret("Never-Used-Before-1");
  const auto check = [&](const char* name) {
    const auto verdicts = realm->check(name, nullptr, fresh, engine::Realm::Depth::history);
    require(verdicts && !verdicts->refused(), "check");
  };
  compare(
      "1 earlier password", [&] { check("short"); }, "1,000 earlier passwords",
      [&] { check("long"); }, rounds * 5);
}

void number_of_accounts(int rounds, std::size_t accounts) {
  std::printf("A login in a store of 1,000 accounts, then of %zu\n", accounts);
  const hash::Parameters tiny{8, 1, 1};
  BenchRealm small(tiny, 1000);
  BenchRealm large(tiny, accounts);
  std::size_t n = 0;
  compare(
      "1,000 accounts", [&] { login(*small, bench::account_name(n++ * 7 % 1000), password(1)); },
      "many accounts",
      [&] { login(*large, bench::account_name(n++ * 7919 % accounts), password(1)); }, rounds * 20);
}

}  // namespace

int main(int argc, char** argv) {
  const int rounds = argc > 1 ? std::atoi(argv[1]) : 20;
  const int accounts = argc > 2 ? std::atoi(argv[2]) : 1'000'000;
  require(rounds > 0 && accounts > 1000, "reading the arguments");
  share_of_the_engine(rounds);
  depth_of_history(rounds);
  number_of_accounts(rounds, static_cast<std::size_t>(accounts));
}
