#include "base/hexadecimal.hpp"
#include "vault/root_archive.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <sodium.h>
#include <sys/stat.h>

using namespace cred;
using namespace cred::test;
namespace fs = std::filesystem;

namespace {

Secret random_key() {
  Secret key(vault::key_bytes);
  randombytes_buf(key.uchars(), key.size());
  return key;
}

struct Chain {
  TemporaryDirectory place;
  std::string directory = place / "kept";
  Secret first = random_key();
  Secret second = random_key();
  Secret third = random_key();
  Chain() {
    fs::create_directory(directory);
    value_or_throw(vault::keep_old_root(directory, first, second));
    value_or_throw(vault::keep_old_root(directory, second, third));
  }
  std::string path(const Secret& key) const {
    return directory + "/root-" + hexadecimal(vault::id_of(key)) + ".sealed";
  }
  bool finds(const Secret& key, const Secret& current) const {
    const auto found = value_or_throw(vault::find_root(directory, current, vault::id_of(key)));
    return found && found->equals(key);
  }
};

}  // namespace

TEST_CASE("an old root key is found over as many successors as there were") {
  const Chain chain;
  CHECK(chain.finds(chain.first, chain.third));
  CHECK(chain.finds(chain.second, chain.third));
  CHECK(chain.finds(chain.first, chain.second));
  CHECK_FALSE(chain.finds(chain.third, chain.third));
  CHECK(value_or_throw(vault::old_roots(chain.directory, chain.third)).size() == 2);
}

TEST_CASE("another key finds no old root key, nor does one without its successor") {
  const Chain chain;
  CHECK_FALSE(chain.finds(chain.first, random_key()));
  fs::remove(chain.path(chain.second));
  CHECK_FALSE(chain.finds(chain.first, chain.third));
  CHECK(value_or_throw(vault::old_roots(chain.place / "nowhere", chain.third)).empty());
}

TEST_CASE("an old root key is closed to others, and nothing of it is readable") {
  const Chain chain;
  struct stat status {};
  REQUIRE(stat(chain.path(chain.first).c_str(), &status) == 0);
  CHECK((status.st_mode & 0777) == 0400);
  std::ifstream file(chain.path(chain.first), std::ios::binary);
  const std::string bytes{std::istreambuf_iterator<char>(file), {}};
  CHECK(bytes.size() == 81);
  CHECK(bytes.find(std::string(chain.first.chars(), 8)) == std::string::npos);
}

TEST_CASE("an old root key that was altered, or has another's name, is passed over") {
  const Chain chain;
  SECTION("altered") {
    fs::permissions(chain.path(chain.second), fs::perms::owner_all);
    std::fstream file(chain.path(chain.second), std::ios::in | std::ios::out | std::ios::binary);
    file.seekp(50);
    const char there = static_cast<char>(file.seekg(50).get());
    file.seekp(50).put(static_cast<char>(there ^ 1));
    file.close();
    fs::permissions(chain.path(chain.second), fs::perms::owner_read);
  }
  SECTION("renamed") {
    fs::rename(chain.path(chain.second), chain.directory + "/root-0123456789abcdef.sealed");
  }
  SECTION("cut off") { fs::resize_file(chain.path(chain.second), 40); }
  CHECK_FALSE(chain.finds(chain.second, chain.third));
  CHECK_FALSE(chain.finds(chain.first, chain.third));
  CHECK(chain.finds(chain.first, chain.second));
}

TEST_CASE("root keys that led to one another are looked at once") {
  const Chain chain;
  value_or_throw(vault::keep_old_root(chain.directory, chain.third, chain.first));
  CHECK(chain.finds(chain.third, chain.first));
  CHECK(value_or_throw(vault::old_roots(chain.directory, chain.first)).size() == 2);
}

TEST_CASE("old root keys are forgotten by the time at which they gave way") {
  const Chain chain;
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(24 * 100);
  fs::last_write_time(chain.path(chain.first), long_ago);
  const Time before = SystemClock().now() - std::chrono::hours(24 * 50);
  CHECK(value_or_throw(vault::prune_old_roots(chain.directory, before)) == 1);
  CHECK_FALSE(chain.finds(chain.first, chain.third));
  CHECK(chain.finds(chain.second, chain.third));
}

TEST_CASE("what a killed writer left of an old root key is removed with its age, and no key") {
  const Chain chain;
  const std::string left = chain.path(chain.first) + ".new.123";
  fs::copy_file(chain.path(chain.first), left);
  CHECK(value_or_throw(vault::old_roots(chain.directory, chain.third)).size() == 2);
  const std::string other = chain.directory + "/root-notes.sealed.new.1";
  std::ofstream(other) << "notes";
  const auto long_ago = fs::file_time_type::clock::now() - std::chrono::hours(24 * 100);
  for (const auto& file : {left, other}) fs::last_write_time(file, long_ago);
  const Time before = SystemClock().now() - std::chrono::hours(24 * 50);
  CHECK(value_or_throw(vault::prune_old_roots(chain.directory, before)) == 1);
  CHECK_FALSE(fs::exists(left));
  CHECK(fs::exists(other));
  CHECK(chain.finds(chain.first, chain.third));
}
