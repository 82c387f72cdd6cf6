// Backups as an administrator makes and uses them, and what a killed one leaves.
#include "site.hpp"

#include <catch2/catch.hpp>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <random>
#include <thread>

namespace {

using Json = nlohmann::json;
namespace fs = std::filesystem;

constexpr int integrity = 9;
constexpr int usage = 2;

Json json_of(const Finished& done) {
  INFO(done.out << done.err);
  REQUIRE(done.exit == 0);
  return Json::parse(done.out);
}

struct Backups : Site {
  Backups() {
    init();
    add("alice");
    add("bob");
  }
  std::string create() const {
    return json_of(run({"--json", "backup", "create"}))["backup"]["name"];
  }
  void mail(const std::string& address) const {
    const auto done = run({"user", "set", "alice", "--email", address});
    INFO(done.err);
    REQUIRE(done.exit == 0);
  }
  std::string mail() const {
    return json_of(run({"--json", "user", "show", "alice"}))["profile"]["email"];
  }
  void lose_the_store() const {
    for (const char* part : {"", "-wal", "-shm"}) fs::remove(store() + part);
  }
  Json restore(const Words& more = {}) const {
    Words words{"--json", "backup", "restore", "--yes"};
    words.insert(words.end(), more.begin(), more.end());
    return json_of(run(words));
  }
  void is_whole() const {
    CHECK(run({"user", "list"}).exit == 0);
    CHECK(run({"audit", "verify"}).exit == 0);
  }
  // Everything that is there, to put back later.
  void keep() const {
    fs::remove_all(kept());
    fs::copy(path(), kept(), fs::copy_options::recursive);
  }
  void put_back() const {
    for (const auto& entry : fs::directory_iterator(path())) fs::remove_all(entry.path());
    fs::copy(kept(), path(), fs::copy_options::recursive);
  }
  std::string kept() const { return path().string() + ".kept"; }
  ~Backups() {
    std::error_code ignored;
    fs::remove_all(kept(), ignored);
  }
  // A moment that has an own second.
  static std::string a_moment() {
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    const auto now = std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
    std::this_thread::sleep_for(std::chrono::milliseconds(1100));
    const std::time_t seconds = now.time_since_epoch().count();
    char text[32];
    std::strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%SZ", std::gmtime(&seconds));
    return text;
  }
};

int kills() { return std::getenv("CRED_SOAK") != nullptr ? 200 : 20; }

// Kills it at a random moment of the time that it usually takes. False: it was faster.
class Killing {
 public:
  explicit Killing(std::chrono::microseconds usual) : usual_(usual) {}
  bool operator()(Process process) {
    std::this_thread::sleep_for(usual_ * static_cast<int>(random_() % 1000) / 900);
    process.kill(SIGKILL);
    return process.wait().exit != 0;
  }

 private:
  std::chrono::microseconds usual_;
  std::mt19937 random_{std::random_device{}()};
};

template <typename Work>
std::chrono::microseconds time_of(Work work) {
  const auto start = std::chrono::steady_clock::now();
  work();
  return std::chrono::duration_cast<std::chrono::microseconds>(std::chrono::steady_clock::now() -
                                                               start);
}

}  // namespace

TEST_CASE("a backup is made, listed, verified and brought back") {
  const Backups site;
  site.mail("first@example.org");
  const auto name = site.create();
  const auto list = json_of(site.run({"--json", "backup", "list"}))["backups"];
  REQUIRE(list.size() == 1);
  CHECK(list[0]["name"] == name);
  CHECK(list[0]["realms"][0]["accounts"] == 2);
  CHECK(site.run({"backup", "verify", name}).exit == 0);
  const auto moment = Backups::a_moment();
  site.mail("second@example.org");
  site.reset("bob", other_password);

  const auto dry = json_of(site.run({"--json", "backup", "restore", "--at", moment, "--dry-run"}));
  CHECK(dry["in_place"] == false);
  CHECK(site.mail() == "second@example.org");
  // Nobody is there to be asked.
  CHECK(site.run({"backup", "restore", "--at", moment}).exit == usage);
  CHECK(site.mail() == "second@example.org");

  const auto done = site.restore({"--at", moment});
  CHECK(done["in_place"] == true);
  CHECK(done["realms"][0]["changed"] == 1);
  CHECK(site.mail() == "first@example.org");
  CHECK(site.verify("bob", other_password) != 0);
  CHECK(site.status("bob")["reason"] == "forced");
  CHECK(site.verify("alice", right_password) == 0);
  site.is_whole();
}

