#include "backup/manifest.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <cstring>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sys/stat.h>

using namespace cred;
using namespace cred::backup;

namespace {

Secret seed_of(unsigned char fill = 3) {
  Secret seed(32);
  std::memset(seed.writable().data(), fill, seed.size());
  return seed;
}

Manifest example() {
  Manifest manifest;
  manifest.created = Time(std::chrono::milliseconds(1'795'568'523'045));
  manifest.root_key_id = "5f0c1a2b3c4d5e6f";
  manifest.software = "libcred 1.0.0";
  manifest.archive = "cred-20261125T010203Z.backup";
  manifest.bytes = 123'456;
  manifest.digest = std::string(64, 'a');
  manifest.realms = {
      {"0b0e7b3e-3a52-4f9b-8a3e-1f2d3c4b5a69", "system", 3, 14, 1, 14, 15, "c0ffee",
       Time(std::chrono::milliseconds(1'795'568'500'000))},
      {"1b0e7b3e-3a52-4f9b-8a3e-1f2d3c4b5a69", "m\xc3\xbchle \"1\"", 0, 0, 0, 0, 0, "", Time{}}};
  return manifest;
}

// Signed as a stranger would sign what libcred never writes.
std::string with(const std::string& from, const std::string& to) {
  std::string text = encode(example(), seed_of());
  const auto at = text.find(from);
  REQUIRE(at != std::string::npos);
  return text.replace(at, from.size(), to);
}

}  // namespace

TEST_CASE("a manifest decodes to what was encoded") {
  Manifest manifest = example();
  SECTION("as it is") {}
  SECTION("restored") { manifest.restored_from = "cred-20261101T000000Z"; }
  SECTION("without realms") { manifest.realms.clear(); }
  SECTION("with the largest number and the last time") {
    manifest.bytes = (std::uint64_t{1} << 53) - 1;
    manifest.created = Time(std::chrono::sys_days(std::chrono::year(10000) / 1 / 1)) -
                       std::chrono::milliseconds(1);
  }
  const auto decoded = decode(encode(manifest, seed_of()), public_key_of(seed_of()));
  REQUIRE(decoded);
  CHECK(decoded->manifest == manifest);
  CHECK(decoded->public_key == public_key_of(seed_of()));
}

TEST_CASE("a manifest is JSON that people can read") {
  const auto json = nlohmann::json::parse(encode(example(), seed_of()));
  CHECK(json["manifest"]["created"] == "2026-11-25T01:02:03.045Z");
  CHECK(json["manifest"]["realms"][0]["name"] == "system");
  CHECK(json["manifest"]["realms"][0]["accounts"] == 3);
}

TEST_CASE("every changed byte of a manifest is noticed") {
  const std::string whole = encode(example(), seed_of());
  for (std::size_t at = 0; at < whole.size(); ++at)
    for (int value = 0; value < 256; ++value) {
      std::string text = whole;
      text[at] = static_cast<char>(value);
      if (text == whole) continue;
      const auto decoded = decode(text);
      if (decoded || decoded.error().code != Code::integrity)
        FAIL("byte " << at << " as " << value);
    }
}

TEST_CASE("a manifest that was cut or extended is noticed") {
  const std::string whole = encode(example(), seed_of());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    INFO("cut to " << size);
    CHECK_FALSE(decode(whole.substr(0, size)));
  }
  for (const char* more : {" ", "\n", "{}", "x"}) CHECK_FALSE(decode(whole + more));
}

TEST_CASE("a manifest that another key signed is refused where one is expected") {
  const std::string text = encode(example(), seed_of(4));
  CHECK(decode(text));
  const auto decoded = decode(text, public_key_of(seed_of(3)));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Code::integrity);
  CHECK(decoded.error().message.find("another key") != std::string::npos);
}

TEST_CASE("a public key that was exchanged does not verify") {
  const auto hex = [](const std::string& text) {
    return nlohmann::json::parse(text)["public_key"].get<std::string>();
  };
  std::string text = encode(example(), seed_of(3));
  const std::string other = hex(encode(example(), seed_of(4)));
  text.replace(text.find(hex(text)), other.size(), other);
  CHECK_FALSE(decode(text));
}

