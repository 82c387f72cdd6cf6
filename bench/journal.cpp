// What the journal adds to a bare write of the same bytes that waits for the disk: an
// append takes the lock and finds the end. Interleaves what it compares. Then the journal's
// share of a login and of a change: the entries that each made are appended once more, to a
// journal alone, with the anchor.
//
//   bench_journal [entries=500] [bytes=1024]     (in the current directory's file system)

#include "engine/engine.hpp"
#include "journal/anchor.hpp"
#include "journal/journal.hpp"
#include "passwords.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <sys/stat.h>
#include <unistd.h>
#include <vector>

namespace {

using namespace cred;
using Microseconds = std::chrono::duration<double, std::micro>;
using Samples = std::vector<double>;

void require(bool condition, const char* what) {
  if (condition) return;
  std::fprintf(stderr, "bench: %s failed\n", what);
  std::exit(1);
}

double time_of(const std::function<void()>& work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return Microseconds(std::chrono::steady_clock::now() - start).count();
}

double part(Samples& samples, std::size_t percent) {
  std::sort(samples.begin(), samples.end());
  return samples[(samples.size() - 1) * percent / 100];
}

void print(const char* what, Samples& samples) {
  std::printf("%-22s %9.1f us median, %9.1f us of 99 in 100\n", what, part(samples, 50),
              part(samples, 99));
}

using bench::password;
using bench::secret;

class Store {
 public:
  explicit Store(const std::string& directory) : directory_(directory) {
    require(mkdir(directory.c_str(), 0700) == 0, "mkdir");
    engine::Configuration configuration;
    configuration.store_url = "sqlite:" + directory + "/cred.db";
    configuration.root_key_url = "file:" + directory + "/root.key";
    configuration.fill_in_directories();
    require(engine::Engine::initialise(configuration).has_value(), "init");
    engine_ = std::make_unique<engine::Engine>(
        value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>())));
    realm_ = std::make_unique<engine::Realm>(value_or_throw(engine_->realm("system")));
    id_ = value_or_throw(realm_->realm_status()).id;
    journal_ = configuration.journal_directory + "/" + to_string(id_);
    require(realm_->enrol("ann", {}, secret("Quelltermin0x"), false, {"bench"}).has_value(),
            "enrol");
  }
  engine::Realm& realm() { return *realm_; }
  std::vector<journal::Entry> entries_after(std::uint64_t number) const {
    std::vector<journal::Entry> all;
    journal::Journal(journal_, id_).read(number, [&](const journal::Entry& entry) {
      all.push_back(entry);
      return true;
    });
    return all;
  }

 private:
  std::string directory_;
  std::unique_ptr<engine::Engine> engine_;
  std::unique_ptr<engine::Realm> realm_;
  Uuid id_{};
  std::string journal_;
};

void print_share(const char* what, const std::string& directory, int count,
                 const std::function<void(engine::Realm&, int)>& work) {
  Store store(directory);
  work(store.realm(), -1);
  const auto before = store.entries_after(0);
  Samples whole;
  for (int i = 0; i < count; ++i) whole.push_back(time_of([&] { work(store.realm(), i); }));
  // A right login leaves its entry for the next change that is synced to append.
  require(store.realm().expire("ann", {"bench"}).has_value(), "expire");
  auto entries = store.entries_after(before.back().number);
  require(!entries.empty(), "reading the journal");
  journal::Journal alone(directory + "/alone", {});
  journal::Anchor anchor(directory + "/alone.anchor");
  double journal_time = 0;
  std::uint64_t number = 0;
  for (auto& entry : entries) {
    entry.number = ++number;
    journal_time += time_of([&] {
      alone.lock().append({&entry, 1});
      anchor.advance({entry.number, {}});
    });
  }
  double all = 0;
  for (const double sample : whole) all += sample;
  std::printf("%-22s %9.1f us on average, %.2f entries; the journal's share %.2f %%\n", what,
              all / count, static_cast<double>(entries.size()) / count, 100 * journal_time / all);
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 500;
  const int size = argc > 2 ? std::atoi(argv[2]) : 1024;
  require(count > 0 && size > 0, "reading the arguments");
  std::string directory = std::filesystem::current_path() / "bench-XXXXXX";
  require(mkdtemp(directory.data()) != nullptr, "mkdtemp");
  const int bare =
      open((directory + "/bare").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  require(bare >= 0, "open");
  journal::Journal journal(directory + "/journal", {});
  journal::Anchor anchor(directory + "/anchor");
  const SystemClock clock;
  journal::Entry entry{0, clock.now(), std::vector<std::byte>(static_cast<std::size_t>(size))};
  anchor.advance({1, {}});

  Samples bare_times;
  Samples append_times;
  Samples lock_times;
  Samples advance_times;
  Samples read_times;
  for (int i = 0; i < count; ++i) {
    bare_times.push_back(time_of([&] {
      require(write(bare, entry.bytes.data(), entry.bytes.size()) == size, "write");
      require(fdatasync(bare) == 0, "fdatasync");
    }));
    ++entry.number;
    append_times.push_back(time_of([&] { journal.lock().append({&entry, 1}); }));
    lock_times.push_back(time_of([&] { (void)journal.lock().last(); }));
    advance_times.push_back(time_of([&] { anchor.advance({entry.number + 1, {}}); }));
    read_times.push_back(time_of([&] { (void)anchor.read(); }));
  }
  std::printf("%d entries of %d bytes\n", count, size);
  print("bare write, fdatasync", bare_times);
  print("append", append_times);
  print("lock and last", lock_times);
  print("anchor's advance", advance_times);
  print("anchor's read", read_times);
  std::printf("append / bare          %9.2f\n", part(append_times, 50) / part(bare_times, 50));
  (void)close(bare);

  const int rounds = std::max(10, count / 10);
  const std::string right = "Quelltermin0x";
  print_share("a login", directory + "/login", rounds, [&](engine::Realm& realm, int) {
    require(value_or_throw(realm.authenticate("ann", secret(right))).code == Code::accepted,
            "authenticate");
  });
  std::string current = right;
  print_share("a change", directory + "/change", rounds, [&](engine::Realm& realm, int i) {
    const auto next = password(i + 2);
    const auto changed =
        value_or_throw(realm.change("ann", secret(current), secret(next), {"bench"}));
    require(changed.code == Code::accepted, "change");
    current = next;
  });
  std::filesystem::remove_all(directory);
  return 0;
}
