// The trail, as credctl reads it.
#include "site.hpp"

#include <catch2/catch.hpp>

using nlohmann::json;

namespace {

// ann is enrolled, reset and marked; ben is enrolled: records 1 to 4.
struct World {
  Site site;
  World() {
    site.configure(cheap_hash);
    site.init();
    site.add("ann");
    site.reset("ann", other_password);
    site.add("ben");
    REQUIRE(site.run({"compromise", "ann", "--reason", "seen in a paste"}).exit == 0);
  }
  json shown(Site::Words words) const {
    words.insert(words.begin(), {"--json", "audit", "show"});
    const auto done = site.run(words);
    REQUIRE(done.exit == 0);
    return json::parse(done.out)["records"];
  }
  json verified(int exit) const {
    const auto done = site.run({"--json", "audit", "verify"});
    CHECK(done.exit == exit);
    return json::parse(done.out);
  }
};

}  // namespace

TEST_CASE("the trail is shown with who did what to whom, and filtered") {
  const World world;
  const auto all = world.shown({});
  REQUIRE(all.size() == 4);
  CHECK(all[0]["number"] == 1);
  CHECK(all[0]["event"] == "enrolled");
  CHECK(all[0]["account"] == "ann");
  CHECK(all[3]["event"] == "compromised");
  CHECK(all[3]["detail"] == "seen in a paste");
  CHECK(all[3]["actor"].get<std::string>().find("credctl") != std::string::npos);
  CHECK(world.shown({"--account", "ben"}).size() == 1);
  CHECK(world.shown({"--account", "ann", "--event", "reset"}).size() == 1);
  CHECK(world.shown({"--since", "1h"}).size() == 4);
  CHECK(world.shown({"--since", "2999-01-01"}).empty());
  const auto text = world.site.run({"audit", "show", "--event", "compromised"});
  CHECK(text.out.find("seen in a paste") != std::string::npos);
  CHECK(text.out.find("enrolled") == std::string::npos);
  CHECK(world.site.run({"audit", "show", "--since", "yesterday"}).exit == 2);
  CHECK(world.site.run({"--realm", "shop", "audit", "show"}).exit == 5);
}

TEST_CASE("a trail that nobody touched is whole") {
  const World world;
  const auto whole = world.verified(0);
  CHECK(whole["records"] == 4);
  CHECK(whole["first_bad"].is_null());
}

TEST_CASE("promise: a record that was edited, taken out or exchanged is named") {
  const World world;
  const auto spoilt = [&](const std::string& sql) {
    const auto before = world.site.files();
    world.site.sql(sql);
    const auto found = world.verified(9);
    CHECK(found["status"] == "integrity");
    world.site.restore(before);
    return found["first_bad"].get<int>();
  };
  // One byte of the record's end, and of the time.
  CHECK(
      spoilt(
          "UPDATE audit SET record = CAST(substr(record, 1, length(record) - 1) || x'21' AS BLOB) "
          "WHERE number = 4") == 4);
  CHECK(spoilt("UPDATE audit SET record = CAST(substr(record, 1, 8) || x'00' || substr(record, 10) "
               "AS BLOB) "
               "WHERE number = 2") == 2);
  CHECK(spoilt("DELETE FROM audit WHERE number = 2") == 2);
  CHECK(spoilt("DELETE FROM audit WHERE number = 1") == 1);
  CHECK(spoilt("UPDATE audit SET number = 9 WHERE number = 2; UPDATE audit SET number = 2 WHERE "
               "number = 3; UPDATE audit SET number = 3 WHERE number = 9") == 2);
  CHECK(spoilt("UPDATE audit SET mac = zeroblob(32) WHERE number = 3") == 3);
  CHECK(world.verified(0)["records"] == 4);
}

TEST_CASE("records that follow a bad one are bad as well, and a new one does not mend them") {
  const World world;
  world.site.sql("DELETE FROM audit WHERE number = 3");
  REQUIRE(world.site.run({"expire", "ben"}).exit == 0);
  CHECK(world.verified(9)["first_bad"] == 3);
}

TEST_CASE("records leave as JSON, syslog or CEF, one a line, into a file that is new") {
  const World world;
  const auto exported = [&](const char* format) {
    const auto done = world.site.run({"audit", "export", "--format", format, "--event", "reset"});
    CHECK(done.exit == 0);
    CHECK(std::count(done.out.begin(), done.out.end(), '\n') == 1);
    return done.out;
  };
  CHECK(json::parse(exported("json"))["event"] == "reset");
  CHECK(exported("syslog").find("event=\"reset\"") != std::string::npos);
  CHECK(exported("cef").starts_with("CEF:0|"));
  const std::string file = world.site.path() / "trail.json";
  REQUIRE(world.site.run({"audit", "export", "--output", file}).exit == 0);
  CHECK(content(file).find("enrolled") != std::string::npos);
  CHECK(world.site.run({"audit", "export", "--output", file}).exit == 2);
  CHECK(world.site.run({"audit", "export", "--format", "xml"}).exit == 2);
}

TEST_CASE("an event that there is not is refused with the nearest right word") {
  const World world;
  const auto done = world.site.run({"audit", "show", "--event", "compromized"});
  CHECK(done.exit == 2);
  CHECK(done.err.find("compromised") != std::string::npos);
}

TEST_CASE("a trail that begins with another key than the one that was written down is bad") {
  const World world;
  const auto whole = world.verified(0);
  const std::string fingerprint = whole["fingerprint"];
  CHECK(world.site.run({"audit", "verify", "--fingerprint", fingerprint}).exit == 0);
  std::string other = fingerprint;
  other[0] = other[0] == '0' ? '1' : '0';
  CHECK(world.site.run({"audit", "verify", "--fingerprint", other}).exit == 9);
}

TEST_CASE("a trail that is cut off at its end is noticed") {
  const World world;
  world.site.sql("DELETE FROM audit WHERE number = 4");
  CHECK(world.verified(9)["first_bad"] == 4);
}
