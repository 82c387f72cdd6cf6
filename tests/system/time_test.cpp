// Rule 1 by the calendar: faketime(1) sets the clock that credctl sees.
#include "site.hpp"

#include <catch2/catch.hpp>

namespace {

class AgedSite : public Site {
 public:
  AgedSite() {
    init();
    add("ann");
  }
  Finished at(const std::string& offset, const Words& words, const std::string& input = {}) const {
    return ::run(under({"faketime", "-f", offset}, credctl(words, input)));
  }
  Finished login(const std::string& offset, const std::string& password = right_password) const {
    return at(offset, {"--json", "verify", "ann", "--stdin"}, password + "\n");
  }
  nlohmann::json status_at(const std::string& offset) const {
    return nlohmann::json::parse(at(offset, {"--json", "status", "ann"}).out);
  }
};

std::string reason(const Finished& finished) {
  return nlohmann::json::parse(finished.out).value("reason", "");
}

}  // namespace

TEST_CASE("a password lasts a quarter and then only lets its owner change it") {
  AgedSite site;
  CHECK(site.login("+75d").exit == 0);
  CHECK(site.login("+89d").exit == 0);
  CHECK(site.status_at("+91d")["must_change"] == true);
  const auto expired = site.login("+91d");
  CHECK(expired.exit == 3);
  CHECK(reason(expired) == "expired");
  CHECK(site.login("+91d", wrong_password).exit == 1);
}

TEST_CASE("status warns in the last fourteen days") {
  AgedSite site;
  CHECK(site.status_at("+75d")["warn"] == false);
  CHECK(site.status_at("+77d")["warn"] == true);
  CHECK(site.status_at("+89d")["warn"] == true);
  CHECK(site.status_at("+77d")["must_change"] == false);
}

TEST_CASE("setting the clock back after an expired login does not make the password fresh") {
  AgedSite site;
  REQUIRE(site.login("+91d").exit == 3);
  const auto back = site.login("+0d");
  CHECK(back.exit == 3);
  CHECK(reason(back) == "expired");
  CHECK(site.login("-30d").exit == 3);
}

TEST_CASE("a reset of an expired password begins a new quarter") {
  AgedSite site;
  REQUIRE(site.login("+91d").exit == 3);
  REQUIRE(site.at("+91d", {"passwd", "ann", "--stdin"}, std::string(other_password) + "\n").exit ==
          0);
  CHECK(site.login("+91d", other_password).exit == 0);
  CHECK(site.login("+180d", other_password).exit == 0);
  CHECK(site.login("+182d", other_password).exit == 3);
}
