#include "journal/entries.hpp"
#include "journal/segment.hpp"

using namespace cred;
using namespace cred::journal;
using namespace cred::test;

namespace {

// Segments that begin with 1, 4 and 7; the last one has entries 7 to 9.
struct ThreeSegments {
  ThreeSegments() {
    for (std::uint64_t number = 1; number <= 9; ++number)
      journal.lock().append({{entry(number, 1, morning + std::chrono::days((number - 1) / 3))}});
  }
  std::string segment(std::uint64_t first) const { return path + '/' + segment_name(first); }
  std::uint64_t last_read() const {
    std::uint64_t last = 0;
    journal.read(0, [&](const Entry& e) {
      last = e.number;
      return true;
    });
    return last;
  }
  bool damaged() const {
    return fails_with(Code::integrity, [&] { (void)last_read(); });
  }
  // Where the last entry begins.
  std::size_t last_entry() const {
    return bytes_of(segment(7)).size() - static_cast<std::size_t>(frame_bytes(entry(9)));
  }

  TemporaryDirectory directory;
  std::string path = directory / "journal";
  Journal journal{path, journal_realm};
};

}  // namespace

TEST_CASE("any changed byte of a journal is noticed but in the last entry's own bytes",
          "[journal]") {
  ThreeSegments three;
  REQUIRE(three.last_read() == 9);
  const std::uint64_t first = GENERATE(4, 7);
  const std::string good = bytes_of(three.segment(first));
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ (at % 2 == 0 ? 1 : 0x80));
    put_bytes(three.segment(first), bad);
    CAPTURE(first, at);
    // A checksum that is wrong at the very end is what a power cut leaves.
    if (first == 7 && at >= three.last_entry() + frame_head_bytes)
      REQUIRE(three.last_read() == 8);
    else
      REQUIRE(three.damaged());
  }
}

TEST_CASE("a journal that is damaged is not appended to", "[journal]") {
  ThreeSegments three;
  std::string bad = bytes_of(three.segment(7));
  bad[header_bytes + 30] ^= 1;
  put_bytes(three.segment(7), bad);
  Journal other(three.path, journal_realm);
  CHECK(fails_with(Code::integrity, [&] { other.lock().append(entries(10, 10)); }));
  CHECK(bytes_of(three.segment(7)) == bad);
}

TEST_CASE("an entry of the journal that was cut off anywhere is dropped, and its number given anew",
          "[journal]") {
  ThreeSegments three;
  const std::string good = bytes_of(three.segment(7));
  for (std::size_t size = three.last_entry(); size < good.size(); ++size) {
    CAPTURE(size);
    put_bytes(three.segment(7), good.substr(0, size));
    REQUIRE(three.last_read() == 8);
    Journal other(three.path, journal_realm);
    const Journal& either = size % 2 == 0 ? three.journal : other;
    REQUIRE(const_cast<Journal&>(either).lock().last() == 8);
    Entry again = entry(9, 2, morning + std::chrono::days(2));
    other.lock().append({&again, 1});
    const auto read = read_all(three.journal, 8);
    REQUIRE(read.size() == 1);
    REQUIRE(same(read[0], again));
  }
}

TEST_CASE("nothing of a long entry that was cut off remains behind a short one", "[journal]") {
  ThreeSegments three;
  const std::string good = bytes_of(three.segment(7));
  std::vector<std::byte> frame;
  append_frame(frame, {10, morning, std::vector<std::byte>(5000, std::byte{3})});
  put_bytes(three.segment(7), good);
  std::ofstream(three.segment(7), std::ios::binary | std::ios::app)
      .write(reinterpret_cast<const char*>(frame.data()), 4000);
  Journal other(three.path, journal_realm);
  // In the same segment, and in the next one.
  const int day = GENERATE(2, 3);
  other.lock().append({{entry(10, 1, morning + std::chrono::days(day))}});
  CHECK(three.last_read() == 10);
  CHECK(std::filesystem::file_size(three.segment(7)) ==
        good.size() + (day == 2 ? frame_bytes(entry(10)) : 0));
}

TEST_CASE("a segment of the journal whose beginning was cut off is begun anew", "[journal]") {
  ThreeSegments three;
  const std::string good = bytes_of(three.segment(7));
  for (std::size_t size = 0; size < header_bytes + frame_bytes(entry(7)); ++size) {
    CAPTURE(size);
    put_bytes(three.segment(7), good.substr(0, size));
    REQUIRE(three.last_read() == 6);
    Journal other(three.path, journal_realm);
    auto locked = other.lock();
    REQUIRE(locked.last() == 6);
    Entry again = entry(7, 2, morning + std::chrono::days(size % 2 == 0 ? 1 : 2));
    locked.append({&again, 1});
    REQUIRE(three.last_read() == 7);
    std::filesystem::remove(three.segment(7));
    if (size % 2 != 0) continue;
    // It had room in the segment before.
    put_bytes(three.segment(4), bytes_of(three.segment(4))
                                    .substr(0, bytes_of(three.segment(4)).size() -
                                                   static_cast<std::size_t>(frame_bytes(again))));
  }
}

