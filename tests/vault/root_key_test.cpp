#include "vault/root_key.hpp"

#include "support/environment.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <fstream>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

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
  auto files() const {
    return std::distance(std::filesystem::directory_iterator(directory / "."), {});
  }
};

}  // namespace

TEST_CASE("a root key is created with mode 0400 and loads again") {
  KeyFile key;
  const auto created = create_root_key(key.url);
  REQUIRE(created);
  CHECK(created->equals(*load_root_key(key.url)));
  struct stat status {};
  REQUIRE(stat(key.path.c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0400);
  CHECK(load_root_key(key.url)->equals(*load_root_key(key.url)));
  CHECK(key.files() == 1);
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
  CHECK(load_root_key("passphrase:root").error().code == Code::configuration);
  CHECK(load_root_key("pkcs11:").error().code == Code::configuration);
  CHECK(load_root_key("http://key").error().code == Code::configuration);
  CHECK(load_root_key("credential:../key").error().code == Code::configuration);
}

TEST_CASE("a root key in a credential is read and cannot be created") {
  KeyFile key;
  key.write(32, 0440);
  const test::Environment set("CREDENTIALS_DIRECTORY", (key.directory / ".").c_str());
  const auto loaded = load_root_key("credential:root.key");
  REQUIRE(loaded);
  CHECK(loaded->equals(Secret::copy_of(std::string(32, 'k').data(), 32)));
  CHECK(load_root_key("credential:another.key").error().code == Code::unavailable);
  CHECK(create_root_key("credential:new.key").error().code == Code::configuration);
  CHECK(key.files() == 1);
}

TEST_CASE("a credential without systemd is unavailable") {
  const test::Environment none("CREDENTIALS_DIRECTORY", nullptr);
  CHECK(load_root_key("credential:root.key").error().code == Code::unavailable);
}

TEST_CASE("only a file has a path") {
  CHECK(root_key_path("file:/a/b") == "/a/b");
  CHECK(root_key_path("passphrase:/a/b") == "/a/b");
  CHECK(root_key_path("credential:b").empty());
  CHECK(root_key_path("pkcs11:object=b?module-path=/a/b.so").empty());
}

TEST_CASE("a successor lies beside the root key until it takes its place") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  const auto before = load_root_key(key.url);
  CHECK_FALSE(value_or_throw(load_staged_root_key(key.url)));
  REQUIRE(stage_root_key(key.url));
  struct stat status {};
  REQUIRE(stat((key.path + ".next").c_str(), &status) == 0);
  CHECK((status.st_mode & 07777) == 0400);
  CHECK(key.files() == 2);
  const auto next = value_or_throw(load_staged_root_key(key.url));
  REQUIRE(next);
  CHECK_FALSE(next->equals(*before));
  CHECK(load_root_key(key.url)->equals(*before));
  REQUIRE(promote_root_key(key.url));
  CHECK(load_root_key(key.url)->equals(*next));
  CHECK_FALSE(value_or_throw(load_staged_root_key(key.url)));
  CHECK(key.files() == 1);
}

TEST_CASE(
    "a root key that gave way is overwritten, unless somebody has a copy under another name") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  const auto before = load_root_key(key.url);
  const std::string copy = key.directory / "copy";
  const bool copied = GENERATE(false, true);
  if (copied) REQUIRE(link(key.path.c_str(), copy.c_str()) == 0);
  std::ifstream file(key.path, std::ios::binary);
  REQUIRE(stage_root_key(key.url));
  REQUIRE(promote_root_key(key.url));
  const std::string left((std::istreambuf_iterator<char>(file)), {});
  CHECK(left.size() == key_bytes);
  CHECK(Secret::copy_of(left.data(), left.size()).equals(*before) == copied);
  CHECK_FALSE(load_root_key(key.url)->equals(*before));
}

