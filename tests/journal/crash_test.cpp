// Writers that are killed, and several at a time.

#include "journal/entries.hpp"
#include "journal/segment.hpp"

#include <atomic>
#include <random>
#include <sys/mman.h>
#include <thread>

using namespace cred;
using namespace cred::journal;
using namespace cred::test;

namespace {

// A number that outlives the child that writes it.
class Shared {
 public:
  Shared()
      : memory_(mmap(nullptr, sizeof(std::atomic<std::uint64_t>), PROT_READ | PROT_WRITE,
                     MAP_SHARED | MAP_ANONYMOUS, -1, 0)) {
    REQUIRE(memory_ != MAP_FAILED);
    new (memory_) std::atomic<std::uint64_t>(0);
  }
  Shared(const Shared&) = delete;
  Shared& operator=(const Shared&) = delete;
  ~Shared() { (void)munmap(memory_, sizeof(std::atomic<std::uint64_t>)); }
  std::atomic<std::uint64_t>& operator*() const {
    return *static_cast<std::atomic<std::uint64_t>*>(memory_);
  }

 private:
  void* memory_;
};

// Not timed: only spreads where the signal comes.
void wait_a_little() {
  static std::minstd_rand random(1);
  std::this_thread::sleep_for(std::chrono::microseconds(random() % 4000));
}

void wait_until_above(const std::atomic<std::uint64_t>& number, std::uint64_t value) {
  while (number <= value) std::this_thread::yield();
}

std::vector<std::byte> with_version(const Entry& e, unsigned char version) {
  return entry(e.number, version).bytes;
}

}  // namespace

TEST_CASE("a writer that is killed leaves every entry whose append returned", "[journal]") {
  const TemporaryDirectory directory;
  Journal journal(directory / "journal", journal_realm, 2000);
  Shared done;
  std::uint64_t last = 0;
  for (int round = 0; round < 40; ++round) {
    Child writer([&] {
      Journal own(directory / "journal", journal_realm, 2000);
      for (;;) {
        auto locked = own.lock();
        const std::uint64_t next = locked.last().value_or(0) + 1;
        locked.append(entries(next, next + next % 4));
        *done = next + next % 4;
      }
    });
    wait_until_above(*done, last);
    wait_a_little();
    writer.kill();
    const auto read = read_all(journal);
    REQUIRE(read.size() >= *done);
    REQUIRE(holds(read, 1, read.size()));
    REQUIRE(journal.lock().last() == read.size());
    append(journal, read.size() + 1, read.size() + 1);
    last = read.size() + 1;
  }
  CHECK(holds(read_all(journal), 1, last));
}

TEST_CASE("a killed rewriting leaves each segment of the journal wholly old or wholly new",
          "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "journal";
  Journal journal(path, journal_realm, 2000);
  append(journal, 1, 300);
  Shared rounds;
  unsigned char version = 1;
  bool mixed = false;
  for (int round = 0; round < 60; ++round) {
    const std::uint64_t before = *rounds;
    Child writer([&] {
      Journal own(path, journal_realm, 2000);
      for (auto next = version;; *rounds += 1) {
        ++next;
        own.lock().rewrite([&](const Entry& e) {
          *rounds += 1;
          return with_version(e, next);
        });
      }
    });
    wait_until_above(*rounds, before + 20);
    wait_a_little();
    writer.kill();
    std::optional<unsigned char> first;
    std::optional<unsigned char> in_segment;
    std::uint64_t number = 0;
    journal.read(0, [&](const Entry& e) {
      if (e.number != ++number) throw std::runtime_error("a gap");
      const auto its = std::to_integer<unsigned char>(e.bytes.back());
      if (std::filesystem::exists(path + '/' + segment_name(e.number))) in_segment.reset();
      // Number 11's bytes are all number: entry() makes 8 of them.
      if (e.bytes.size() == 8) return true;
      if (in_segment && *in_segment != its) throw std::runtime_error("a mixed segment");
      in_segment = its;
      if (!first) first = its;
      mixed = mixed || *first != its;
      version = its;
      if (e.bytes != with_version(e, its)) throw std::runtime_error("other bytes");
      return true;
    });
    REQUIRE(number == 300);
  }
  // Otherwise nothing was killed in between.
  CHECK(mixed);
  journal.lock().rewrite([](const Entry& e) { return with_version(e, 1); });
  CHECK(holds(read_all(journal), 1, 300));
  for (const auto& one : std::filesystem::directory_iterator(path))
    CHECK(one.path().extension() != ".new");
}

TEST_CASE("processes and threads append to the journal one after the other", "[journal]") {
  const TemporaryDirectory directory;
  constexpr int each = 60;
  const auto work = [&] {
    Journal own(directory / "journal", journal_realm, 3000);
    std::atomic<bool> failed{false};
    std::vector<std::thread> threads;
    for (int t = 0; t < 3; ++t)
      threads.emplace_back([&] {
        try {
          for (int i = 0; i < each; ++i) {
            auto locked = own.lock();
            const std::uint64_t next = locked.last().value_or(0) + 1;
            locked.append(entries(next, next));
          }
        } catch (const std::exception&) {
          failed = true;
        }
      });
    for (auto& thread : threads) thread.join();
    if (failed) throw std::runtime_error("a thread failed");
  };
#ifdef __SANITIZE_THREAD__
  // It knows no threads in the child of a process that has some.
  constexpr int processes = 1;
  work();
#else
  constexpr int processes = 2;
  Child other(work);
  work();
  CHECK(other.wait());
#endif
  CHECK(holds(read_all(Journal(directory / "journal", journal_realm)), 1, processes * 3 * each));
}

