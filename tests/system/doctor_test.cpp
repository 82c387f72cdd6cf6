// credctl doctor on an installation of a moment ago, as an administrator runs it.

#include "site.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

namespace {

// The parts of the findings' checks that say something of this store; the machine has its own.
std::vector<std::string> checks(const nlohmann::json& answer) {
  std::vector<std::string> checks;
  for (const auto& finding : answer.at("findings")) {
    CHECK(finding.size() == 4);
    CHECK_FALSE(finding.at("message").get<std::string>().empty());
    CHECK_FALSE(finding.at("mend").get<std::string>().empty());
    checks.push_back(finding.at("check"));
  }
  return checks;
}

bool has(const std::vector<std::string>& checks, const char* check) {
  return std::ranges::find(checks, check) != checks.end();
}

}  // namespace

TEST_CASE("doctor names what a fresh store lacks, and no more once it is there", "[doctor]") {
  Site site;
  site.init();
  site.configure("[broker]\nsocket = \"" + (site.path() / "credd.sock").string() + "\"\n" +
                 cheap_hash);
  const auto first = site.run({"doctor", "--json"});
  INFO(first.out << first.err);
  CHECK(first.exit == 1);
  const auto answer = nlohmann::json::parse(first.out);
  CHECK(answer.at("status") == "refused");
  CHECK_FALSE(answer.at("argon2").get<std::string>().empty());
  CHECK(has(checks(answer), "backup"));
  CHECK_FALSE(has(checks(answer), "store"));
  REQUIRE(site.run({"backup", "create"}).exit == 0);
  const auto second = site.run({"doctor", "--json"});
  CHECK_FALSE(has(checks(nlohmann::json::parse(second.out)), "backup"));
}

TEST_CASE("doctor ends with 9 where an older store was put back, and says how to mend it",
          "[doctor]") {
  const Site site;
  site.init();
  site.add("alice");
  const auto before = content(site.store());
  REQUIRE(site.run({"expire", "alice"}).exit == 0);
  overwrite(site.store(), before);
  const auto done = site.run({"doctor"});
  INFO(done.out << done.err);
  CHECK(done.exit == 9);
  CHECK_THAT(done.out, Catch::Contains("is older than it was"));
  CHECK_THAT(done.out, Catch::Contains("credctl backup restore"));
}
