// Every byte position of what is sealed or has a MAC is altered: each is noticed.

#include "attacked_store.hpp"
#include "engine/store_check.hpp"

#include <functional>

using namespace cred;
using namespace cred::engine;
using namespace cred::test;
using std::chrono::days;

namespace {

// Each byte of a column's value is altered in turn, by one bit.
class Flips {
 public:
  Flips(const World& world, std::string table, std::string column, std::string where)
      : database_(world.database()),
        set_("UPDATE " + table + " SET " + column + " = ? WHERE " + where),
        get_("SELECT " + column + " FROM " + table + " WHERE " + where) {}

  // `still_good` answers whether nobody noticed. Gives the positions where nobody did.
  std::vector<std::size_t> unnoticed(const std::function<bool()>& still_good) {
    const std::vector<std::byte> whole = value();
    REQUIRE_FALSE(whole.empty());
    REQUIRE(still_good());
    std::vector<std::size_t> positions;
    for (std::size_t i = 0; i < whole.size(); ++i) {
      auto altered = whole;
      altered[i] ^= std::byte{static_cast<unsigned char>(1U << (i % 8))};
      put(altered);
      if (still_good()) positions.push_back(i);
    }
    put(whole);
    REQUIRE(still_good());
    return positions;
  }

 private:
  std::vector<std::byte> value() {
    SQLite::Statement query(database_, get_);
    REQUIRE(query.executeStep());
    const auto* bytes = static_cast<const std::byte*>(query.getColumn(0).getBlob());
    return {bytes, bytes + query.getColumn(0).getBytes()};
  }
  void put(const std::vector<std::byte>& bytes) {
    SQLite::Statement update(database_, set_);
    update.bind(1, bytes.data(), static_cast<int>(bytes.size()));
    REQUIRE(update.exec() == 1);
  }

  SQLite::Database database_;
  const std::string set_;
  const std::string get_;
};

const std::string alice_row = "name = 'alice'";

}  // namespace

TEST_CASE("promise: no byte of what a login reads is altered without notice") {
  const OldWorld world;
  const auto login = [&] {
    const Code code = world.login("alice", hers);
    CHECK((code == Code::integrity || code == Code::accepted));
    return code == Code::accepted;
  };
  const auto check = [&](const char* table, const char* column, const std::string& where) {
    INFO(table << "." << column);
    CHECK(Flips(world, table, column, where).unnoticed(login) == std::vector<std::size_t>{});
  };
  check("account", "credential", alice_row);
  check("account", "id", alice_row);
  check("realm_key", "wrapped", "number = 0");
  check("realm_key", "wrapped", "number = 1");
  // Each login writes the head anew.
  const auto opens = [&] {
    const auto opened = world.realm();
    CHECK((opened || opened.error().code == Code::integrity));
    return opened.has_value();
  };
  CHECK(Flips(world, "head", "record", "1").unnoticed(opens) == std::vector<std::size_t>{});
}

TEST_CASE("promise: no byte of what a login does not read is altered without notice") {
  const OldWorld world;
  const auto parts = world.parts();
  const auto whole = [&] {
    return at_the_door([&]() -> Expected<void> {
             RealmState state(*parts, store::Access::read);
             (void)check_store(state);
             return {};
           })
        .has_value();
  };
  const auto check = [&](const char* table, const char* column, const std::string& where) {
    INFO(table << "." << column);
    CHECK(Flips(world, table, column, where).unnoticed(whole) == std::vector<std::size_t>{});
  };
  check("account", "profile", alice_row);
  check("account", "history", alice_row);
  check("attempts", "label", "subject = (SELECT min(subject) FROM attempts WHERE label <> x'')");
  check("attempts", "last_login", "last_login <> x''");
  check("node", "digests", "level = 0");
  check("node", "digests",
        "level = 2 AND position = (SELECT bucket >> 6 FROM account WHERE " + alice_row + ")");
  check("document", "sealed", "name = 'erased_bodies'");
  check("tombstone", "mac", "1");
  check("tombstone", "account", "1");
  check("outbox", "entry", "number = (SELECT max(number) FROM outbox)");
}

TEST_CASE("promise: no byte of the trail is altered without notice") {
  const OldWorld world;
  auto realm = world.open();
  const auto whole = [&] {
    const auto check = realm.verify_trail();
    return check && !check->first_bad;
  };
  const auto check = [&](const char* table, const char* column) {
    INFO(table << "." << column);
    CHECK(Flips(world, table, column,
                std::string("number = (SELECT max(number) - 2 FROM ") +
                    (table == std::string("checkpoint") ? "checkpoint" : "audit_body") + ")")
              .unnoticed(whole) == std::vector<std::size_t>{});
  };
  check("audit", "record");
  check("audit", "mac");
  check("audit_body", "body");
  check("audit_body", "account");
  check("checkpoint", "record");
}

TEST_CASE("promise: no byte of an entry of the journal is altered without notice") {
  const OldWorld world;
  const auto parts = world.parts();
  journal::Entry last;
  parts->journal.read(0, [&](const journal::Entry& entry) {
    last = entry;
    return true;
  });
  REQUIRE(last.number > 0);
  const auto opens = [&] {
    return parts->vault()->open_kept(place_of_entry(last.number), last.bytes).has_value();
  };
  REQUIRE(opens());
  for (auto& byte : last.bytes) {
    byte ^= std::byte{1};
    CHECK_FALSE(opens());
    byte ^= std::byte{1};
  }
}

TEST_CASE("promise: no byte of the anchor makes yesterday's file pass") {
  World world;
  const auto yesterday = world.keep();
  for (int i = 0; i < 3; ++i) REQUIRE(world.realm()->expire("mallory", admin));
  REQUIRE(world.realm()->change("alice", secret(hers), secret(her_next), admin)->code ==
          Code::accepted);
  const auto today = world.keep();
  // The journal is gone as well: the anchor alone tells.
  world.put_back(yesterday, {"cred.db", "journal"});
  const fs::path anchor = world.root() / "anchor" / world.id();
  const std::string whole = today.files.at("anchor/" + world.id());
  for (std::size_t i = 0; i < whole.size(); ++i) {
    if (i == 64) i = 4096;  // zeros between the slots
    std::string altered = whole;
    altered[i] = static_cast<char>(altered[i] ^ 1);
    std::ofstream(anchor, std::ios::binary) << altered;
    INFO("byte " << i);
    CHECK(world.login("alice", hers) == Code::integrity);
  }
}