TEST_CASE("what is wrong with a manifest is said") {
  struct Case {
    const char* from;
    const char* to;
    const char* said;
  };
  const auto tried =
      GENERATE(Case{"\"version\": 1", "\"version\": 2", "\"version\""},
               Case{"\"version\": 1", "\"version\": \"1\"", "\"version\""},
               Case{"libcred backup", "another backup", "no manifest"},
               Case{"\"bytes\": 123456", "\"bytes\": -1", "\"bytes\""},
               Case{"\"bytes\": 123456", "\"bytes\": 1.5", "\"bytes\""},
               Case{"\"bytes\": 123456", "\"bytes\": 9007199254740992", "\"bytes\""},
               Case{"\"bytes\": 123456", "\"bytes\": 99999999999999999999999", "\"bytes\""},
               Case{"\"bytes\": 123456", "\"bytes\": null", "\"bytes\""},
               Case{"\"bytes\": 123456,", "", "lacks \"bytes\""},
               Case{"\"bytes\": 123456", "\"bytes\": 123456, \"more\": 1", "not known"},
               Case{"\"accounts\": 3", "\"accounts\": true", "\"accounts\""},
               Case{"\"accounts\": 3,", "", "lacks \"accounts\""},
               Case{"\"accounts\": 3", "\"accounts\": 3, \"more\": 1", "not known"},
               Case{"\"software\": \"libcred 1.0.0\"", "\"software\": []", "\"software\""},
               Case{"libcred 1.0.0", "libcred\\n1.0.0", "\"software\""},
               Case{"2026-11-25T", "2026-02-30T", "\"created\""},
               Case{"T01:02:03.045Z", "T24:02:03.045Z", "\"created\""},
               Case{"T01:02:03.045Z", "T01:02:03Z", "\"created\""},
               Case{"cred-20261125T010203Z.backup", "../cred.backup", "\"archive\""},
               Case{"cred-20261125T010203Z.backup", ".", "\"archive\""},
               Case{"cred-20261125T010203Z.backup", "", "\"archive\""},
               Case{"\"digest\": \"aa", "\"digest\": \"AA", "\"digest\""},
               Case{"\"digest\": \"aa", "\"digest\": \"a", "\"digest\""},
               Case{"c0ffee", "coffee", "\"digest\""}, Case{"0b0e7b3e-", "0b0e7b3e0", "\"id\""},
               Case{"1b0e7b3e-", "0b0e7b3e-", "twice"}, Case{"\"system\"", "\"\"", "\"name\""},
               Case{"\"accounts\": 3", "\"accounts\": [[[[[[1]]]]]]", "nested"},
               Case{"\"public_key\": \"", "\"public_key\": \"0", "\"public_key\""},
               Case{"\"signature\"", "\"signed\"", "lacks \"signature\""},
               Case{"\"accounts\": 3", "\"accounts\": 4", "signature"},
               Case{"\"accounts\": 3", "\"accounts\":  3", "laid out"},
               Case{"\"accounts\": 3", "\"accounts\": 3, \"accounts\": 3", "laid out"},
               Case{"system", "s\\u0079stem", "laid out"}, Case{"system", "s\xffstem", "not JSON"});
  INFO(tried.to);
  const auto decoded = decode(with(tried.from, tried.to));
  REQUIRE_FALSE(decoded);
  CHECK(decoded.error().code == Code::integrity);
  INFO(decoded.error().message);
  CHECK(decoded.error().message.find(tried.said) != std::string::npos);
}

TEST_CASE("what is no manifest at all is refused") {
  for (const std::string& text :
       {std::string(), std::string("{}"), std::string("[]"), std::string("null"),
        std::string("{\"manifest\": 1, \"public_key\": 2, \"signature\": 3}"),
        std::string(1'000'000, '['), std::string(max_manifest_bytes + 1, ' ')}) {
    const auto decoded = decode(text);
    REQUIRE_FALSE(decoded);
    CHECK(decoded.error().code == Code::integrity);
  }
}

TEST_CASE("a manifest that could not be read back is not written") {
  Manifest manifest = example();
  SECTION("number") { manifest.bytes = std::uint64_t{1} << 53; }
  SECTION("time") { manifest.created = Time(std::chrono::milliseconds(-1)); }
  SECTION("path") { manifest.archive = "a/b"; }
  SECTION("control character") { manifest.software = "a\nb"; }
  SECTION("not UTF-8") { manifest.software = "\xff"; }
  SECTION("digest") { manifest.digest.pop_back(); }
  SECTION("realm") { manifest.realms[1].id = manifest.realms[0].id; }
  try {
    (void)encode(manifest, seed_of());
    FAIL("it was encoded");
  } catch (const Failure& failure) {
    CHECK(failure.error().code == Code::internal);
  }
}

TEST_CASE("a manifest is written whole, for its owner alone, and replaced whole") {
  test::TemporaryDirectory directory;
  const std::string path = directory / "a.json";
  write_manifest(path, example(), seed_of());
  Manifest second = example();
  second.software = "libcred 1.0.1";
  write_manifest(path, second, seed_of());
  const auto read = read_manifest(path, public_key_of(seed_of()));
  REQUIRE(read);
  CHECK(read->manifest == second);
  struct stat status {};
  REQUIRE(stat(path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0600);
  CHECK(std::distance(std::filesystem::directory_iterator(directory / "."), {}) == 1);
}

TEST_CASE("reading a manifest names the file that is missing or wrong") {
  test::TemporaryDirectory directory;
  const std::string path = directory / "a.json";
  CHECK(read_manifest(path).error().code == Code::not_found);
  std::ofstream(path) << "no JSON";
  const auto read = read_manifest(path);
  CHECK(read.error().code == Code::integrity);
  CHECK(read.error().message.find(path) != std::string::npos);
}
