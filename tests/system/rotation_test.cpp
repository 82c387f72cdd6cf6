// Rotations of the keys, killed at every single step: what is left opens, and the rotation
// goes on when it is repeated.
#include "service.hpp"
#include "site.hpp"

#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <functional>
#include <regex>
#include <set>
#include <sstream>
#include <thread>

namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using Words = std::vector<std::string>;

constexpr const char* steps =
    "write,pwrite64,fsync,fdatasync,ftruncate,fallocate,rename,renameat,link,linkat,unlink,mkdir,"
    "fchmod,fchown";

Json json_of(const Finished& done) {
  INFO(done.out << done.err);
  REQUIRE(done.exit == 0);
  return Json::parse(done.out);
}

struct Rotating : Site {
  std::string kept = path().string() + ".kept";
  std::string trace = path().string() + ".trace";
  Rotating() {
    init();
    add("zoe");
    add("ann");
  }
  ~Rotating() {
    std::error_code ignored;
    fs::remove_all(kept, ignored);
    fs::remove(trace, ignored);
  }
  Rotating(const Rotating&) = delete;
  Rotating& operator=(const Rotating&) = delete;
  void keep() const {
    fs::remove_all(kept);
    fs::copy(path(), kept, fs::copy_options::recursive);
  }
  void put_back() const {
    for (const auto& entry : fs::directory_iterator(path())) fs::remove_all(entry.path());
    fs::copy(kept, path(), fs::copy_options::recursive);
  }
  Finished traced(const Words& words, const Words& more = {}) const {
    Words before{"strace", "-f", "-y", "-qq", "-o", trace, "-e", std::string("trace=") + steps};
    before.insert(before.end(), more.begin(), more.end());
    return ::run(under(before, credctl(words)));
  }
  // How often each system call was made.
  std::map<std::string, int> calls() const {
    std::map<std::string, int> made;
    static const std::regex call(R"(^\d+ +([a-z0-9]+)\()");
    std::istringstream lines(content(trace));
    std::smatch match;
    for (std::string line; std::getline(lines, line);)
      if (std::regex_search(line, match, call)) ++made[match[1]];
    return made;
  }
  // `look` sees what each kill leaves.
  int kill_at_every_step(const Words& words, const std::function<void()>& look) const {
    keep();
    const auto whole = traced(words);
    INFO(whole.err);
    REQUIRE(whole.exit == 0);
    const auto made = calls();
    int kills = 0;
    for (const auto& [call, times] : made) {
      for (int n = 1; n <= times; ++n) {
        INFO("killed at " << call << " number " << n);
        put_back();
        (void)traced(words, {"-e", "inject=" + call + ":signal=SIGKILL:when=" + std::to_string(n)});
        REQUIRE(content(trace).find("killed by SIGKILL") != std::string::npos);
        ++kills;
        look();
      }
    }
    return kills;
  }
  void is_right() const {
    REQUIRE(verify("ann", right_password) == 0);
    REQUIRE(verify("zoe", right_password) == 0);
    REQUIRE(verify("ann", wrong_password) == 1);
  }
  int records_of(const std::string& event) const {
    int count = 0;
    const Json trail = json_of(run({"--json", "audit", "show"}));
    for (const auto& record : trail["records"]) count += record["event"] == event ? 1 : 0;
    return count;
  }
  Json keys() const { return json_of(run({"--json", "key", "show"})); }
};

}  // namespace

TEST_CASE("promise: a rotation of the root key killed at any step leaves a store that opens") {
  const Rotating site;
  const auto before = site.keys()["root"]["id"];
  int continued = 0;
  const int kills = site.kill_at_every_step({"key", "rotate"}, [&] {
    site.is_right();
    const auto between = site.keys()["root"]["id"];
    const auto rotated = json_of(site.run({"--json", "key", "rotate"}));
    const auto after = site.keys()["root"]["id"];
    REQUIRE(after == rotated["root"]["id"]);
    REQUIRE(after != before);
    continued += between != before ? 1 : 0;
    REQUIRE(content(site.key()).size() == 32);
    REQUIRE_FALSE(fs::exists(site.key() + ".next"));
    // Each key that was used is told of.
    REQUIRE(site.records_of("root_key_rotated") == (between == before ? 1 : 2));
    site.is_right();
    REQUIRE(site.run({"audit", "verify"}).exit == 0);
  });
  WARN("key rotate: killed at " << kills << " steps, " << continued << " times after the change");
  CHECK(kills > 30);
  CHECK(continued > 5);
}

