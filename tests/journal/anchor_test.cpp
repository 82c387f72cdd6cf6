#include "journal/anchor.hpp"

#include "journal/entries.hpp"

#include <sys/stat.h>
#include <thread>

using namespace cred;
using namespace cred::journal;
using namespace cred::test;

namespace {

Mark mark(std::uint64_t number, unsigned char digest = 0) {
  Mark mark{number, {}};
  for (std::size_t i = 0; i < mark.digest.size(); ++i)
    mark.digest[i] = static_cast<std::byte>(number * 31 + i + digest);
  return mark;
}

struct Place {
  TemporaryDirectory directory;
  std::string path = directory / "anchors/system";
  Anchor anchor{path};
};

constexpr std::size_t slot = 64;
constexpr std::size_t second = 4096;

}  // namespace

TEST_CASE("an anchor that nobody wrote says nothing", "[anchor]") {
  const Place place;
  CHECK_FALSE(place.anchor.read());
  CHECK_FALSE(std::filesystem::exists(place.directory / "anchors"));
}

TEST_CASE("the anchor remembers the highest mark", "[anchor]") {
  Place place;
  for (const std::uint64_t number : {5, 6, 9, 100}) {
    place.anchor.advance(mark(number));
    CHECK(place.anchor.read() == mark(number));
    CHECK(Anchor(place.path).read() == mark(number));
  }
  place.anchor.advance(mark(99));
  place.anchor.advance(mark(100, 1));
  CHECK(place.anchor.read() == mark(100));
}

TEST_CASE("the anchor is its owner's alone", "[anchor]") {
  Place place;
  if (geteuid() == 0) REQUIRE(chown((place.directory / ".").c_str(), 65534, 65533) == 0);
  place.anchor.advance(mark(1));
  for (const auto& [path, mode] :
       {std::pair(place.path, 0600U), std::pair(place.directory / "anchors", 0700U)}) {
    struct stat status {};
    REQUIRE(stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 07777) == mode);
    if (geteuid() == 0) CHECK(status.st_uid == 65534);
  }
  CHECK(std::distance(std::filesystem::directory_iterator(place.directory / "anchors"), {}) == 1);
}

TEST_CASE("a forced mark holds whatever its number", "[anchor]") {
  Place place;
  place.anchor.force(mark(50));
  CHECK(place.anchor.read() == mark(50));
  place.anchor.advance(mark(60));
  place.anchor.force(mark(20));
  CHECK(place.anchor.read() == mark(20));
  // Neither slot keeps a higher one.
  const std::string good = bytes_of(place.path);
  for (const std::size_t at : {std::size_t{0}, second}) {
    std::string bad = good;
    bad.replace(at, slot, slot, 'x');
    put_bytes(place.path, bad);
    CHECK(place.anchor.read() == mark(20));
  }
  put_bytes(place.path, good);
  place.anchor.advance(mark(21));
  CHECK(place.anchor.read() == mark(21));
}

TEST_CASE("a torn slot of the anchor leaves the mark before", "[anchor]") {
  Place place;
  place.anchor.advance(mark(1));
  for (std::uint64_t number = 2; number <= 3; ++number) {
    const std::string before = bytes_of(place.path);
    place.anchor.advance(mark(number));
    const std::string after = bytes_of(place.path);
    const std::size_t at = before.substr(0, slot) == after.substr(0, slot) ? second : 0;
    for (std::size_t size = 0; size < slot; ++size) {
      std::string torn = after;
      torn.replace(at + size, slot - size, before, at + size, slot - size);
      put_bytes(place.path, torn);
      // Bytes that both share at the end make a whole one.
      REQUIRE(place.anchor.read() == mark(torn == after ? number : number - 1));
      place.anchor.advance(mark(number));
      REQUIRE(place.anchor.read() == mark(number));
      put_bytes(place.path, after);
    }
  }
}

TEST_CASE("a changed byte of the anchor costs one slot at most", "[anchor]") {
  Place place;
  place.anchor.advance(mark(1));
  place.anchor.advance(mark(2));
  const std::string good = bytes_of(place.path);
  for (std::size_t i = 0; i < 2 * slot; ++i) {
    const std::size_t at = i < slot ? i : second + i - slot;
    std::string bad = good;
    bad[at] ^= 4;
    put_bytes(place.path, bad);
    CAPTURE(at);
    // The second slot has the newer one.
    REQUIRE(place.anchor.read() == mark(at >= second ? 1 : 2));
  }
}

TEST_CASE("an anchor without a whole slot is damaged, until a mark is forced", "[anchor]") {
  Place place;
  place.anchor.advance(mark(7));
  const std::string good = bytes_of(place.path);
  std::string bad = good;
  SECTION("both slots") {
    bad[20] ^= 1;
    bad[second + 20] ^= 1;
  }
  SECTION("cut off") { bad = good.substr(0, slot - 1); }
  SECTION("empty") { bad.clear(); }
  put_bytes(place.path, bad);
  CHECK(fails_with(Code::integrity, [&] { (void)place.anchor.read(); }));
  CHECK(fails_with(Code::integrity, [&] { place.anchor.advance(mark(8)); }));
  CHECK(bytes_of(place.path) == bad);
  place.anchor.force(mark(3));
  CHECK(place.anchor.read() == mark(3));
  place.anchor.advance(mark(4));
  CHECK(place.anchor.read() == mark(4));
}

TEST_CASE("an anchor that is no regular file is refused", "[anchor]") {
  Place place;
  place.anchor.advance(mark(1));
  std::filesystem::remove(place.path);
  std::filesystem::create_symlink("/etc/passwd", place.path);
  CHECK(fails_with(Code::configuration, [&] { (void)place.anchor.read(); }));
  CHECK(fails_with(Code::configuration, [&] { place.anchor.advance(mark(2)); }));
}

TEST_CASE("an anchor that many processes advance never goes back", "[anchor]") {
  Place place;
  constexpr std::uint64_t steps = 3000;
  const auto writer = [&](std::uint64_t offset) {
    return [&place, offset] {
      Anchor own(place.path);
      for (std::uint64_t i = 1; i <= steps; ++i) own.advance(mark(i * 4 + offset));
    };
  };
  Child a(writer(0));
  Child b(writer(1));
  Child c(writer(2));
  Child killed([&] {
    for (std::uint64_t i = 1;; ++i) Anchor(place.path).advance(mark(i % (steps * 4)));
  });
  std::uint64_t last = 0;
  while (last < steps * 2) {
    const auto read = place.anchor.read();
    if (!read) continue;
    REQUIRE(*read == mark(read->number));
    REQUIRE(read->number >= last);
    last = read->number;
  }
  killed.kill();
  CHECK(a.wait());
  CHECK(b.wait());
  CHECK(c.wait());
  CHECK(place.anchor.read() == mark(steps * 4 + 2));
}

TEST_CASE("of several who make the anchor the highest mark remains", "[anchor]") {
  for (int round = 0; round < 20; ++round) {
    Place place;
    std::vector<std::thread> threads;
    for (std::uint64_t number = 1; number <= 4; ++number)
      threads.emplace_back([&place, number] { Anchor(place.path).advance(mark(number)); });
    for (auto& thread : threads) thread.join();
    REQUIRE(place.anchor.read() == mark(4));
  }
}
