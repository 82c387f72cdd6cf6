// What the journal adds to a bare write of the same bytes that waits for the disk: an
// append takes the lock and finds the end. Interleaves what it compares.
//
//   bench_journal [entries=500] [bytes=1024]     (in the current directory's file system)

#include "journal/anchor.hpp"
#include "journal/journal.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fcntl.h>
#include <filesystem>
#include <functional>
#include <string>
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
  std::filesystem::remove_all(directory);
  return 0;
}
