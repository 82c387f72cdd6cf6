#include "journal/journal.hpp"

#include "journal/entries.hpp"
#include "journal/segment.hpp"

#include <fcntl.h>
#include <set>
#include <sys/resource.h>
#include <sys/stat.h>

using namespace cred;
using namespace cred::journal;
using namespace cred::test;

namespace {

struct Place {
  TemporaryDirectory directory;
  std::string path = directory / "journal";
  Journal journal{path, journal_realm};

  std::string segment(std::uint64_t first) const { return path + '/' + segment_name(first); }
  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& one : std::filesystem::directory_iterator(path))
      names.insert(one.path().filename());
    return names;
  }
};

ino_t inode_of(const std::string& path) {
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  return status.st_ino;
}

std::optional<std::vector<std::byte>> unchanged(const Entry&) { return std::nullopt; }

}  // namespace

TEST_CASE("the journal's entries come back in order, those behind a number alone", "[journal]") {
  Place place;
  place.journal.lock().append(entries(1, 3));
  append(place.journal, 4, 9);
  CHECK(holds(read_all(place.journal), 1, 9));
  CHECK(holds(read_all(place.journal, 4), 5, 9));
  CHECK(read_all(place.journal, 9).empty());
  CHECK(read_all(place.journal, UINT64_MAX).empty());
  CHECK(place.journal.lock().last() == 9);
}

TEST_CASE("an entry of the journal may be empty", "[journal]") {
  Place place;
  const std::vector<Entry> empty{{1, morning, {}}, {2, Time(Duration(-1)), {}}};
  place.journal.lock().append(empty);
  const auto read = read_all(Journal(place.path, journal_realm));
  CHECK(std::equal(read.begin(), read.end(), empty.begin(), empty.end(), same));
}

TEST_CASE("a visitor of the journal ends the reading", "[journal]") {
  Place place;
  append(place.journal, 1, 5);
  std::vector<std::uint64_t> seen;
  place.journal.read(1, [&](const Entry& entry) {
    seen.push_back(entry.number);
    return seen.size() < 2;
  });
  CHECK(seen == std::vector<std::uint64_t>{2, 3});
}

TEST_CASE("what a visitor of the journal throws reaches the reader's caller", "[journal]") {
  Place place;
  append(place.journal, 1, 2);
  int visits = 0;
  CHECK(fails_with(Code::integrity, [&] {
    place.journal.read(0, [&](const Entry&) -> bool {
      ++visits;
      throw Failure(Code::integrity, "does not open");
    });
  }));
  CHECK(visits == 1);
}

TEST_CASE("a journal that nobody wrote is empty, and reading does not make it", "[journal]") {
  Place place;
  CHECK(read_all(place.journal).empty());
  CHECK_FALSE(std::filesystem::exists(place.path));
  CHECK_FALSE(place.journal.lock().last());
  CHECK(read_all(place.journal).empty());
}

