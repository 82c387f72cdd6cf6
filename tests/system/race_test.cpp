// Two at once: one wins, the other learns of it, and nothing is lost.
#include "site.hpp"

#include <array>
#include <catch2/catch.hpp>

namespace {

struct Pair {
  Finished first;
  Finished second;
};

Pair at_once(const Launch& a, const Launch& b) {
  Process first(a);
  Process second(b);
  auto one = first.wait();
  return {std::move(one), second.wait()};
}

// Both wait for each other after they have read the account and before they hash.
Launch meeting(const Site& site, Launch launch) {
  launch.environment = {"LD_PRELOAD=" WATCH_HASHES, "CRED_ARGON2=sodium",
                        "CRED_TEST_MEET=" + (site.path() / "meeting").string() + ":2"};
  return launch;
}

void one_wins(const Pair& pair) {
  INFO("first: " << pair.first.exit << " " << pair.first.err);
  INFO("second: " << pair.second.exit << " " << pair.second.err);
  const bool first = pair.first.exit == 0 && pair.second.exit == 6;
  const bool second = pair.first.exit == 6 && pair.second.exit == 0;
  REQUIRE(first != second);
}

}  // namespace

TEST_CASE("promise: of two resets at once one wins and the other changes nothing") {
  Site site;
  site.init();
  site.add("ann");
  constexpr std::array words{"Anvil",  "Bramble", "Citrus",  "Dormer", "Ember",
                             "Fjord",  "Gravel",  "Harbour", "Indigo", "Juniper",
                             "Kettle", "Lantern", "Mortar",  "Nettle", "Orchid",
                             "Pebble", "Quarry",  "Rafter",  "Saddle", "Thimble"};
  constexpr std::size_t rounds = words.size() / 2;
  for (std::size_t i = 0; i < rounds; ++i) {
    std::filesystem::remove(site.path() / "meeting");
    const std::string one = std::string(words[2 * i]) + "Kettledrum" + std::to_string(100 + i);
    const std::string two = std::string(words[2 * i + 1]) + "Waterwheel" + std::to_string(100 + i);
    const auto pair =
        at_once(meeting(site, site.credctl({"passwd", "ann", "--stdin"}, one + "\n")),
                meeting(site, site.credctl({"passwd", "ann", "--stdin"}, two + "\n")));
    one_wins(pair);
    const bool first = pair.first.exit == 0;
    REQUIRE(site.verify("ann", first ? one : two) == 0);
    REQUIRE(site.verify("ann", first ? two : one) == 1);
    REQUIRE(site.status("ann")["passwords"] == i + 2);
    // The loser's was not used, and may be set; the winner's is not taken again.
    REQUIRE(site.run({"check", "ann", "--stdin"}, (first ? two : one) + "\n").exit == 0);
    REQUIRE(site.run({"check", "ann", "--stdin"}, (first ? one : two) + "\n").exit == 1);
  }
}

TEST_CASE("promise: of two enrolments of one name at once one wins") {
  Site site;
  site.init();
  for (int i = 0; i < 10; ++i) {
    std::filesystem::remove(site.path() / "meeting");
    const std::string name = "user" + std::to_string(i);
    const auto pair = at_once(
        meeting(site, site.credctl({"user", "add", name, "--stdin"}, "Velvet-Kettledrum7\n")),
        meeting(site, site.credctl({"user", "add", name, "--stdin"}, "Copper-Waterwheel7\n")));
    one_wins(pair);
    REQUIRE(site.verify(name, pair.first.exit == 0 ? "Velvet-Kettledrum7" : "Copper-Waterwheel7") ==
            0);
    REQUIRE(site.verify(name, pair.first.exit == 0 ? "Copper-Waterwheel7" : "Velvet-Kettledrum7") ==
            1);
  }
  REQUIRE(site.sql("SELECT count(*) FROM account;") == "10\n");
}

TEST_CASE(
    "promise: of two inits at once one wins, and its store opens with the key that is there") {
  for (int i = 0; i < 20; ++i) {
    Site site;
    one_wins(at_once(site.credctl({"init"}), site.credctl({"init"})));
    site.add("ann");
    REQUIRE(site.verify("ann", right_password) == 0);
    REQUIRE(site.sql("SELECT count(*) FROM realm;") == "1\n");
  }
}

TEST_CASE("promise: writers of different accounts at once are all served") {
  Site site;
  site.init();
  std::vector<Process> writers;
  for (int i = 0; i < 16; ++i)
    writers.push_back(site.start({"user", "add", "user" + std::to_string(i), "--stdin"},
                                 std::string(right_password) + "\n"));
  for (auto& writer : writers) {
    const auto done = writer.wait();
    INFO(done.err);
    REQUIRE(done.exit == 0);
  }
  REQUIRE(site.sql("SELECT count(*), max(number) FROM audit;") == "16|16\n");
}
