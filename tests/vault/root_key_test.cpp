#include "vault/root_key.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <fstream>
#include <sys/stat.h>
#include <unistd.h>

using namespace cred;
using namespace cred::vault;

namespace {

struct KeyFile {
  test::TemporaryDirectory directory;
  std::string path = directory / "root.key";
  std::string url = "file:" + path;
  void write(std::size_t size, mode_t mode) const {
    std::ofstream(path) << std::string(size, 'k');
    REQUIRE(chmod(path.c_str(), mode) == 0);
  }
};

}  // namespace

TEST_CASE("a root key is created with mode 0400 and loads again") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  struct stat status {};
  REQUIRE(stat(key.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0400);
  CHECK(load_root_key(key.url)->equals(*load_root_key(key.url)));
  CHECK(std::distance(std::filesystem::directory_iterator(key.directory / "."), {}) == 1);
}

TEST_CASE("an existing root key is never replaced") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  const auto before = load_root_key(key.url);
  CHECK(create_root_key(key.url).error().code == Code::conflict);
  CHECK(load_root_key(key.url)->equals(*before));
}

TEST_CASE("two root keys differ") {
  KeyFile a;
  KeyFile b;
  REQUIRE(create_root_key(a.url));
  REQUIRE(create_root_key(b.url));
  CHECK_FALSE(load_root_key(a.url)->equals(*load_root_key(b.url)));
}

TEST_CASE("a root key that others can read is refused") {
  KeyFile key;
  const mode_t mode = GENERATE(0440, 0404, 0420, 0644, 0666);
  key.write(32, mode);
  const auto loaded = load_root_key(key.url);
  REQUIRE_FALSE(loaded);
  CHECK(loaded.error().code == Code::configuration);
  CHECK(loaded.error().message.find(key.path) != std::string::npos);
}

TEST_CASE("a root key of another length is refused") {
  KeyFile key;
  key.write(GENERATE(0, 31, 33, 64), 0400);
  CHECK(load_root_key(key.url).error().code == Code::configuration);
}

TEST_CASE("a missing root key is unavailable") {
  KeyFile key;
  CHECK(load_root_key(key.url).error().code == Code::unavailable);
}

TEST_CASE("a root key that is no regular file is refused") {
  KeyFile key;
  SECTION("a directory") { REQUIRE(mkdir(key.path.c_str(), 0700) == 0); }
  SECTION("a fifo") { REQUIRE(mkfifo(key.path.c_str(), 0400) == 0); }
  SECTION("a symbolic link") { REQUIRE(symlink("/dev/zero", key.path.c_str()) == 0); }
  CHECK(load_root_key(key.url).error().code == Code::configuration);
}

TEST_CASE("a key URL of another kind is refused") {
  CHECK(load_root_key("root.key").error().code == Code::configuration);
  CHECK(load_root_key("file:root.key").error().code == Code::configuration);
}