TEST_CASE("a reader of the journal goes on in what was rewritten or pruned under it", "[journal]") {
  const TemporaryDirectory directory;
  Journal journal(directory / "journal", journal_realm, 400'000);
  // Larger than what is read ahead; four segments.
  constexpr std::size_t size = 100'000;
  for (std::uint64_t number = 1; number <= 12; ++number) {
    const Entry one{number, morning, std::vector<std::byte>(size, std::byte{1})};
    journal.lock().append({&one, 1});
  }
  REQUIRE(std::filesystem::exists(directory / ("journal/" + segment_name(10))));
  const std::uint64_t at = GENERATE(1, 5, 10);
  const auto rewrite = [&] {
    journal.lock().rewrite([](const Entry&) { return std::vector<std::byte>(size, std::byte{2}); });
  };
  const auto prune = [&] { journal.lock().prune(10); };
  std::vector<std::uint64_t> seen;
  SECTION("rewritten") {
    journal.read(0, [&](const Entry& e) {
      if (e.number == at) rewrite();
      seen.push_back(e.number);
      const std::byte version{static_cast<unsigned char>(e.number <= at ? 1 : 2)};
      CHECK(e.bytes == std::vector<std::byte>(size, version));
      return true;
    });
    CHECK(seen == std::vector<std::uint64_t>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12});
  }
  SECTION("pruned") {
    journal.read(at - 1, [&](const Entry& e) {
      if (e.number == at) prune();
      seen.push_back(e.number);
      return true;
    });
    // The rest of the segment that was open, and what is kept.
    auto expected = std::vector<std::uint64_t>{10, 11, 12};
    if (at < 10) expected.insert(expected.begin(), {at, at + 1});
    if (at == 1) expected.insert(expected.begin() + 2, 3);
    CHECK(seen == expected);
  }
}

TEST_CASE("a reader of the journal sees the segment that is begun under it", "[journal]") {
  const TemporaryDirectory directory;
  Journal journal(directory / "journal", journal_realm, 1);
  append(journal, 1, 2);
  std::uint64_t last = 0;
  journal.read(0, [&](const Entry& e) {
    last = e.number;
    if (last >= 2 && last < 5) append(journal, last + 1, last + 1);
    return true;
  });
  CHECK(last == 5);
}

TEST_CASE("the journal is read while others append, rewrite and prune it", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "journal";
  Journal journal(path, journal_realm, 1500);
  append(journal, 1, 100);
  Shared done;
  Shared rounds;
  *done = 100;
  Child writer([&] {
    Journal own(path, journal_realm, 1500);
    for (;; *rounds += 1) {
      auto locked = own.lock();
      for (int i = 0; i < 10; ++i) {
        const std::uint64_t next = *done + 1;
        locked.append(entries(next, next));
        *done = next;
      }
      locked.rewrite([&](const Entry& e) { return std::vector(e.bytes); });
      locked.prune(*done - 90);
    }
  });
  for (int round = 0; round < 300 || *rounds < 30; ++round) {
    const std::uint64_t written = *done;
    std::uint64_t last = 0;
    bool gap = false;
    bool other = false;
    journal.read(round % 3 == 0 ? 0 : written - 50, [&](const Entry& e) {
      gap = gap || (last != 0 && e.number != last + 1);
      other = other || !same(e, entry(e.number));
      last = e.number;
      return true;
    });
    REQUIRE_FALSE(other);
    // From the beginning, the reader may find that what it was about to read was pruned.
    REQUIRE((!gap || round % 3 == 0));
    REQUIRE(last >= written);
  }
}

TEST_CASE("the journal is read while writers are killed and their entries cut off", "[journal]") {
  const TemporaryDirectory directory;
  const std::string path = directory / "journal";
  Journal journal(path, journal_realm);
  append(journal, 1, 3);
  const std::string file = path + '/' + segment_name(1);
  const std::string good = bytes_of(file);
  Shared rounds;
  Child writer([&] {
    Journal own(path, journal_realm);
    const Entry long_one{4, morning, std::vector<std::byte>(300, std::byte{3})};
    std::vector<std::byte> frame;
    append_frame(frame, long_one);
    for (std::uint64_t round = 0;; *rounds = ++round) {
      // What a killed writer leaves, and then others over it.
      std::ofstream(file, std::ios::binary | std::ios::app)
          .write(reinterpret_cast<const char*>(frame.data()), 250);
      for (std::uint64_t number = 4; number < 30; ++number) append(own, number, number);
      std::filesystem::resize_file(file, good.size());
    }
  });
  while (*rounds < 20) {
    const auto read = read_all(journal);
    REQUIRE(read.size() >= 3);
    REQUIRE(holds(read, 1, read.size()));
  }
}
