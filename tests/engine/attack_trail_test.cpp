// Attacks on the trail: nothing is edited, taken out, put in or forgotten without notice.

#include "attacked_store.hpp"
#include "audit/checkpoint.hpp"

using namespace cred;
using namespace cred::engine;
using namespace cred::test;
using std::chrono::days;

TEST_CASE("promise: the trail can neither be edited, cut off, nor brought out of order") {
  OldWorld world;
  REQUIRE(world.first_bad() == "");
  const std::string attack = GENERATE(
      // Gone.
      "DELETE FROM audit", "DELETE FROM audit WHERE number = 5",
      "DELETE FROM audit WHERE number > 9",
      "DELETE FROM audit WHERE number = (SELECT max(number) FROM audit)",
      "DELETE FROM audit WHERE number = 1",
      // Renumbered, so that no gap shows.
      "DELETE FROM audit WHERE number = 5; UPDATE audit SET number = -number WHERE number > 5; "
      "UPDATE audit SET number = -number - 1 WHERE number < 0",
      // Two exchanged.
      "UPDATE audit SET number = -5 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = "
      "6; UPDATE audit SET number = 6 WHERE number = -5",
      "UPDATE audit SET record = (SELECT record FROM audit WHERE number = 6) WHERE number = 5",
      // With their bodies.
      "UPDATE audit SET number = -5 WHERE number = 5; UPDATE audit SET number = 5 WHERE number = "
      "6; UPDATE audit SET number = 6 WHERE number = -5; UPDATE audit_body SET number = -5 WHERE "
      "number = 5; UPDATE audit_body SET number = 5 WHERE number = 6; UPDATE audit_body SET number "
      "= 6 WHERE number = -5",
      // One more.
      "INSERT INTO audit SELECT realm, number + 1, record, mac FROM audit ORDER BY number DESC "
      "LIMIT 1",
      // Of bodies and checkpoints.
      "DELETE FROM audit_body WHERE number = 6", "UPDATE audit_body SET account = randomblob(16)",
      "DELETE FROM checkpoint WHERE number = (SELECT max(number) FROM checkpoint)",
      "DELETE FROM checkpoint WHERE number = (SELECT min(number) FROM checkpoint)",
      "UPDATE checkpoint SET number = number + 1 WHERE number = (SELECT max(number) FROM "
      "checkpoint)");
  INFO(attack);
  world.sql(attack);
  CHECK(world.first_bad() != "");
}

TEST_CASE("promise: a body that was erased does not come back") {
  World world;
  world.enrol("gone", "Zebra-Crossing-19");
  world.sql("CREATE TABLE bodies AS SELECT * FROM audit_body");
  const std::string document = "SELECT count(*) FROM document WHERE name = 'erased_bodies'";
  REQUIRE(world.realm()->erase("gone", admin));
  REQUIRE(world.text(document) == "1");
  world.sql("INSERT OR IGNORE INTO audit_body SELECT * FROM bodies");
  const auto check = value_or_throw(world.realm()->verify_trail());
  CHECK(check.first_bad);
  CHECK(check.why == "its body was erased and is back");
}

TEST_CASE("promise: nobody writes into the part of the trail that was forgotten") {
  OldWorld world;
  world.sql("CREATE TABLE old AS SELECT * FROM audit");
  REQUIRE(*world.realm()->prune_trail(world.clock->now() - days(5), admin) > 3);
  world.sql("INSERT INTO audit SELECT * FROM old WHERE number = 2");
  CHECK(world.first_bad().starts_with("2: "));
  REQUIRE(world.realm()->trail(0, [&](const TrailEntry& entry) {
    CHECK(entry.number > 2);
    return true;
  }));
}

TEST_CASE("promise: records do not become old by an edit, nor are altered ones forgotten") {
  OldWorld world;
  const Time before = world.clock->now() - days(100);
  REQUIRE(*world.realm()->prune_trail(before, admin) == 0);
  SECTION("all of them of long ago") {
    // The time is in the record's first bytes, and in the checkpoint's.
    auto database = world.database();
    for (const char* table : {"audit", "checkpoint"}) {
      SQLite::Statement query(database, std::string("SELECT number, record FROM ") + table);
      std::map<std::int64_t, std::vector<char>> records;
      while (query.executeStep()) {
        const auto* bytes = static_cast<const char*>(query.getColumn(1).getBlob());
        records[query.getColumn(0).getInt64()] = {bytes, bytes + query.getColumn(1).getBytes()};
      }
      // The milliseconds of these years begin so.
      for (auto& [number, record] : records) {
        const std::string now{"\x00\x00\x01\xa3", 4};
        const auto at = std::search(record.begin(), record.end(), now.begin(), now.end());
        REQUIRE(at != record.end());
        at[3] = 1;
        SQLite::Statement update(database, std::string("UPDATE ") + table +
                                               " SET record = ? WHERE number = ?");
        update.bind(1, record.data(), static_cast<int>(record.size()));
        update.bind(2, number);
        update.exec();
      }
    }
    const auto pruned = world.realm()->prune_trail(before, admin);
    REQUIRE_FALSE(pruned);
    CHECK(pruned.error().code == Code::integrity);
  }
  SECTION("one of the old ones altered") {
    world.sql(
        "UPDATE audit SET record = (SELECT record FROM audit WHERE number = 4) WHERE number = 3");
    const auto pruned = world.realm()->prune_trail(world.clock->now(), admin);
    REQUIRE_FALSE(pruned);
    CHECK(pruned.error().message.find("record 3") != std::string::npos);
  }
  CHECK(world.text("SELECT min(number) FROM audit") == "1");
}
