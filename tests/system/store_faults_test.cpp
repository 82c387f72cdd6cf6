// What is wrong with a store or a key is said plainly, with the file's name and the
// right exit status, and nothing is made worse.
#include "site.hpp"

#include <catch2/catch.hpp>
#include <fcntl.h>
#include <random>
#include <sys/stat.h>
#include <unistd.h>

namespace fs = std::filesystem;

namespace {

constexpr int configuration = 7;
constexpr int unavailable = 8;
constexpr int integrity = 9;

Site::Words verify_words() { return {"verify", "ann", "--stdin"}; }
const std::string right_line = std::string(right_password) + "\n";

class Enrolled : public Site {
 public:
  Enrolled() {
    init();
    add("ann");
  }
  Finished login() const { return run(verify_words(), right_line); }
};

// What a person needs: the status, and the file that is meant.
void says(const Finished& finished, int exit, const std::string& file) {
  INFO(finished.out << finished.err);
  CHECK(finished.exit == exit);
  CHECK(finished.err.find(file) != std::string::npos);
  CHECK(finished.err.find("std::") == std::string::npos);
}

void random_bytes(const std::string& file, std::size_t offset, std::size_t count) {
  std::mt19937 numbers(1);
  std::string bytes = content(file);
  REQUIRE(bytes.size() >= offset + count);
  for (std::size_t i = 0; i < count; ++i) bytes[offset + i] = static_cast<char>(numbers());
  overwrite(file, bytes);
}

// In a chroot / is no mount point, whose propagation could be set.
std::vector<std::string> with_own_mounts() {
  if (shell("unshare -m true").exit == 0) return {"unshare", "-m"};
  return {"unshare", "-m", "--propagation", "unchanged"};
}

// Runs the script where mounts are nobody else's: $1 the site, $2 credctl.
Finished apart(const Site& site, const std::string& script) {
  auto argv = with_own_mounts();
  argv.insert(argv.end(), {"sh", "-euc", script, "sh", site.path(), CREDCTL});
  return run({.argv = argv});
}

}  // namespace

TEST_CASE("a store that is a directory is said to be one") {
  Site site;
  site.init();
  fs::remove(site.store());
  fs::create_directory(site.store());
  says(site.run(verify_words(), right_line), unavailable, site.store());
  says(site.run({"init"}), unavailable, site.store());
}

TEST_CASE("a store that is not there leads to init") {
  Site site;
  const auto done = site.run(verify_words(), right_line);
  says(done, unavailable, site.store());
  CHECK(done.err.find("init") != std::string::npos);
  CHECK_FALSE(fs::exists(site.store()));
}

TEST_CASE("a store under a path that is no directory is said to be unreachable") {
  Site site;
  overwrite(site.path() / "file", "x");
  overwrite(site.configuration(), "[store]\nurl = \"sqlite:" + (site.path() / "file").string() +
                                      "/cred.db\"\n[keys]\nroot = \"file:" + site.key() + "\"\n");
  says(site.run(verify_words(), right_line), unavailable, (site.path() / "file").string());
}

TEST_CASE("a user without rights to the store or the key is told so") {
  Enrolled site;
  fs::permissions(site.path(), fs::perms(0755));
  const auto as_nobody = [&] {
    auto launch = under({"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"},
                        site.credctl(verify_words(), right_line));
    // The build directory may be closed to others.
    launch.argv[4] = site.path() / "credctl";
    return run(launch);
  };
  fs::copy_file(CREDCTL, site.path() / "credctl");
  const std::string before = content(site.store());
  says(as_nobody(), configuration, site.store());
  REQUIRE(chown(site.store().c_str(), 65534, 65534) == 0);
  REQUIRE(chown(site.path().c_str(), 65534, 65534) == 0);
  says(as_nobody(), configuration, site.key());
  CHECK(content(site.store()) == before);
}

TEST_CASE("a store on a read-only file system is said to be read-only and is not changed") {
  Enrolled site;
  const std::string before = content(site.store());
  const auto done =
      apart(site,
            "mount --bind \"$1\" \"$1\"; mount -o remount,ro,bind \"$1\";"
            "echo Correct7horse | \"$2\" --config \"$1/cred.conf\" verify ann --stdin");
  says(done, unavailable, site.store());
  CHECK(done.err.find("ead-only") != std::string::npos);
  CHECK(content(site.store()) == before);
}

TEST_CASE("a damaged header is an integrity error, and the file is left alone") {
  Enrolled site;
  random_bytes(site.store(), 0, 100);
  const std::string before = content(site.store());
  says(site.login(), integrity, site.store());
  says(site.run({"status", "ann"}), integrity, site.store());
  CHECK(content(site.store()) == before);
}

TEST_CASE("damage in the middle is an integrity error and never a login") {
  Enrolled site;
  const auto whole = site.files();
  const std::size_t size = content(site.store()).size();
  int noticed = 0;
  for (std::size_t page = 4096; page < size; page += 4096) {
    INFO("page at " << page);
    site.restore(whole);
    random_bytes(site.store(), page, 4096);
    const auto done = site.login();
    INFO(done.out << done.err);
    // A page that a login does not read may be damaged unseen; a page that it reads may not.
    CHECK((done.exit == integrity || done.exit == 0));
    CHECK(done.exit != 70);
    if (done.exit == integrity) {
      ++noticed;
      // Of the file, or of what is sealed in it.
      CHECK((done.err.find(site.store()) != std::string::npos ||
             done.err.find("realm system") != std::string::npos ||
             done.err.find("the accounts") != std::string::npos ||
             done.err.find("sealed") != std::string::npos));
    }
    const auto wrong = site.run(verify_words(), std::string(wrong_password) + "\n");
    CHECK((wrong.exit == integrity || wrong.exit == 1));
  }
  CHECK(noticed >= 3);
}

