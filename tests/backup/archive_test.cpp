#include "backup/archive.hpp"

#include "support/failures.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <iostream>
#include <sodium.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace cred;
using namespace cred::backup;
using cred::test::code_of;

namespace {

using Item = std::vector<std::byte>;

constexpr std::size_t part = 256U * 1024;

Secret key_of(unsigned char fill = 7) {
  Secret key(32);
  std::memset(key.writable().data(), fill, key.size());
  return key;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

// Different for each number, so that an item in another's place shows.
Item item_of(std::size_t number, std::size_t size) {
  Item item(size);
  for (std::size_t i = 0; i < size; ++i)
    item[i] = static_cast<std::byte>((number * 31 + i * 7 + (i >> 8)) & 0xff);
  return item;
}

std::string read_whole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

void write_whole(const std::string& path, std::string_view text) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << text;
}

ArchiveSum write_archive(const std::string& path, const std::vector<Item>& items,
                         const Secret& key) {
  ArchiveWriter writer(path, bytes_of("wrapped"), key);
  for (const auto& item : items) writer.add(item);
  return writer.finish();
}

std::vector<Item> read_archive(const std::string& path, const Secret& key) {
  ArchiveReader reader(path);
  reader.begin(key);
  std::vector<Item> items;
  while (const auto item = reader.next()) items.emplace_back(item->begin(), item->end());
  return items;
}

// The error that reading ends in; accepted if it ends in none.
Error error_of(const std::string& path, const Secret& key) {
  try {
    ArchiveReader reader(path);
    reader.begin(key);
    while (reader.next()) {}
    return {Code::accepted, ""};
  } catch (const Failure& failure) {
    return failure.error();
  }
}

std::uint32_t length_at(const std::string& text, std::size_t at) {
  std::uint32_t length = 0;
  for (std::size_t i = 0; i < 4; ++i)
    length = length << 8 | static_cast<unsigned char>(text.at(at + i));
  return length;
}

// Where the parts of an archive with the wrapped key "wrapped" lie.
std::vector<std::pair<std::size_t, std::size_t>> parts_of(const std::string& text) {
  std::vector<std::pair<std::size_t, std::size_t>> parts;
  for (std::size_t at = 16 + 7 + 24; at < text.size();) {
    const std::size_t size = 4 + length_at(text, at);
    parts.emplace_back(at, size);
    at += size;
  }
  return parts;
}

// What only a holder of the key can make: parts with any content, behind seals that hold.
std::string forged(const std::vector<std::string>& parts, const Secret& key, unsigned char middle) {
  const std::string header("CREDBKUP\0\0\0\1\0\0\0\0", 16);
  const auto* bound = reinterpret_cast<const unsigned char*>(header.data());
  crypto_secretstream_xchacha20poly1305_state state;
  unsigned char stream[crypto_secretstream_xchacha20poly1305_HEADERBYTES];
  (void)crypto_secretstream_xchacha20poly1305_init_push(&state, stream, key.uchars());
  std::string text = header + std::string(reinterpret_cast<const char*>(stream), sizeof stream);
  for (std::size_t i = 0; i < parts.size(); ++i) {
    std::string sealed(parts[i].size() + crypto_secretstream_xchacha20poly1305_ABYTES, '\0');
    (void)crypto_secretstream_xchacha20poly1305_push(
        &state, reinterpret_cast<unsigned char*>(sealed.data()), nullptr,
        reinterpret_cast<const unsigned char*>(parts[i].data()), parts[i].size(), bound,
        i == 0 ? header.size() : 0,
        i + 1 == parts.size() ? crypto_secretstream_xchacha20poly1305_TAG_FINAL : middle);
    for (const int shift : {24, 16, 8, 0}) text += static_cast<char>(sealed.size() >> shift & 0xff);
    text += sealed;
  }
  return text;
}

struct Place {
  test::TemporaryDirectory directory;
  std::string path = directory / "a.backup";
  Secret key = key_of();
  std::size_t files() const {
    return static_cast<std::size_t>(
        std::distance(std::filesystem::directory_iterator(directory / "."), {}));
  }
};

}  // namespace