TEST_CASE("the zeros of a file that grew before its bytes were written end the journal",
          "[journal]") {
  ThreeSegments three;
  const std::string good = bytes_of(three.segment(7));
  for (std::size_t from = three.last_entry(); from < good.size(); ++from)
    for (const std::size_t zeros : {good.size() - from, std::size_t{5000}}) {
      CAPTURE(from, zeros);
      put_bytes(three.segment(7), good.substr(0, from) + std::string(zeros, '\0'));
      REQUIRE(three.last_read() == 8);
    }
  put_bytes(three.segment(7), std::string(5000, '\0'));
  CHECK(three.last_read() == 6);
  put_bytes(three.segment(7), good.substr(0, three.last_entry()) + std::string(5000, '\0') + "x");
  CHECK(three.damaged());
}

TEST_CASE("a closed segment of the journal that was cut off anywhere is noticed", "[journal]") {
  ThreeSegments three;
  const std::string good = bytes_of(three.segment(4));
  for (std::size_t size = 0; size < good.size(); ++size) {
    put_bytes(three.segment(4), good.substr(0, size));
    CAPTURE(size);
    REQUIRE(three.damaged());
  }
}

TEST_CASE("a segment of the journal that is missing or exchanged is noticed", "[journal]") {
  ThreeSegments three;
  const std::string good = bytes_of(three.segment(4));
  SECTION("missing") { std::filesystem::remove(three.segment(4)); }
  SECTION("another one in its place") { put_bytes(three.segment(4), bytes_of(three.segment(1))); }
  SECTION("under another name") { std::filesystem::rename(three.segment(4), three.segment(5)); }
  SECTION("twice") { put_bytes(three.segment(5), good); }
  SECTION("without its last entry") {
    const auto size = good.size() - static_cast<std::size_t>(frame_bytes(entry(6)));
    put_bytes(three.segment(4), good.substr(0, size));
  }
  SECTION("its last entry twice") {
    const auto size = static_cast<std::size_t>(frame_bytes(entry(6)));
    put_bytes(three.segment(4), good + good.substr(good.size() - size));
  }
  CHECK(three.damaged());
}

TEST_CASE("a gap of the journal behind a segment of one entry is noticed", "[journal]") {
  const TemporaryDirectory directory;
  Journal journal(directory / "journal", journal_realm, 1);
  append(journal, 1, 5);
  const auto segment = [&](std::uint64_t first) {
    return directory / ("journal/" + segment_name(first));
  };
  std::filesystem::remove(segment(3));
  CHECK(fails_with(Code::integrity, [&] { (void)read_all(journal); }));
  CHECK(fails_with(Code::integrity, [&] { (void)read_all(journal, 1); }));
  std::filesystem::remove(segment(1));
  std::filesystem::remove(segment(2));
  CHECK(holds(read_all(journal), 4, 5));
}

TEST_CASE("a damaged journal says in which file and where", "[journal]") {
  ThreeSegments three;
  std::string bad = bytes_of(three.segment(4));
  bad[header_bytes + 30] ^= 1;
  put_bytes(three.segment(4), bad);
  const auto error = error_of([&] { (void)three.last_read(); });
  REQUIRE(error);
  CHECK_THAT(error->message, Catch::Contains(three.segment(4)) &&
                                 Catch::Contains("byte " + std::to_string(header_bytes)));
}

TEST_CASE("an entry of the journal that claims to be larger than any is refused", "[journal]") {
  std::vector<std::byte> bytes;
  append_header(bytes, {1, 0, false}, journal_realm);
  Entry large = entry(1);
  large.bytes.resize(largest_entry + 1);
  append_frame(bytes, large);
  SegmentReader reader(
      [&](std::uint64_t at, std::span<std::byte> into) {
        const auto count =
            std::min(into.size(), bytes.size() - std::min<std::size_t>(bytes.size(), at));
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(at), count, into.begin());
        return count;
      },
      "segment", 1, journal_realm);
  REQUIRE(reader.begin() == Step::entry);
  CHECK(reader.next(large) == Step::damaged);
}

TEST_CASE("only a segment's name is one", "[journal]") {
  CHECK(segment_number(segment_name(1)) == 1);
  CHECK(segment_number(segment_name(UINT64_MAX)) == UINT64_MAX);
  for (const char* name :
       {"00000000000000000000.log", "18446744073709551616.log", "1.log", "0000000000000000000a.log",
        "00000000000000000001.new", "lock", "00000000000000000001.log.new", ""})
    CHECK_FALSE(segment_number(name));
}
