#include "engine/grants.hpp"

#include "engine/engine.hpp"
#include "support/stored_person.hpp"
#include "support/temporary.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <algorithm>
#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::engine;
using namespace cred::test;
using namespace std::chrono_literals;

namespace {

const Actor root{"uid 0 (root) by credctl", 0, "uid 0", "credctl"};
constexpr Role operator_role = Role::operator_;

struct Site : TestRealm {
  Site() { configuration.fill_in_directories(); }
  Engine engine() const { return value_or_throw(Engine::open(configuration, clock)); }
  Grant add(const std::string& holder, Duration time = 2h) const {
    return value_or_throw(open().add_grant(holder, operator_role, time, "ticket 4711", root));
  }
  std::vector<std::string> holders() const {
    std::vector<std::string> found;
    for (const auto& grant : value_or_throw(open().grants())) found.push_back(grant.holder);
    return found;
  }
  int count(const std::string& event) const {
    int found = 0;
    value_or_throw(open().trail(0, [&](const TrailEntry& entry) {
      found += entry.event == event ? 1 : 0;
      return true;
    }));
    return found;
  }
  void execute(const std::string& sql) const {
    SQLite::Database(directory / "cred.db", SQLite::OPEN_READWRITE).exec(sql);
  }
  // A login writes, and with it the realm's head sees the time.
  void somebody_logs_in() const { (void)login("ben", "Tanne-Wolkenberg17"); }
};

using Holders = std::vector<std::string>;

}  // namespace

TEST_CASE("a grant is in force for its time, and not a moment longer") {
  const Site site;
  const Grant grant = site.add("alice");
  CHECK(grant.number == 1);
  CHECK(site.add("@support", 4h).number == 2);
  CHECK(site.holders() == Holders{"alice", "@support"});
  site.clock->advance(2h - 1ms);
  CHECK(site.holders() == Holders{"alice", "@support"});
  site.clock->advance(1ms);
  CHECK(site.holders() == Holders{"@support"});
  CHECK(value_or_throw(site.open().end_grants()) == 1);
  CHECK(value_or_throw(site.open().end_grants()) == 0);
  CHECK(site.count("grant_added") == 2);
  CHECK(site.count("grant_ended") == 1);
  // A number is never given twice.
  CHECK(site.add("alice").number == 3);
}

TEST_CASE("maintain ends grants whose time is over") {
  const Site site;
  site.add("alice");
  site.clock->advance(3h);
  bool told = false;
  for (const auto& done : value_or_throw(site.engine().maintain(root)))
    told |= done.what == "ended 1 grants: their time was over";
  CHECK(told);
  CHECK(site.count("grant_ended") == 1);
}

TEST_CASE("what a grant may be") {
  const Site site;
  const auto refused = [&](const std::string& holder, Duration time, const std::string& reason) {
    const auto added = site.open().add_grant(holder, operator_role, time, reason, root);
    return !added && added.error().code == Code::usage;
  };
  for (const char* holder : {"", "@", "@@a", "a b", "a/b", "a:b", "-a", "\xff"})
    CHECK(refused(holder, 2h, "r"));
  CHECK(refused(std::string(65, 'a'), 2h, "r"));
  CHECK(refused("alice", 0ms, "r"));
  CHECK(refused("alice", longest_grant + 1ms, "r"));
  CHECK(refused("alice", 2h, ""));
  CHECK(refused("alice", 2h, "two\nlines"));
  CHECK(site.open().add_grant("alice", operator_role, longest_grant, "r", root));
  CHECK(parse_role("operater").error().message.find("did you mean 'operator'?") !=
        std::string::npos);
}

TEST_CASE("what somebody grants under a grant ends no later") {
  const Site site;
  const Time end = site.clock->now() + 1h;
  const auto add = [&](Duration time) {
    return site.open().add_grant("carol", Role::owner, time, "r", root, end);
  };
  CHECK(add(1h));
  CHECK(add(1h + 1ms).error().code == Code::usage);
}

