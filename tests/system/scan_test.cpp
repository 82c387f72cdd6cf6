// credctl scan, without MIME: tests/milter has that, with the reader that is installed.

#include "site.hpp"

#include <catch2/catch.hpp>

TEST_CASE("scan ends with 0 or 1, and a hit is a compromise", "[scan]") {
  const Site site;
  site.init();
  site.add("alice");
  const std::string mail = "Hi,\nmy password is " + std::string(right_password) + ", of course.\n";
  CHECK(site.run({"scan", "alice", "--plain"}, "See you at ten.\n").exit == 0);
  const auto nobody = site.run({"--json", "scan", "nobody", "--plain"}, mail);
  CHECK(nobody.exit == 0);
  CHECK(nlohmann::json::parse(nobody.out).at("found") == false);
  CHECK(site.verify("alice", right_password) == 0);

  const auto done = site.run({"--json", "scan", "alice", "--plain", "--id", "m-1"}, mail);
  INFO(done.out << done.err);
  CHECK(done.exit == 1);
  const auto answer = nlohmann::json::parse(done.out);
  CHECK(answer.at("status") == "refused");
  CHECK(answer.at("found") == true);
  CHECK(answer.at("message_id") == "m-1");
  CHECK(site.status("alice").at("reason") == "compromised");
  CHECK(site.verify("alice", right_password) == 3);
  CHECK((done.out + done.err).find(right_password) == std::string::npos);
}

TEST_CASE("scan refuses what is no id, and a file that is not there", "[scan]") {
  const Site site;
  site.init();
  site.add("alice");
  CHECK(site.run({"scan", "alice", "--plain", "--id", "two words"}, "x").exit == 2);
  CHECK(site.run({"scan", "alice", "/nowhere/message.eml"}).exit == 7);
  CHECK(site.run({"scan"}).exit == 2);
}