TEST_CASE("whoever reads a root key while it gives way reads the one before or the next") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  std::vector<Secret> keys;
  keys.push_back(value_or_throw(load_root_key(key.url)));
  std::atomic<bool> done{false};
  std::array<std::vector<Secret>, 3> seen;
  std::vector<std::thread> readers;
  for (auto& keys_seen : seen)
    readers.emplace_back([&] {
      while (!done) {
        auto read = load_root_key(key.url);
        if (read && (keys_seen.empty() || !keys_seen.back().equals(*read)))
          keys_seen.push_back(std::move(*read));
      }
    });
  for (int i = 0; i < 40; ++i) {
    REQUIRE(stage_root_key(key.url));
    keys.push_back(std::move(*value_or_throw(load_staged_root_key(key.url))));
    REQUIRE(promote_root_key(key.url));
  }
  done = true;
  for (auto& reader : readers) reader.join();
  const auto was_one = [&](const Secret& read) {
    return std::any_of(keys.begin(), keys.end(),
                       [&](const Secret& one) { return one.equals(read); });
  };
  for (const auto& keys_seen : seen) {
    CHECK_FALSE(keys_seen.empty());
    CHECK(std::all_of(keys_seen.begin(), keys_seen.end(), was_one));
  }
}

TEST_CASE("a successor has the owner and the group of the root key") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  const bool root = geteuid() == 0;
  if (root) REQUIRE(chown(key.path.c_str(), 0, 12345) == 0);
  REQUIRE(stage_root_key(key.url));
  struct stat status {};
  REQUIRE(stat((key.path + ".next").c_str(), &status) == 0);
  CHECK(status.st_uid == geteuid());
  CHECK(status.st_gid == (root ? 12345 : getegid()));
}

TEST_CASE("a second successor replaces the first") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  REQUIRE(stage_root_key(key.url));
  const auto first = value_or_throw(load_staged_root_key(key.url));
  REQUIRE(stage_root_key(key.url));
  CHECK_FALSE(value_or_throw(load_staged_root_key(key.url))->equals(*first));
  CHECK(key.files() == 2);
}

TEST_CASE("a discarded successor is overwritten before it is removed") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  REQUIRE(stage_root_key(key.url));
  const std::string kept = key.directory / "link";
  REQUIRE(link((key.path + ".next").c_str(), kept.c_str()) == 0);
  const auto next = value_or_throw(load_staged_root_key(key.url));
  REQUIRE(discard_staged_root_key(key.url));
  CHECK_FALSE(value_or_throw(load_staged_root_key(key.url)));
  std::ifstream file(kept, std::ios::binary);
  const std::string left((std::istreambuf_iterator<char>(file)), {});
  CHECK(left.size() == key_bytes);
  CHECK_FALSE(Secret::copy_of(left.data(), left.size()).equals(*next));
  CHECK(load_root_key(key.url));
  CHECK(discard_staged_root_key(key.url));
}

TEST_CASE("a successor without a root key, or that others can read, is refused") {
  KeyFile key;
  CHECK(stage_root_key(key.url).error().code == Code::unavailable);
  CHECK(promote_root_key(key.url).error().code == Code::not_found);
  REQUIRE(create_root_key(key.url));
  const auto before = load_root_key(key.url);
  REQUIRE(stage_root_key(key.url));
  const std::string next = key.path + ".next";
  SECTION("others can read it") { REQUIRE(chmod(next.c_str(), 0440) == 0); }
  SECTION("it is cut off") {
    REQUIRE(chmod(next.c_str(), 0600) == 0);
    REQUIRE(truncate(next.c_str(), 31) == 0);
  }
  CHECK(load_staged_root_key(key.url).error().code == Code::configuration);
  CHECK(promote_root_key(key.url).error().code == Code::configuration);
  CHECK(load_root_key(key.url)->equals(*before));
}

TEST_CASE("a link in the successor's place is not followed") {
  KeyFile key;
  REQUIRE(create_root_key(key.url));
  const std::string other = key.directory / "other";
  std::ofstream(other) << "precious";
  REQUIRE(symlink(other.c_str(), (key.path + ".next").c_str()) == 0);
  CHECK(stage_root_key(key.url).error().code == Code::configuration);
  CHECK(discard_staged_root_key(key.url).error().code == Code::configuration);
  std::ifstream file(other);
  CHECK(std::string((std::istreambuf_iterator<char>(file)), {}) == "precious");
}

TEST_CASE("keys that are no file have no successor beside them") {
  const std::string url = GENERATE("passphrase:/x/root", "credential:root.key", "pkcs11:object=x");
  const auto staged = stage_root_key(url);
  REQUIRE_FALSE(staged);
  CHECK(staged.error().code == Code::usage);
  CHECK(staged.error().message.find("key rotate --to") != std::string::npos);
  CHECK(promote_root_key(url).error().code == Code::usage);
  CHECK_FALSE(value_or_throw(load_staged_root_key(url)));
  CHECK(discard_staged_root_key(url));
}