TEST_CASE("an archive of 100,000 items gives them back in order") {
  Place place;
  ArchiveWriter writer(place.path, bytes_of("wrapped"), place.key);
  for (std::size_t i = 0; i < 100'000; ++i) writer.add(item_of(i, i % 700));
  const auto written = writer.finish();
  ArchiveReader reader(place.path);
  CHECK(std::ranges::equal(reader.wrapped_key(), bytes_of("wrapped")));
  reader.begin(place.key);
  std::size_t same = 0;
  for (std::size_t i = 0; i < 100'000; ++i) {
    const auto item = reader.next();
    REQUIRE(item);
    if (std::ranges::equal(*item, item_of(i, i % 700))) ++same;
  }
  CHECK(same == 100'000);
  CHECK_FALSE(reader.next());
  CHECK_FALSE(reader.next());
  CHECK(reader.sum().bytes == written.bytes);
  CHECK(reader.sum().digest == written.digest);
}

TEST_CASE("the sum that writing gives is that of the file") {
  Place place;
  const auto written = write_archive(place.path, {item_of(1, 10), item_of(2, part)}, place.key);
  CHECK(written.bytes == std::filesystem::file_size(place.path));
  CHECK(written.digest.size() == 64);
  const auto sum = sum_of(place.path);
  CHECK(sum.bytes == written.bytes);
  CHECK(sum.digest == written.digest);
}

TEST_CASE("the digest is BLAKE2b-256") {
  Place place;
  write_whole(place.path, "abc");
  CHECK(sum_of(place.path).digest ==
        "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319");
}

TEST_CASE("an archive may be without items, and an item without bytes") {
  Place place;
  const std::vector<Item> items =
      GENERATE(std::vector<Item>{}, std::vector<Item>{Item{}}, std::vector<Item>{Item{}, Item{}});
  write_archive(place.path, items, place.key);
  CHECK(read_archive(place.path, place.key) == items);
}

TEST_CASE("items lie across the borders of parts") {
  Place place;
  // The first item puts each byte of the second's length, and its content, at a border.
  for (std::size_t before = part - 14; before <= part + 2; ++before) {
    const std::vector<Item> items{item_of(1, before - 4), item_of(2, 5), item_of(3, 3 * part),
                                  item_of(4, 0)};
    write_archive(place.path, items, place.key);
    CHECK(read_archive(place.path, place.key) == items);
    std::filesystem::remove(place.path);
  }
}

TEST_CASE("an archive may end exactly at the border of a part") {
  Place place;
  const std::vector<Item> items{item_of(1, 2 * part - 4)};
  write_archive(place.path, items, place.key);
  CHECK(parts_of(read_whole(place.path)).size() == 2);
  CHECK(read_archive(place.path, place.key) == items);
}

TEST_CASE("the largest item is kept, and a larger one is refused") {
  Place place;
  ArchiveWriter writer(place.path, {}, place.key);
  const Item largest = item_of(3, max_item_bytes);
  writer.add(largest);
  CHECK(code_of([&] { writer.add(Item(max_item_bytes + 1)); }) == Code::usage);
  (void)writer.finish();
  CHECK(read_archive(place.path, place.key) == std::vector<Item>{largest});
}

TEST_CASE("every changed byte of an archive is noticed") {
  Place place;
  write_archive(place.path, {item_of(1, 30), item_of(2, 50)}, place.key);
  const std::string whole = read_whole(place.path);
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (const char change : {'\x01', '\x80', '\xff'}) {
      std::string text = whole;
      text[at] = static_cast<char>(text[at] ^ change);
      write_whole(place.path, text);
      const Error error = error_of(place.path, place.key);
      INFO("byte " << at);
      CHECK(error.code == Code::integrity);
      CHECK(error.message.find(place.path) != std::string::npos);
    }
}

TEST_CASE("an archive that was cut at any length is noticed") {
  Place place;
  write_archive(place.path, {item_of(1, 30), item_of(2, 50)}, place.key);
  const std::string whole = read_whole(place.path);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    write_whole(place.path, whole.substr(0, size));
    INFO("cut to " << size);
    CHECK(error_of(place.path, place.key).code == Code::integrity);
  }
}

TEST_CASE("an archive without its last part is noticed") {
  Place place;
  write_archive(place.path, {item_of(1, 3 * part)}, place.key);
  const std::string whole = read_whole(place.path);
  for (const auto& [at, size] : parts_of(whole)) {
    write_whole(place.path, whole.substr(0, at));
    CHECK(error_of(place.path, place.key).code == Code::integrity);
  }
}

TEST_CASE("an archive with bytes after its end is noticed") {
  Place place;
  write_archive(place.path, {item_of(1, 30)}, place.key);
  const std::string whole = read_whole(place.path);
  const std::string more =
      GENERATE(std::string(1, '\0'), std::string("more"), std::string(300, 'x'));
  write_whole(place.path, whole + more);
  const Error error = error_of(place.path, place.key);
  CHECK(error.code == Code::integrity);
  CHECK(error.message.find("after its end") != std::string::npos);
}

TEST_CASE("parts that were exchanged, doubled, left out or brought from elsewhere are noticed") {
  Place place;
  std::vector<Item> items;
  for (std::size_t i = 0; i < 4; ++i) items.push_back(item_of(i, part - 4));
  write_archive(place.path, items, place.key);
  const std::string whole = read_whole(place.path);
  const auto parts = parts_of(whole);
  REQUIRE(parts.size() == 4);
  const auto text_of = [&](std::size_t i) { return whole.substr(parts[i].first, parts[i].second); };
  const std::string head = whole.substr(0, parts[0].first);
  const std::string other_path = place.directory / "b.backup";
  write_archive(other_path, items, place.key);
  const std::string other = read_whole(other_path);
  const std::string changed = GENERATE_COPY(
      head + text_of(0) + text_of(2) + text_of(1) + text_of(3),
      head + text_of(1) + text_of(0) + text_of(2) + text_of(3),
      head + text_of(0) + text_of(0) + text_of(1) + text_of(2) + text_of(3),
      head + text_of(0) + text_of(2) + text_of(3), head + text_of(1) + text_of(2) + text_of(3),
      head + text_of(0) + text_of(1) + text_of(3), head + text_of(3),
      head + text_of(0) + other.substr(parts[1].first));
  write_whole(place.path, changed);
  CHECK(error_of(place.path, place.key).code == Code::integrity);
}

TEST_CASE("what is wrong behind seals that hold is noticed") {
  Place place;
  constexpr unsigned char message = crypto_secretstream_xchacha20poly1305_TAG_MESSAGE;
  constexpr unsigned char push = crypto_secretstream_xchacha20poly1305_TAG_PUSH;
  constexpr unsigned char rekey = crypto_secretstream_xchacha20poly1305_TAG_REKEY;
  const std::string item("\0\0\0\3abc", 7);
  const std::string full = std::string("\0\3\xff\xfc", 4) + std::string(part - 4, 'x');
  struct Case {
    std::vector<std::string> parts;
    unsigned char middle;
    const char* said;
  };
  const auto tried = GENERATE_COPY(
      Case{{full, item}, message, ""},
      // Longer than any item, longer than what is left of the file.
      Case{{std::string("\2\0\0\1", 4)}, message, "impossible length"},
      Case{{std::string("\xff\xff\xff\xff", 4) + "abc"}, message, "impossible length"},
      Case{{std::string("\0\0\0\4", 4) + "abc"}, message, "impossible length"},
      Case{{std::string("\1\0\0\0", 4) + std::string(part - 4, 'x'), item},
           message,
           "impossible length"},
      Case{{full, std::string("\0\0\0", 3)}, message, "length of an item"},
      Case{{item, item}, message, "in its middle"}, Case{{"", item}, message, "in its middle"},
      Case{{full, item}, push, "in its middle"}, Case{{full, item}, rekey, "in its middle"},
      Case{{full + "x", item}, message, "part of impossible length"});
  write_whole(place.path, forged(tried.parts, place.key, tried.middle));
  const Error error = error_of(place.path, place.key);
  INFO(error.message);
  CHECK(error.code == (*tried.said == 0 ? Code::accepted : Code::integrity));
  CHECK(error.message.find(tried.said) != std::string::npos);
}

TEST_CASE("a wrong key shows before the first item") {
  Place place;
  write_archive(place.path, {item_of(1, 30)}, place.key);
  ArchiveReader reader(place.path);
  CHECK(code_of([&] { reader.begin(key_of(8)); }) == Code::integrity);
  CHECK(code_of([&] { (void)reader.next(); }) == Code::integrity);
  CHECK(error_of(place.path, key_of(8)).message.find("its key is another one") !=
        std::string::npos);
}

TEST_CASE("a wrapped key that was exchanged does not open the archive") {
  Place place;
  write_archive(place.path, {item_of(1, 30)}, place.key);
  std::string text = read_whole(place.path);
  text.replace(text.find("wrapped"), 7, "another");
  write_whole(place.path, text);
  CHECK(error_of(place.path, place.key).code == Code::integrity);
}

TEST_CASE("a reader that failed goes on failing") {
  Place place;
  write_archive(place.path, {item_of(1, part), item_of(2, part), item_of(3, part)}, place.key);
  std::string text = read_whole(place.path);
  text[parts_of(text).at(1).first + 100] ^= 1;
  write_whole(place.path, text);
  ArchiveReader reader(place.path);
  reader.begin(place.key);
  for (int i = 0; i < 4; ++i) CHECK(code_of([&] { (void)reader.next(); }) == Code::integrity);
}

TEST_CASE("an archive of another format is named as such") {
  Place place;
  write_archive(place.path, {}, place.key);
  std::string text = read_whole(place.path);
  text[11] = 2;
  write_whole(place.path, text);
  CHECK(error_of(place.path, place.key).message.find("format 2") != std::string::npos);
}

TEST_CASE("an archive that is not there or no file is refused with what is wrong") {
  Place place;
  CHECK(error_of(place.path, place.key).code == Code::not_found);
  REQUIRE(mkfifo(place.path.c_str(), 0600) == 0);
  CHECK(error_of(place.path, place.key).code == Code::configuration);
}

TEST_CASE("there is no archive before it is finished, and nothing is left without finish") {
  Place place;
  {
    ArchiveWriter writer(place.path, {}, place.key);
    writer.add(item_of(1, 3 * part));
    CHECK_FALSE(std::filesystem::exists(place.path));
    CHECK(std::filesystem::exists(place.path + ".part"));
  }
  CHECK(place.files() == 0);
}

TEST_CASE("an archive can be read by its owner alone") {
  Place place;
  const auto before = umask(0);
  write_archive(place.path, {}, place.key);
  (void)umask(before);
  struct stat status {};
  REQUIRE(stat(place.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
}

TEST_CASE("root's archive in another user's directory belongs to that user") {
  if (geteuid() != 0) return;
  Place place;
  REQUIRE(chown((place.directory / "").c_str(), 4321, 4322) == 0);
  write_archive(place.path, {}, place.key);
  struct stat status {};
  REQUIRE(stat(place.path.c_str(), &status) == 0);
  CHECK(status.st_uid == 4321);
  CHECK(status.st_gid == 4322);
}

TEST_CASE("a killed writer leaves no archive, and the next one replaces what it left") {
  Place place;
  int ready[2];
  REQUIRE(pipe(ready) == 0);
  const pid_t child = fork();
  REQUIRE(child >= 0);
  if (child == 0) {
    try {
      ArchiveWriter writer(place.path, {}, place.key);
      writer.add(item_of(1, 3 * part));
      (void)!write(ready[1], "r", 1);
      for (;;) pause();
    } catch (...) {
      _exit(1);
    }
  }
  (void)close(ready[1]);
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  (void)close(ready[0]);
  // While it lives, nobody else writes there.
  const Code meanwhile = code_of([&] { ArchiveWriter(place.path, {}, place.key); });
  const bool kept = std::filesystem::exists(place.path + ".part");
  REQUIRE(kill(child, SIGKILL) == 0);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  CHECK(meanwhile == Code::conflict);
  CHECK(kept);
  CHECK_FALSE(std::filesystem::exists(place.path));
  CHECK(std::filesystem::exists(place.path + ".part"));
  write_archive(place.path, {item_of(2, 10)}, place.key);
  CHECK(read_archive(place.path, place.key) == std::vector<Item>{item_of(2, 10)});
  CHECK(place.files() == 1);
}

TEST_CASE("an archive that exists is never replaced") {
  Place place;
  SECTION("before the beginning") {
    write_whole(place.path, "kept");
    CHECK(code_of([&] { ArchiveWriter(place.path, {}, place.key); }) == Code::conflict);
  }
  SECTION("meanwhile") {
    ArchiveWriter writer(place.path, {}, place.key);
    write_whole(place.path, "kept");
    CHECK(code_of([&] { (void)writer.finish(); }) == Code::conflict);
  }
  CHECK(read_whole(place.path) == "kept");
  CHECK_FALSE(std::filesystem::exists(place.path + ".part"));
}

TEST_CASE("a link in the place of the unfinished file is not followed") {
  Place place;
  write_whole(place.directory / "victim", "kept");
  std::filesystem::create_symlink(place.directory / "victim", place.path + ".part");
  CHECK(code_of([&] { ArchiveWriter(place.path, {}, place.key); }) == Code::configuration);
  CHECK(read_whole(place.directory / "victim") == "kept");
}

TEST_CASE("a full disk ends writing with an error that names the file") {
  // Where a quota of one's own is the limit on file sizes.
  Place place;
  struct rlimit before {};
  REQUIRE(getrlimit(RLIMIT_FSIZE, &before) == 0);
  struct rlimit small = before;
  small.rlim_cur = part;
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  REQUIRE(setrlimit(RLIMIT_FSIZE, &small) == 0);
  Error error;
  try {
    write_archive(place.path, {item_of(1, 3 * part)}, place.key);
  } catch (const Failure& failure) {
    error = failure.error();
  }
  REQUIRE(setrlimit(RLIMIT_FSIZE, &before) == 0);
  (void)std::signal(SIGXFSZ, handler);
  CHECK(error.code == Code::unavailable);
  CHECK(error.message.find(place.path) != std::string::npos);
  CHECK(place.files() == 0);
}

TEST_CASE("the misuse of an archive is an error") {
  Place place;
  CHECK(code_of([&] { ArchiveWriter(place.path, {}, Secret(31)); }) == Code::internal);
  CHECK(code_of([&] {
          ArchiveWriter(place.path, std::vector<std::byte>(max_wrapped_key_bytes + 1), place.key);
        }) == Code::internal);
  CHECK(place.files() == 0);
  write_archive(place.path, {}, place.key);
  ArchiveReader reader(place.path);
  CHECK(code_of([&] { (void)reader.next(); }) == Code::internal);
  CHECK(code_of([&] { (void)reader.sum(); }) == Code::internal);
  reader.begin(place.key);
  CHECK(code_of([&] { reader.begin(place.key); }) == Code::internal);
}

TEST_CASE("archive speed", "[.bench]") {
  Place place;
  if (const char* directory = std::getenv("CRED_BENCH_DIRECTORY"))
    place.path = std::string(directory) + "/bench.backup";
  const Item item = item_of(1, 1000);
  using Clock = std::chrono::steady_clock;
  const auto rate = [](Clock::time_point from, std::uint64_t bytes) {
    return static_cast<double>(bytes) / 1e6 /
           std::chrono::duration<double>(Clock::now() - from).count();
  };
  auto from = Clock::now();
  ArchiveWriter writer(place.path, {}, place.key);
  for (int i = 0; i < 1'000'000; ++i) writer.add(item);
  std::cout << "sealed and written: " << rate(from, 1'004'000'000) << " MB/s\n";
  const auto sum = writer.finish();
  std::cout << "on disk: " << rate(from, sum.bytes) << " MB/s\n";
  from = Clock::now();
  ArchiveReader reader(place.path);
  reader.begin(place.key);
  std::size_t items = 0;
  while (reader.next()) ++items;
  std::cout << "read: " << rate(from, sum.bytes) << " MB/s\n";
  CHECK(items == 1'000'000);
  from = Clock::now();
  CHECK(sum_of(place.path).digest == sum.digest);
  std::cout << "summed: " << rate(from, sum.bytes) << " MB/s\n";
  (void)unlink(place.path.c_str());
}