TEST_CASE("a truncated store is an integrity error") {
  Enrolled site;
  const auto whole = site.files();
  for (const std::size_t length : {1U, 99U, 4096U, 16384U, 40000U}) {
    INFO("cut to " << length);
    site.restore(whole);
    fs::resize_file(site.store(), length);
    says(site.login(), integrity, site.store());
  }
  // An empty file is what a killed init may leave.
  site.restore(whole);
  fs::resize_file(site.store(), 0);
  const auto empty = site.login();
  INFO(empty.err);
  CHECK((empty.exit == integrity || empty.exit == unavailable));
  CHECK(empty.err.find(site.store()) != std::string::npos);
}

TEST_CASE("another program's database is refused and not touched") {
  Enrolled site;
  fs::remove(site.store());
  site.sql("CREATE TABLE recipe (name TEXT); INSERT INTO recipe VALUES ('soup');");
  const std::string before = content(site.store());
  says(site.login(), integrity, site.store());
  CHECK(content(site.store()) == before);
  const auto init = site.run({"init"});
  INFO(init.err);
  CHECK(init.exit == 6);
  CHECK(init.err.find(site.store()) != std::string::npos);
  CHECK(content(site.store()) == before);
  CHECK(site.sql("SELECT name FROM recipe;") == "soup\n");
}

TEST_CASE("a store from a newer version is left alone and says so") {
  Enrolled site;
  site.sql("PRAGMA user_version = 99;");
  const std::string before = content(site.store());
  const auto done = site.login();
  says(done, unavailable, site.store());
  CHECK(done.err.find("99") != std::string::npos);
  CHECK(done.err.find("newer") != std::string::npos);
  CHECK(content(site.store()) == before);
}

TEST_CASE("promise: a full disk changes nothing that is there and is named") {
  Enrolled site;
  // The store on a small disk: filled up, written to, emptied, looked at.
  const auto done = apart(site, R"(
    cp "$1"/cred.* "$1"/root.key /mnt; mkdir -m 700 "$1/disk"
    mount -t tmpfs -o size=600k tmpfs "$1/disk"; cp /mnt/cred.db "$1/disk"
    sed "s|/cred.db|/disk/cred.db|" "$1/cred.conf" > "$1/small.conf"
    ctl() { "$2" --config "$1/small.conf" "$@"; }
    c="$2 --config $1/small.conf"; s="$1"
    for left in 0 4 32 40 56; do
      rm -f "$s/disk/filler"; head -c 800k /dev/zero > "$s/disk/filler" 2>/dev/null || :
      size=$(stat -c %s "$s/disk/filler"); truncate -s $((size - left * 1024)) "$s/disk/filler"
      set +e; echo Velvet-Kettledrum7 | $c user add bob --stdin 2>"$s/message"; echo "full $left $?"; set -e
      sed 's/^/message /' "$s/message"
      rm "$s/disk/filler"
      set +e; echo Correct7horse | $c verify ann --stdin >/dev/null; echo "old $left $?"
      $c status bob >/dev/null 2>&1; echo "bob $left $?"; set -e
    done
  )");
  INFO(done.out << done.err);
  REQUIRE(done.exit == 0);
  int refused = 0;
  for (const std::string left : {"0", "4", "32", "40", "56"}) {
    CHECK(done.out.find("old " + left + " 0\n") != std::string::npos);
    const bool full = done.out.find("full " + left + " 8\n") != std::string::npos;
    if (full) {
      ++refused;
      CHECK(done.out.find("bob " + left + " 5\n") != std::string::npos);
    } else {
      // It fitted, now or before.
      CHECK((done.out.find("full " + left + " 0\n") != std::string::npos ||
             done.out.find("full " + left + " 6\n") != std::string::npos));
      CHECK(done.out.find("bob " + left + " 0\n") != std::string::npos);
    }
  }
  CHECK(refused >= 2);
  CHECK(done.out.find("message credctl: ") != std::string::npos);
  CHECK(done.out.find("full; nothing was changed") != std::string::npos);
}

TEST_CASE("a key that is missing, short, open to others or another one is named") {
  Enrolled site;
  const auto whole = site.files();
  const std::string store = content(site.store());
  const auto refused = [&](int exit) {
    const auto done = site.login();
    says(done, exit, site.key());
    CHECK(content(site.store()) == store);
    return done;
  };
  SECTION("missing") {
    fs::remove(site.key());
    refused(unavailable);
  }
  SECTION("short") {
    fs::resize_file(site.key(), 31);
    CHECK(refused(configuration).err.find("31") != std::string::npos);
  }
  SECTION("long") {
    fs::resize_file(site.key(), 33);
    refused(configuration);
  }
  SECTION("open to others") {
    fs::permissions(site.key(), fs::perms(0444));
    CHECK(refused(configuration).err.find("chmod") != std::string::npos);
  }
  SECTION("a directory") {
    fs::remove(site.key());
    fs::create_directory(site.key());
    refused(configuration);
  }
  SECTION("another key") {
    fs::permissions(site.key(), fs::perms(0600));
    overwrite(site.key(), std::string(32, 'k'));
    refused(integrity);
  }
}