TEST_CASE(
    "promise: a move of the root key killed at any step leaves one key that opens the store") {
  const Rotating site;
  const std::string other = site.path() / "other.key";
  const Words move{"--json", "key", "rotate", "--to", "file:" + other};
  const std::string here = content(site.configuration());
  const auto there = std::regex_replace(here, std::regex("/root\\.key"), "/other.key");
  int moved = 0;
  const int kills = site.kill_at_every_step(move, [&] {
    overwrite(site.configuration(), there);
    const bool opens = site.verify("ann", right_password) == 0;
    overwrite(site.configuration(), here);
    REQUIRE((site.verify("ann", right_password) == 0) != opens);
    moved += opens ? 1 : 0;
    REQUIRE(json_of(site.run(move))["continued"] == opens);
    overwrite(site.configuration(), there);
    site.is_right();
    REQUIRE(site.records_of("root_key_rotated") == 1);
    REQUIRE(site.run({"audit", "verify"}).exit == 0);
  });
  WARN("key rotate --to: killed at " << kills << " steps, " << moved << " times after the change");
  CHECK(kills > 30);
  CHECK(moved > 5);
}

TEST_CASE("promise: a rotation of a data key killed at any step goes on when it is repeated") {
  const Rotating site;
  const Words rotate{"--json", "--realm", "system", "key", "rotate"};
  int continued = 0;
  const int kills = site.kill_at_every_step(rotate, [&] {
    site.is_right();
    const auto rotated = json_of(site.run(rotate));
    continued += rotated["continued"] == true ? 1 : 0;
    const auto keys = site.keys()["realms"][0]["keys"];
    // One that was finished but for its answer is followed by another.
    REQUIRE(keys.size() <= 3);
    for (std::size_t i = 0; i + 1 < keys.size(); ++i) {
      REQUIRE(keys[i]["state"] == "retired");
      REQUIRE(keys[i]["values"] == 0);
    }
    REQUIRE(keys.back()["state"] == "seals");
    site.is_right();
    REQUIRE(site.run({"audit", "verify"}).exit == 0);
  });
  WARN("key rotate --realm: killed at " << kills << " steps, continued after " << continued);
  CHECK(kills > 30);
  CHECK(continued > 5);
}

TEST_CASE("keys are shown, and rotated by their names") {
  const Rotating site;
  REQUIRE(site.run({"realm", "add", "shop"}).exit == 0);
  const auto before = site.keys();
  CHECK(before["root"]["url"] == "file:" + site.key());
  CHECK(before["root"]["id"].get<std::string>().size() == 16);
  REQUIRE(before["realms"].size() == 2);
  // A global option may stand anywhere.
  const auto place = GENERATE(0, 1, 2);
  Words words{"key", "rotate"};
  words.insert(words.begin() + place, {"--realm", "shop"});
  REQUIRE(site.run(words).exit == 0);
  const auto one = json_of(site.run({"--json", "--realm", "shop", "key", "show"}));
  REQUIRE(one["realms"].size() == 1);
  CHECK(one["realms"][0]["keys"].size() == 2);
  CHECK(one["root"] == before["root"]);
  const auto people = site.run({"key", "show"});
  CHECK(people.out.find("retired") != std::string::npos);
  CHECK(people.out.find("Root key " + before["root"]["id"].get<std::string>()) == 0);
  CHECK(site.run({"--realm", "shop", "key", "rotate", "--to", "file:/nowhere"}).exit == 2);

  const std::string other = "file:" + (site.path() / "other.key").string();
  const auto moved = json_of(site.run({"--json", "key", "rotate", "--to", other}));
  CHECK(moved["configure"] == true);
  const auto shut = site.run({"user", "list"});
  CHECK(shut.exit != 0);
  CHECK(shut.err.find("another root key") != std::string::npos);
  fs::rename(site.path() / "other.key", site.key() + ".moved");
  overwrite(site.configuration(), std::regex_replace(content(site.configuration()),
                                                     std::regex("root\\.key"), "root.key.moved"));
  site.is_right();
}

TEST_CASE("promise: credd lets the right ones in while both keys are rotated, killed or not") {
  Rotating site;
  site.configure(service_settings(site));
  const Credd credd(site);
  std::atomic<bool> ended{false};
  std::atomic<int> pairs{0};
  std::atomic<int> astray{0};
  std::thread logins([&] {
    while (!ended) {
      astray += log_in(credd, "ann", right_password).code == cred::Code::accepted ? 0 : 1;
      // After a hundred the right password would have to wait, too.
      if (pairs < 90)
        astray += log_in(credd, "zoe", wrong_password).code == cred::Code::refused ? 0 : 1;
      ++pairs;
    }
  });
  bool whole = true;
  for (int i = 0; i < 6; ++i) {
    for (const Words& rotate :
         {Words{"key", "rotate"}, Words{"--realm", "system", "key", "rotate"}}) {
      // Somewhere on its way, and then to the end.
      (void)site.traced(rotate,
                        {"-e", "inject=pwrite64,fsync,fdatasync,rename:signal=SIGKILL:when=" +
                                   std::to_string(5 * i + 3)});
      whole &= site.run(rotate).exit == 0;
    }
  }
  ended = true;
  logins.join();
  CHECK(whole);
  CHECK(astray == 0);
  CHECK(pairs > 3);
  CHECK(log_in(credd, "zoe", right_password).code == cred::Code::accepted);
  CHECK(site.run({"audit", "verify"}).exit == 0);
}