TEST_CASE("a damaged backup gives 9, and what --at does not understand 2") {
  const Backups site;
  const auto name = site.create();
  const fs::path archive = site.path() / "backup" / (name + ".backup");
  auto bytes = content(archive);
  bytes[bytes.size() / 2] ^= 1;
  overwrite(archive, bytes);
  CHECK(site.run({"backup", "verify"}).exit == integrity);
  CHECK(site.run({"backup", "restore", "--yes"}).exit == integrity);
  CHECK(site.run({"backup", "restore", "--at", "yesterday", "--yes"}).exit == usage);
  site.is_whole();
}

TEST_CASE("a killed restore leaves the old store or the new one, and the next one works") {
  const Backups site;
  site.mail("first@example.org");
  site.create();
  const auto moment = Backups::a_moment();
  site.mail("second@example.org");
  site.keep();
  Killing kill(time_of([&] { site.restore({"--at", moment}); }));
  int old_ones = 0;
  for (int i = 0; i < kills(); ++i) {
    site.put_back();
    const bool gone = i % 4 == 3;
    if (gone) site.lose_the_store();
    const bool killed = kill(site.start({"backup", "restore", "--at", moment, "--yes"}));
    if (gone && !fs::exists(site.store())) {
      site.restore({"--at", moment});
    } else {
      const auto mail = site.mail();
      CHECK((mail == "first@example.org" || (killed && mail == "second@example.org")));
      old_ones += mail == "second@example.org" ? 1 : 0;
    }
    site.is_whole();
    site.mail("third@example.org");
    site.restore({"--at", moment});
    CHECK(site.mail() == "first@example.org");
    CHECK_FALSE(fs::exists(site.store() + ".restoring"));
    CHECK_FALSE(fs::exists(site.store() + ".restoring-newest"));
    site.is_whole();
  }
  CHECK(old_ones > 0);
}

TEST_CASE("a killed backup leaves the others, and the next one works") {
  const Backups site;
  const auto name = site.create();
  Killing kill(time_of([&] { site.create(); }));
  for (int i = 0; i < kills(); ++i) {
    (void)kill(site.start({"backup", "create"}));
    CHECK(site.run({"backup", "verify"}).exit == 0);
    CHECK(site.run({"backup", "verify", name}).exit == 0);
  }
  site.create();
  CHECK(site.run({"backup", "verify"}).exit == 0);
  for (const auto& file : fs::directory_iterator(site.path() / "backup"))
    CHECK(file.path().extension() != ".part");
  site.is_whole();
}

TEST_CASE("a change that was told to be made is in the journal when its store is lost") {
  const Backups site;
  site.mail("0@example.org");
  site.create();
  Killing kill(time_of([&] { site.mail("1@example.org"); }));
  std::string acknowledged = "1@example.org";
  for (int i = 2; i < kills() + 2; ++i) {
    const std::string next = std::to_string(i) + "@example.org";
    const bool killed = kill(site.start({"user", "set", "alice", "--email", next}));
    if (!killed) acknowledged = next;
    site.lose_the_store();
    site.restore();
    const auto mail = site.mail();
    CHECK((mail == acknowledged || (killed && mail == next)));
    acknowledged = mail;
  }
  site.is_whole();
}