TEST_CASE("a grant that was taken back is gone, and one that there is not is not found") {
  const Site site;
  site.add("alice");
  site.add("alice", 4h);
  site.add("bob");
  CHECK(value_or_throw(site.open().remove_grants("alice", root)) == 2);
  CHECK(site.holders() == Holders{"bob"});
  CHECK(site.open().remove_grants("alice", root).error().code == Code::not_found);
  CHECK(site.count("grant_ended") == 2);
}

TEST_CASE("a clock that is set back brings no ended grant to life again") {
  const Site site;
  site.enrol("ben", "Tanne-Wolkenberg17");
  const Time then = site.clock->now();
  site.add("alice");
  site.clock->advance(3h);
  SECTION("after somebody looked for it") { (void)value_or_throw(site.open().end_grants()); }
  SECTION("after anything was written") { site.somebody_logs_in(); }
  site.clock->set(then + 1h);
  CHECK(site.holders().empty());
  // Nor is one in force before it began.
  const Site other;
  other.add("alice");
  other.clock->advance(-1h);
  CHECK(other.holders().empty());
  other.clock->advance(1h);
  CHECK(other.holders() == Holders{"alice"});
}

TEST_CASE("a clock that was ahead once keeps grants neither from being given nor from ending") {
  const Site site;
  site.enrol("ben", "Tanne-Wolkenberg17");
  const Time now = site.clock->now();
  site.clock->advance(24h * 365);
  site.somebody_logs_in();
  site.clock->set(now);
  site.add("alice");
  site.somebody_logs_in();
  CHECK(site.holders() == Holders{"alice"});
  site.clock->advance(2h);
  CHECK(site.holders().empty());
}

TEST_CASE("promise: who writes the database, but has no key, makes no grant and prolongs none") {
  const Site site;
  site.execute("CREATE TABLE kept (generation, sealed)");
  site.add("alice", 24h);
  site.execute("INSERT INTO kept SELECT generation, sealed FROM document WHERE name = 'grants'");
  REQUIRE(site.open().remove_grants("alice", root));
  const auto grants = [&] {
    const auto found = site.open().grants();
    return found ? Code::accepted : found.error().code;
  };
  REQUIRE(grants() == Code::accepted);
  SECTION("by an older list under the new generation") {
    site.execute("UPDATE document SET sealed = (SELECT sealed FROM kept) WHERE name = 'grants'");
  }
  SECTION("by an older list under its own generation") {
    site.execute(
        "UPDATE document SET (generation, sealed) = (SELECT generation, sealed FROM kept) WHERE "
        "name = 'grants'");
  }
  SECTION("by other bytes") {
    site.execute("UPDATE document SET sealed = zeroblob(length(sealed)) WHERE name = 'grants'");
  }
  SECTION("by none") { site.execute("DELETE FROM document WHERE name = 'grants'"); }
  CHECK(grants() == Code::integrity);
}

TEST_CASE("a restore ends every grant") {
  const Site site;
  site.enrol("ben", "Tanne-Wolkenberg17");
  site.add("alice", 24h);
  value_or_throw(site.engine().create_backup(root));
  site.clock->advance(1min);
  REQUIRE(site.open().remove_grants("alice", root));
  site.add("bob", 24h);
  site.clock->advance(1min);
  if (GENERATE(false, true))
    for (const char* part : {"", "-wal", "-shm"})
      std::filesystem::remove(site.directory / ("cred.db" + std::string(part)));
  if (GENERATE(false, true)) std::filesystem::remove_all(site.configuration.journal_directory);
  RestoreRequest request;
  // Without its journal the store is older than the anchor, which an administrator knows.
  value_or_throw(Engine::restore(site.configuration, site.clock, {}, request, root));
  CHECK(site.holders().empty());
  CHECK(site.count("grant_ended") >= 1);
  CHECK(site.add("carol").number >= 2);
  CHECK(site.holders() == Holders{"carol"});
  CHECK(value_or_throw(site.open().verify_trail()).first_bad == std::nullopt);
}

