// Marking many passwords at once, and what became of them.

#include "site.hpp"

#include <catch2/catch.hpp>

using nlohmann::json;

namespace {

struct World {
  Site site;
  World() {
    site.init();
    for (const char* name : {"ann", "ben", "cem"}) site.add(name);
  }
  json shown(Site::Words words, int exit = 0, const std::string& input = {}) const {
    words.insert(words.begin(), "--json");
    const auto done = site.run(words, input);
    INFO(done.out << done.err);
    REQUIRE(done.exit == exit);
    return json::parse(done.out);
  }
  Site::Words from(const Site::Words& more = {}) const {
    Site::Words words{"compromise", "--from", "-", "--reason", "in a paste"};
    words.insert(words.end(), more.begin(), more.end());
    return words;
  }
};

}  // namespace

TEST_CASE("a list of names is marked as a whole, or not at all") {
  const World at;
  const std::string names = "# found\nann\n\nzoe\nben\nann\n";
  const auto refused = at.shown(at.from(), 5, names);
  CHECK(refused["unknown"] == json::parse(R"([{"name":"zoe","line":4}])"));
  CHECK(at.site.verify("ann", right_password) == 0);
  CHECK(at.site.run(at.from(), "ann\nno name\n").exit == 2);
  CHECK(at.site.run(at.from(), "ann\n\xff\n").exit == 2);
  CHECK(at.site.run(at.from(), "").exit == 2);
  CHECK(at.site.run({"compromise", "--from", at.site.path() / "none", "--reason", "x"}).exit == 2);
  CHECK(at.site.verify("ann", right_password) == 0);

  const auto dry = at.shown(at.from({"--skip-unknown", "--dry-run"}), 0, names);
  CHECK(dry["accounts"] == json::parse(R"(["ann","ben"])"));
  CHECK(at.site.verify("ann", right_password) == 0);
  const auto marked = at.shown(at.from({"--skip-unknown"}), 0, names);
  CHECK(marked["count"] == 2);
  CHECK(at.site.verify("ann", right_password) == 3);
  CHECK(at.site.verify("ben", right_password) == 3);
  CHECK(at.site.verify("cem", right_password) == 0);
  CHECK(at.site.status("ann")["session_epoch"] == 1);

  overwrite(at.site.path() / "names", "cem\n");
  REQUIRE(at.site.run({"compromise", "--from", at.site.path() / "names", "--reason", "x", "--lock"})
              .exit == 0);
  CHECK(at.site.verify("cem", right_password) == 4);
}

TEST_CASE("a whole realm is marked with --all or --set-before, and nobody is asked with --yes") {
  const World at;
  CHECK(at.site.run({"compromise", "--all", "--reason", "x"}).exit == 2);
  CHECK(run(on_terminal(at.site.credctl({"compromise", "--all", "--reason", "x"}, "no\n"))).exit ==
        2);
  CHECK(at.shown({"compromise", "--all", "--reason", "x", "--dry-run"})["count"] == 3);
  CHECK(at.shown({"compromise", "--set-before", "1d", "--reason", "x", "--dry-run"})["count"] == 0);
  CHECK(at.site.verify("ann", right_password) == 0);
  REQUIRE(
      at.site.run({"compromise", "--set-before", "2020-01-01T00:00:00Z", "--reason", "x", "--yes"})
          .exit == 0);
  CHECK(at.site.verify("ann", right_password) == 0);
  REQUIRE(at.site.run({"compromise", "--all", "--reason", "x", "--lock", "--yes"}).exit == 0);
  CHECK(at.site.verify("ann", right_password) == 4);
  CHECK(at.site.status("ann")["session_epoch"] == 2);
  REQUIRE(at.site.run({"user", "unlock", "ann"}).exit == 0);
  CHECK(at.site.verify("ann", right_password) == 3);
  at.site.reset("ann", other_password);
  CHECK(at.site.verify("ann", other_password) == 0);

  const auto report = at.shown({"compromise", "--report", "--since", "1h"});
  CHECK(report["marked"] == 3);
  CHECK(report["changed"] == 1);
  CHECK(report["outstanding"] == 2);
  CHECK(report["accounts"][0]["account"] == "ann");
  CHECK(report["accounts"][0]["changed_by"] == "administrator");
  CHECK(report["accounts"][1]["locked"] == true);
  CHECK(at.shown({"compromise", "--report", "--since", "2999-01-01"})["marked"] == 0);
}

TEST_CASE("compromise takes one of its four targets, a reason, and moments that have come") {
  const World at;
  for (const Site::Words& words : std::vector<Site::Words>{
           {"compromise", "--reason", "x"},
           {"compromise", "ann", "--all", "--reason", "x", "--yes"},
           {"compromise", "--all", "--yes"},
           {"compromise", "ann", "--skip-unknown", "--reason", "x"},
           {"compromise", "ann", "--since", "1d", "--reason", "x"},
           {"compromise", "ann", "--report"},
           {"compromise", "--report", "--since", "soon"},
           {"compromise", "--set-before", "2999-01-01", "--reason", "x", "--yes"},
           {"compromise", "--set-before", "soon", "--reason", "x", "--yes"}}) {
    INFO(words.back());
    CHECK(at.site.run(words).exit == 2);
  }
  CHECK(at.site.run({"compromise", "zoe", "--reason", "x"}).exit == 5);
  CHECK(at.site.verify("ann", right_password) == 0);
}