TEST_CASE("the journal is its owner's alone", "[journal]") {
  Place place;
  append(place.journal, 1, 1);
  struct stat status {};
  REQUIRE(stat(place.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0700);
  for (const auto& name : {std::string("lock"), segment_name(1)}) {
    REQUIRE(stat((place.path + '/' + name).c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == 0600);
  }
}

TEST_CASE("what root writes to the journal belongs to the service's user", "[journal]") {
  if (geteuid() != 0) return;
  Place place;
  REQUIRE(chown((place.directory / ".").c_str(), 65534, 65533) == 0);
  Journal journal(place.path, journal_realm, 100);
  append(journal, 1, 4);
  journal.lock().rewrite([](const Entry& e) { return std::vector(e.bytes); });
  REQUIRE(place.files().size() > 2);
  for (const auto& name : place.files()) {
    struct stat status {};
    REQUIRE(stat((place.path + '/' + name).c_str(), &status) == 0);
    CHECK(status.st_uid == 65534);
    CHECK(status.st_gid == 65533);
  }
  struct stat status {};
  REQUIRE(stat(place.path.c_str(), &status) == 0);
  CHECK(status.st_uid == 65534);
}

TEST_CASE("an entry whose number does not follow is refused and nothing is written", "[journal]") {
  Place place;
  CHECK(fails_with(Code::internal, [&] { place.journal.lock().append(entries(2, 2)); }));
  CHECK(read_all(place.journal).empty());
  append(place.journal, 1, 3);
  for (const std::uint64_t number : {0, 1, 3, 5})
    CHECK(fails_with(Code::internal, [&] { place.journal.lock().append({{entry(number)}}); }));
  CHECK(fails_with(Code::internal, [&] {
    place.journal.lock().append({{entry(4), entry(5), entry(7)}});
  }));
  CHECK(holds(read_all(place.journal), 1, 3));
}

TEST_CASE("the largest entry is kept and a larger one refused", "[journal]") {
  Place place;
  Entry large = entry(1);
  large.bytes.assign(largest_entry, std::byte{5});
  place.journal.lock().append({&large, 1});
  const auto read = read_all(place.journal);
  REQUIRE(read.size() == 1);
  CHECK(same(read[0], large));
  large.number = 2;
  large.bytes.push_back(std::byte{5});
  CHECK(fails_with(Code::usage, [&] { place.journal.lock().append({&large, 1}); }));
  CHECK(read_all(place.journal).size() == 1);
}

TEST_CASE("a segment of the journal is closed when it would become too large", "[journal]") {
  Place place;
  Journal journal(place.path, journal_realm, 1000);
  append(journal, 1, 100);
  CHECK(holds(read_all(journal), 1, 100));
  CHECK(place.files().size() > 5);
  for (const auto& name : place.files())
    CHECK(std::filesystem::file_size(place.path + '/' + name) <= 1000);
  for (std::uint64_t after = 0; after <= 100; ++after)
    REQUIRE(holds(read_all(journal, after), after + 1, 100));
}

TEST_CASE("the journal's entries of another day begin a segment", "[journal]") {
  Place place;
  const auto hours = [](int count) { return morning + std::chrono::hours(count); };
  // `morning` is at 8:00.
  place.journal.lock().append({{entry(1, 1, hours(15))}});
  place.journal.lock().append({{entry(2, 1, hours(-9)), entry(3, 1, hours(16))}});
  place.journal.lock().append({{entry(4, 1, hours(16))}});
  place.journal.lock().append({{entry(5, 1, hours(39))}});
  CHECK(place.files() == std::set<std::string>{"lock", segment_name(1), segment_name(4)});
  CHECK(read_all(place.journal).size() == 5);
}

TEST_CASE("what one process wrote to the journal is seen by another that wrote before",
          "[journal]") {
  Place place;
  Journal other(place.path, journal_realm);
  for (std::uint64_t number = 1; number <= 20; ++number) {
    Journal& journal = number % 2 == 0 ? other : place.journal;
    if (number % 5 == 0)
      journal.lock().rewrite([](const Entry& e) { return std::vector(e.bytes); });
    CHECK(journal.lock().last().value_or(0) == number - 1);
    append(journal, number, number);
  }
  CHECK(holds(read_all(place.journal), 1, 20));
}

TEST_CASE("segments of the journal that hold nothing of interest are not looked into",
          "[journal]") {
  Place place;
  Journal journal(place.path, journal_realm, 200);
  append(journal, 1, 20);
  put_bytes(place.segment(1), "damaged");
  CHECK(holds(read_all(journal, 10), 11, 20));
  CHECK(fails_with(Code::integrity, [&] { (void)read_all(journal); }));
}

TEST_CASE("a run of the journal begins at a higher number without a gap", "[journal]") {
  Place place;
  append(place.journal, 1, 3);
  {
    auto locked = place.journal.lock();
    CHECK(fails_with(Code::internal, [&] { locked.begin_run(3); }));
    CHECK(fails_with(Code::internal, [&] { locked.begin_run(0); }));
    locked.begin_run(10);
    CHECK(fails_with(Code::internal, [&] { locked.append(entries(4, 4)); }));
    locked.append(entries(10, 11));
    locked.append(entries(12, 12));
    CHECK(locked.last() == 12);
  }
  append(place.journal, 13, 13);
  const auto read = read_all(place.journal);
  REQUIRE(read.size() == 7);
  CHECK(read[2].number == 3);
  CHECK(holds(read_all(place.journal, 3), 10, 13));
  CHECK(holds(read_all(place.journal, 7), 10, 13));
  CHECK(place.files() == std::set<std::string>{"lock", segment_name(1), segment_name(10)});
}

TEST_CASE("a run of the journal without an entry has not begun", "[journal]") {
  Place place;
  append(place.journal, 1, 1);
  place.journal.lock().begin_run(10);
  append(place.journal, 2, 2);
  CHECK(holds(read_all(place.journal), 1, 2));
}

TEST_CASE("an empty journal may begin with a run", "[journal]") {
  Place place;
  {
    auto locked = place.journal.lock();
    locked.begin_run(500);
    locked.append(entries(500, 502));
  }
  append(place.journal, 503, 503);
  CHECK(holds(read_all(place.journal), 500, 503));
}

TEST_CASE("rewriting the journal replaces the bytes that it is given", "[journal]") {
  Place place;
  Journal journal(place.path, journal_realm, 600);
  append(journal, 1, 60);
  const ino_t first = inode_of(place.segment(1));
  journal.lock().rewrite([](const Entry& e) -> std::optional<std::vector<std::byte>> {
    if (e.number < 30 || e.number > 50) return std::nullopt;
    return std::vector<std::byte>(e.number == 30 ? 0 : 90, std::byte{9});
  });
  CHECK(inode_of(place.segment(1)) == first);
  const auto read = read_all(journal);
  REQUIRE(read.size() == 60);
  for (const auto& e : read) {
    if (e.number < 30 || e.number > 50)
      CHECK(same(e, entry(e.number)));
    else
      CHECK(e.bytes == std::vector<std::byte>(e.number == 30 ? 0 : 90, std::byte{9}));
    CHECK(e.time == morning);
  }
  append(journal, 61, 61);
  CHECK(holds(read_all(journal, 50), 51, 61));
}

TEST_CASE("the same lock of the journal rewrites and appends", "[journal]") {
  Place place;
  auto locked = place.journal.lock();
  locked.append(entries(1, 3));
  locked.rewrite([](const Entry&) { return std::vector<std::byte>(500); });
  locked.append(entries(4, 4));
  CHECK(locked.last() == 4);
  CHECK(read_all(place.journal).size() == 4);
  CHECK(holds(read_all(place.journal, 3), 4, 4));
}

TEST_CASE("bytes that were rewritten are gone from the journal's blocks", "[journal]") {
  Place place;
  append(place.journal, 1, 3);
  const int old = open(place.segment(1).c_str(), O_RDONLY | O_CLOEXEC);
  REQUIRE(old >= 0);
  place.journal.lock().rewrite([](const Entry& e) { return entry(e.number, 2).bytes; });
  std::string bytes(10000, 'x');
  const ssize_t size = pread(old, bytes.data(), bytes.size(), 0);
  CHECK(close(old) == 0);
  REQUIRE(size > 100);
  CHECK(bytes.substr(0, static_cast<std::size_t>(size)) ==
        std::string(static_cast<std::size_t>(size), '\0'));
  CHECK(bytes_of(place.segment(1)).find(std::string(8, '\1')) == std::string::npos);
}

TEST_CASE("a rewriting of the journal that fails leaves the segment", "[journal]") {
  Place place;
  append(place.journal, 1, 3);
  const std::string before = bytes_of(place.segment(1));
  CHECK(fails_with(Code::refused, [&] {
    place.journal.lock().rewrite([](const Entry& e) -> std::optional<std::vector<std::byte>> {
      if (e.number == 3) throw Failure(Code::refused, "no key");
      return std::vector<std::byte>(5);
    });
  }));
  CHECK(fails_with(Code::usage, [&] {
    place.journal.lock().rewrite(
        [](const Entry&) { return std::vector<std::byte>(largest_entry + 1); });
  }));
  CHECK(bytes_of(place.segment(1)) == before);
  CHECK(place.files() == std::set<std::string>{"lock", segment_name(1)});
}

TEST_CASE("what a killed rewriting of the journal left is not read, and removed by the next writer",
          "[journal]") {
  Place place;
  append(place.journal, 1, 3);
  put_bytes(place.segment(1) + ".new", bytes_of(place.segment(1)).substr(0, 100));
  put_bytes(place.segment(9) + ".new", "");
  CHECK(holds(read_all(place.journal), 1, 3));
  append(place.journal, 4, 4);
  CHECK(place.files() == std::set<std::string>{"lock", segment_name(1)});
}

TEST_CASE("pruning the journal removes whole segments below a number, never the newest",
          "[journal]") {
  Place place;
  Journal journal(place.path, journal_realm, 300);
  append(journal, 1, 40);
  const auto segments = place.files();
  journal.lock().prune(1);
  CHECK(place.files() == segments);
  for (std::uint64_t keep = 2; keep <= 40; ++keep) {
    journal.lock().prune(keep);
    const auto read = read_all(journal);
    REQUIRE_FALSE(read.empty());
    const std::uint64_t oldest = read.front().number;
    REQUIRE(oldest <= keep);
    REQUIRE(holds(read, oldest, 40));
    REQUIRE(segments.count(segment_name(oldest)) == 1);
    // No segment is kept that need not be.
    const auto next = segments.upper_bound(segment_name(oldest));
    REQUIRE((next == segments.find("lock") || *segment_number(*next) > keep));
  }
  journal.lock().prune(UINT64_MAX);
  CHECK(place.files().size() == 2);
  append(journal, 41, 41);
  CHECK(read_all(journal).back().number == 41);
}

TEST_CASE("pruning the journal looks at numbers and not at where a run begins", "[journal]") {
  Place place;
  auto locked = place.journal.lock();
  locked.append(entries(1, 3));
  locked.begin_run(100);
  locked.append(entries(100, 100));
  locked.prune(3);
  CHECK(read_all(place.journal).size() == 4);
  locked.prune(4);
  CHECK(holds(read_all(place.journal), 100, 100));
}

TEST_CASE("another realm's segment does not belong to the journal", "[journal]") {
  Place place;
  append(place.journal, 1, 1);
  Journal other(place.path, Uuid{std::byte{8}});
  CHECK(fails_with(Code::integrity, [&] { (void)read_all(other); }));
  CHECK(fails_with(Code::integrity, [&] { (void)other.lock().last(); }));
}

TEST_CASE("links and pipes in the journal's directory are not followed", "[journal]") {
  Place place;
  REQUIRE(mkdir(place.path.c_str(), 0700) == 0);
  const auto lock = [&] { (void)place.journal.lock(); };
  REQUIRE(symlink("/etc/passwd", (place.path + "/lock").c_str()) == 0);
  CHECK(fails_with(Code::configuration, lock));
  REQUIRE(unlink((place.path + "/lock").c_str()) == 0);
  REQUIRE(mkfifo((place.path + "/lock").c_str(), 0600) == 0);
  CHECK(fails_with(Code::configuration, lock));
  REQUIRE(unlink((place.path + "/lock").c_str()) == 0);
  REQUIRE(mkfifo(place.segment(1).c_str(), 0600) == 0);
  CHECK(fails_with(Code::configuration, [&] { (void)read_all(place.journal); }));
}

TEST_CASE("the journal's directory is not made where its parent is missing", "[journal]") {
  const TemporaryDirectory directory;
  Journal journal(directory / "missing/journal", journal_realm);
  CHECK(fails_with(Code::configuration, [&] { (void)journal.lock(); }));
}

TEST_CASE("an append for which the disk has no room leaves nothing behind", "[journal]") {
  Place place;
  append(place.journal, 1, 5);
  const std::string before = bytes_of(place.segment(1));
  Child child([&] {
    (void)signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{before.size() + 50, before.size() + 50};
    if (setrlimit(RLIMIT_FSIZE, &limit) != 0) throw std::runtime_error("setrlimit");
    auto locked = place.journal.lock();
    if (!fails_with(Code::unavailable, [&] { locked.append(entries(6, 9)); }))
      throw std::runtime_error("the append did not fail");
    if (locked.last() != 5) throw std::runtime_error("something was appended");
    Entry large = entry(6);
    large.bytes.resize(5000);
    large.time += std::chrono::days(1);
    if (!fails_with(Code::unavailable, [&] { locked.append({&large, 1}); }))
      throw std::runtime_error("the segment did not fail");
  });
  REQUIRE(child.wait());
  CHECK(bytes_of(place.segment(1)) == before);
  CHECK(place.files() == std::set<std::string>{"lock", segment_name(1)});
  append(place.journal, 6, 7);
  CHECK(holds(read_all(place.journal), 1, 7));
}

TEST_CASE("the journal's lock ends though a forked child lives on", "[journal]") {
  Place place;
  auto locked = std::make_optional(place.journal.lock());
  Child child([] { (void)pause(); });
  locked->rewrite(unchanged);
  locked.reset();
  append(place.journal, 1, 1);
  CHECK(holds(read_all(place.journal), 1, 1));
}