TEST_CASE("a store that is older than it was comes without its grants") {
  const Site site;
  site.add("alice", 24h);
  const auto copy = site.directory / "older";
  SQLite::Database(site.directory / "cred.db", SQLite::OPEN_READWRITE)
      .exec("PRAGMA wal_checkpoint(TRUNCATE)");
  std::filesystem::copy_file(site.directory / "cred.db", copy);
  REQUIRE(site.open().remove_grants("alice", root));
  for (const char* part : {"", "-wal", "-shm"})
    std::filesystem::remove(site.directory / ("cred.db" + std::string(part)));
  std::filesystem::copy_file(copy, site.directory / "cred.db");
  REQUIRE(site.engine().accept_rollback("system", "a disk image", root));
  CHECK(site.holders().empty());
  site.add("carol");
  CHECK(site.holders() == Holders{"carol"});
}

TEST_CASE("a grant outlives the key that sealed it") {
  const Site site;
  site.add("alice");
  REQUIRE(site.open().rotate_data_key(root));
  CHECK(site.holders() == Holders{"alice"});
  site.clock->advance(1h);
  REQUIRE(site.open().destroy_retired_keys(site.clock->now(), root));
  CHECK(site.holders() == Holders{"alice"});
}

TEST_CASE("an erased person is in no list of grants, today's and the journal's") {
  const Site site;
  site.enrol("ann-marie", "Tanne-Wolkenberg17");
  site.add("ann-marie");
  REQUIRE(site.open().add_grant("@support", Role::viewer, 2h, "asked for by Ann-Marie", root));
  REQUIRE(site.open().erase("ann-marie", root));
  CHECK(site.holders() == Holders{"@support"});
  CHECK(value_or_throw(site.open().grants()).front().reason.empty());
  const auto vault = stored_vault(site.configuration.store_url, site.configuration.root_key_url);
  int lists = 0;
  for (const auto& item :
       journal_items(site.configuration.store_url, site.configuration.root_key_url,
                     site.configuration.journal_directory)) {
    const auto* named = std::get_if<NamedDocument>(&item);
    if (named == nullptr || named->name != grants_document) continue;
    ++lists;
    const auto opened = value_or_throw(vault.open_kept(
        place_of_document(named->name, named->document.generation), named->document.sealed));
    const std::string text(opened.chars(), opened.size());
    CHECK(text.find("ann-marie") == std::string::npos);
    CHECK(text.find("Ann-Marie") == std::string::npos);
  }
  CHECK(lists == 3);
}

TEST_CASE("the trail says by what right others than root acted") {
  const Site site;
  site.enrol("ben", "Tanne-Wolkenberg17");
  Actor alice{"uid 7 (alice) by credctl", 7, "uid 7", "credctl", "/dev/pts/1"};
  alice.right = "operator by grant 1";
  REQUIRE(site.open().expire("ben", alice));
  REQUIRE(site.open().compromise("ben", "seen in a list", false, alice));
  REQUIRE(site.open().note_use(audit::Event::viewed, "no-such-account", alice, "status"));
  Holders details;
  value_or_throw(site.open().trail(0, [&](const TrailEntry& entry) {
    if (entry.uid == 7U) details.push_back(entry.event + " " + entry.account + ": " + entry.detail);
    return true;
  }));
  CHECK(details == Holders{"expired ben: (as operator by grant 1)",
                           "compromised ben: seen in a list (as operator by grant 1)",
                           "viewed : status (as operator by grant 1)"});
}

TEST_CASE("a list of grants comes back from its bytes, and no other list does") {
  GrantList list;
  list.next = 4;
  list.grants.push_back(
      {3, "@support", Role::helpdesk, Time(1h), Time(3h), "why", "who", Time(2h)});
  const auto bytes = encode(list);
  const auto again = value_or_throw(decode_grants(bytes));
  REQUIRE(again.grants.size() == 1);
  CHECK(again.next == 4);
  CHECK(encode(again) == bytes);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    CHECK_FALSE(decode_grants(std::span(bytes).first(size)));
  auto wrong = bytes;
  wrong[1 + 8 + 4 + 8] = std::byte{6};  // no role has this number
  CHECK_FALSE(decode_grants(wrong));
  wrong = bytes;
  wrong.push_back(std::byte{});
  CHECK_FALSE(decode_grants(wrong));
}
