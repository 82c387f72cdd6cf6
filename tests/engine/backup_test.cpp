// Backups, and the way back to any moment.

#include "engine/backup_parts.hpp"
#include "engine/realm_state.hpp"
#include "engine/rebuild.hpp"
#include "engine/scratch_file.hpp"
#include "engine/units.hpp"
#include "vault/root_key.hpp"

#include "support/temporary.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <filesystem>
#include <fstream>
#include <map>
#include <optional>
#include <random>

using namespace cred;
using namespace cred::engine;
using namespace cred::test;
namespace fs = std::filesystem;

namespace {

const Actor tester{"test"};

// A realm whose parts a test may use as the engine does.
struct Site : TestRealm {
  Site() { configuration.fill_in_directories(); }

  Engine engine() const { return value_or_throw(Engine::open(configuration, clock)); }
  std::unique_ptr<Realm::Parts> parts(const std::string& name = "system") const {
    const auto store = std::shared_ptr<store::Store>(store::open(configuration.store_url));
    auto realm = store->realm(name);
    const auto root = std::make_shared<RootKey>(configuration.root_key_url);
    auto keys = std::make_shared<RealmKeys>(root, realm->row().id, realm->keys());
    return std::make_unique<Realm::Parts>(std::move(realm), keys, configuration, clock,
                                          std::make_shared<Arenas>(256 * 1024, 64),
                                          audit::EventSink{});
  }
  std::string backup() const { return value_or_throw(engine().create_backup(tester)).name; }
  Expected<RestoreReport> restore(const RestoreRequest& request = {}) const {
    return Engine::restore(configuration, clock, {}, request, tester);
  }
  RestoreReport restored(std::optional<Time> at = {}) const {
    RestoreRequest request;
    request.at = at;
    auto report = value_or_throw(restore(request));
    CHECK(report.warning.empty());
    CHECK(report.in_place);
    return report;
  }
  void erase(const std::string& name) const {
    const auto p = parts();
    RealmChange change(*p);
    const auto account = change.find(name);
    REQUIRE(account);
    change.remove(*account);
    change.commit();
  }
  void reset(const std::string& name, const std::string& password) const {
    auto done = open().reset(name, secret(password), false, tester);
    REQUIRE(done);
    REQUIRE(done->code == Code::accepted);
  }
  Status status(const std::string& name) const { return value_or_throw(open().status(name)); }
  std::vector<std::string> names(const std::string& realm = "system") const {
    std::vector<std::string> found;
    auto engine = this->engine();
    value_or_throw(value_or_throw(engine.realm(realm)).list([&](const Status& s) {
      found.push_back(s.name);
      return true;
    }));
    return found;
  }
  void trail_is_whole() const {
    const auto check = value_or_throw(open().verify_trail());
    CHECK(check.first_bad == std::nullopt);
    INFO(check.why);
    CHECK(check.why.empty());
  }
  std::vector<std::string> events() const {
    std::vector<std::string> words;
    value_or_throw(open().trail(0, [&](const TrailEntry& entry) {
      words.push_back(entry.event);
      return true;
    }));
    return words;
  }
  Time later(Duration by = std::chrono::minutes(1)) const {
    clock->advance(by);
    return clock->now();
  }
  void lose_the_store() const {
    for (const char* part : {"", "-wal", "-shm"})
      fs::remove(directory / ("cred.db" + std::string(part)));
  }
  std::string system_id() const { return to_string(parts()->store->row().id); }
};

void flip(const fs::path& file, std::uintmax_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const int byte = stream.get();
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ 1));
}

std::string bytes_of(const fs::path& file) {
  std::ifstream stream(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(stream), {}};
}

constexpr const char* first = "Correct-Horse-42";
constexpr const char* second = "Battery-Staple-77";
constexpr const char* third = "Zebra-Crossing-19";

// What is true of an account, kept apart from the engine.
struct Known {
  std::uint64_t generation = 1;
  State state = State::active;
  Demand demand = Demand::none;
  Time set_at{};
  std::string email;
  bool operator==(const Known&) const = default;
};

class Model {
 public:
  void set(const std::string& name, Time at, const Known& known) {
    past_[name].push_back({at, known});
  }
  std::map<std::string, Known> at(Time time) const {
    std::map<std::string, Known> then;
    for (const auto& [name, states] : past_)
      for (const auto& [since, known] : states)
        if (since <= time) then[name] = known;
    return then;
  }

 private:
  std::map<std::string, std::vector<std::pair<Time, Known>>> past_;
};

std::map<std::string, Known> accounts_of(const vault::Vault& vault,
                                         store::Transaction& transaction) {
  std::map<std::string, Known> found;
  for (const auto& row : transaction.list("", 100'000)) {
    const auto open = [&](vault::Field field, const store::Blob& sealed) {
      return value_or_throw(vault.open_kept({row.id, row.name, field, row.generation}, sealed));
    };
    const auto credential =
        value_or_throw(decode_credential(open(vault::Field::credential, row.credential).bytes()));
    const auto profile =
        value_or_throw(decode_profile(open(vault::Field::profile, row.profile).bytes()));
    found[row.name] = {row.generation, credential.state, credential.demand, credential.set_at,
                       profile.email};
  }
  return found;
}

}  // namespace

TEST_CASE("promise: any moment since the oldest backup comes back record by record") {
  // So many changes wait too long for a disk.
  const InMemory in_memory;
  const Site site;
  const bool soak = std::getenv("CRED_SOAK") != nullptr;
  const int changes = 10'000;
  const int moments = 50;
  std::mt19937 random(soak ? std::random_device{}() : 20261125U);
  const auto below = [&](std::size_t n) { return random() % n; };
  Model model;
  std::map<std::string, Known> now;
  std::vector<std::string> names;
  auto engine = site.engine();
  auto realm = value_or_throw(engine.realm("system"));
  value_or_throw(engine.create_backup(tester));
  const Time begin = site.clock->now();
  for (int i = 0; i < changes; ++i) {
    // Often several in the same millisecond.
    site.clock->advance(std::chrono::milliseconds(below(3) == 0 ? 0 : below(90'000)));
    const Time at = site.clock->now();
    const std::string password =
        "Zq7-" + std::to_string(random()) + "-Kx!" + std::to_string(random());
    if (names.size() < 40 && (names.empty() || below(100) == 0)) {
      const std::string name = "user" + std::to_string(names.size());
      Profile profile;
      profile.email = "first@example.org";
      REQUIRE(value_or_throw(realm.enrol(name, profile, secret(password), false, tester)).code ==
              Code::accepted);
      names.push_back(name);
      now[name] = {1, State::active, Demand::none, at, profile.email};
      model.set(name, at, now[name]);
      continue;
    }
    const std::string& name = names[below(names.size())];
    Known& known = now[name];
    switch (below(6)) {
      case 0:
      case 1:
      case 2:
        known.email = "mail" + std::to_string(i) + "@example.org";
        REQUIRE(realm.set_profile(
            name, [&](Profile& p) { p.email = known.email; }, tester));
        break;
      case 3: {
        const State other = known.state == State::active ? State::locked : State::active;
        REQUIRE(realm.set_state(name, known.state, other, tester));
        known.state = other;
        break;
      }
      case 4:
        REQUIRE(realm.compromise(name, "seen", false, tester));
        known.demand = Demand::compromised;
        break;
      default:
        REQUIRE(value_or_throw(realm.reset(name, secret(password), false, tester)).code ==
                Code::accepted);
        known.set_at = at;
        known.demand = Demand::none;
    }
    ++known.generation;
    model.set(name, at, known);
    if (i % 2'300 == 2'299) value_or_throw(engine.create_backup(tester));
  }
  const auto span = static_cast<std::uint64_t>((site.clock->now() - begin).count());
  site.clock->advance(std::chrono::seconds(1));
  REQUIRE(site.clock->now() - begin < site.configuration.backup_retention);

  const auto root = std::make_shared<RootKey>(site.configuration.root_key_url);
  const backup::Directory directory(site.configuration.backup_directory);
  auto backups = directory.list(manifest_keys(*root));
  for (int i = 0; i < moments; ++i) {
    const Time at = begin + std::chrono::milliseconds(random() % span);
    INFO("at " << print_time(at));
    const auto expected = model.at(at);
    const ScratchFile file(site.directory / "then.db", "a test");
    const auto scratch = store::create_scratch(file.path());
    auto base = backups.begin();
    for (auto next = backups.begin(); next != backups.end(); ++next)
      if (next->manifest->realms.front().time <= at) base = next;
    Rebuild::Terms terms;
    terms.journals = site.configuration.journal_directory;
    Rebuild rebuild(root, *scratch, terms, {});
    rebuild.load(directory, *base);
    rebuild.replay(at);
    rebuild.check();
    const auto& then = rebuild.realms().begin()->second;
    const auto store = scratch->realm("system");
    CHECK(accounts_of(*then.vault, *store->begin(store::Access::read)) == expected);
  }

  // And the whole way, one moment after the other back.
  Time at = site.clock->now();
  for (int i = 0; i < 5; ++i) {
    at = begin +
         std::chrono::milliseconds(random() % static_cast<std::uint64_t>((at - begin).count()));
    INFO("restored to " << print_time(at));
    const auto expected = model.at(at);
    const auto newest =
        accounts_of(*site.parts()->vault(), *site.parts()->store->begin(store::Access::read));
    site.restored(at);
    const auto parts = site.parts();
    const auto found = accounts_of(*parts->vault(), *parts->store->begin(store::Access::read));
    REQUIRE(found.size() == expected.size());
    for (const auto& [name, then] : expected) {
      INFO(name);
      REQUIRE(found.contains(name));
      const Known& is = found.at(name);
      const Known& last = newest.at(name);
      CHECK(is.email == then.email);
      CHECK(is.set_at == then.set_at);
      const bool marked_and_locked =
          last.demand == Demand::compromised && last.state == State::locked;
      CHECK(is.state == (marked_and_locked ? State::locked : then.state));
      CHECK(is.generation >= last.generation);
      if (last.demand == Demand::compromised) CHECK(is.demand == Demand::compromised);
      if (last.set_at > then.set_at) CHECK(is.demand >= Demand::forced);
      if (last.set_at == then.set_at && last.demand == then.demand) CHECK(is.demand == then.demand);
    }
    site.trail_is_whole();
    site.clock->advance(std::chrono::seconds(1));
  }
}

TEST_CASE("what was erased after a moment stays erased when it is restored") {
  const Site site;
  for (const char* name : {"alice", "bob"}) site.enrol(name, first);
  site.backup();
  const Time then = site.later();
  site.later();
  site.erase("alice");
  SECTION("with the store") {}
  SECTION("when the store is gone") { site.lose_the_store(); }
  site.later();
  const auto report = site.restored(then);
  CHECK(report.realms.front().erased == 1);
  CHECK(site.names() == std::vector<std::string>{"bob"});
  CHECK(site.login("bob", first) == Code::accepted);
  site.trail_is_whole();
}

TEST_CASE("a mark since a moment stays, with its lock, when it is restored") {
  const Site site;
  for (const char* name : {"alice", "bob", "carol"}) site.enrol(name, first);
  site.backup();
  const Time then = site.later();
  site.later();
  REQUIRE(site.open().compromise("alice", "seen in a list", false, tester));
  REQUIRE(site.open().compromise("bob", "seen in a list", true, tester));
  // Marked, and got another password: the marked one is what comes back.
  REQUIRE(site.open().compromise("carol", "seen in a list", false, tester));
  site.reset("carol", second);
  if (GENERATE(false, true)) site.lose_the_store();
  site.later();
  CHECK(site.restored(then).realms.front().compromised == 3);
  CHECK(site.status("alice").standing.reason == Reason::compromised);
  CHECK(site.status("bob").state == State::locked);
  CHECK(site.status("carol").standing.reason == Reason::compromised);
  CHECK(site.login("carol", first) == Code::must_change);
  CHECK(site.login("carol", second) == Code::refused);
}

TEST_CASE("a password that was changed since a moment has to be changed when it is restored") {
  const Site site;
  for (const char* name : {"alice", "bob"}) site.enrol(name, first);
  site.backup();
  const auto epoch = site.status("alice").session_epoch;
  const auto generation = site.status("alice").generation;
  const Time then = site.later();
  site.later();
  site.reset("alice", second);
  if (GENERATE(false, true)) site.lose_the_store();
  site.later();
  const auto report = site.restored(then);
  CHECK(report.realms.front().changed == 1);
  CHECK(report.realms.front().altered == 1);
  CHECK(site.login("alice", first) == Code::must_change);
  CHECK(site.login("alice", second) == Code::refused);
  CHECK(site.login("bob", first) == Code::accepted);
  CHECK(site.status("alice").session_epoch > epoch);
  CHECK(site.status("alice").generation > generation);
  // Neither comes back.
  for (const char* used : {first, second}) {
    const auto again = site.open().reset("alice", secret(used), false, tester);
    REQUIRE(again);
    CHECK(again->code == Code::refused);
  }
  site.reset("alice", third);
  CHECK(site.login("alice", third) == Code::accepted);
  const auto events = site.events();
  CHECK(std::count(events.begin(), events.end(), "restored") == 1);
  CHECK(std::count(events.begin(), events.end(), "reset") == 2);
  site.trail_is_whole();
}

TEST_CASE("failures that were counted since a moment still count when it is restored") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  const Time then = site.later();
  site.later();
  for (int i = 0; i < 3; ++i) CHECK(site.login("alice", "Wrong-Guess-1") == Code::refused);
  site.restored(then);
  CHECK(site.status("alice").failures == 3);
}

TEST_CASE("a store that is gone or destroyed comes back to its last change") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  site.later();
  site.enrol("bob", second);
  site.reset("alice", third);
  const bool gone = GENERATE(true, false);
  if (gone) {
    site.lose_the_store();
  } else {
    fs::remove(site.directory / "cred.db-wal");
    fs::remove(site.directory / "cred.db-shm");
    std::ofstream(site.directory / "cred.db", std::ios::binary) << std::string(8192, 'x');
  }
  const auto report = site.restored();
  CHECK_FALSE(report.live.empty());
  CHECK(report.moved_aside.empty() == gone);
  if (!gone) CHECK(bytes_of(report.moved_aside.front()) == std::string(8192, 'x'));
  CHECK(report.realms.front().new_checkpoints);
  CHECK(site.login("alice", third) == Code::accepted);
  CHECK(site.login("bob", second) == Code::accepted);
  site.trail_is_whole();
  // It goes on, and can be restored again.
  site.later(std::chrono::hours(30));
  site.enrol("carol", first);
  site.trail_is_whole();
  site.lose_the_store();
  site.restored();
  CHECK(site.names() == std::vector<std::string>{"alice", "bob", "carol"});
  CHECK_FALSE(fs::exists(site.directory / "cred.db.restoring"));
}

TEST_CASE("a realm that is in no backup yet comes from its journal alone") {
  const Site site;
  site.backup();
  site.later();
  auto engine = site.engine();
  value_or_throw(engine.add_realm("shop", tester));
  REQUIRE(value_or_throw(
              value_or_throw(engine.realm("shop")).enrol("zoe", {}, secret(first), false, tester))
              .code == Code::accepted);
  site.lose_the_store();
  site.restored();
  CHECK(site.names("shop") == std::vector<std::string>{"zoe"});
}

TEST_CASE("a realm that came after the moment stays as it is") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  const Time then = site.later();
  site.later();
  auto engine = site.engine();
  value_or_throw(engine.add_realm("shop", tester));
  REQUIRE(value_or_throw(
              value_or_throw(engine.realm("shop")).enrol("zoe", {}, secret(first), false, tester))
              .code == Code::accepted);
  if (GENERATE(false, true)) site.lose_the_store();
  site.restored(then);
  CHECK(site.names("shop") == std::vector<std::string>{"zoe"});
  CHECK(site.names() == std::vector<std::string>{"alice"});
}

TEST_CASE("a realm that was erased stays erased") {
  const Site site;
  auto engine = site.engine();
  value_or_throw(engine.add_realm("shop", tester));
  site.backup();
  const Time then = site.later();
  site.later();
  REQUIRE(engine.erase_realm("shop", tester));
  site.restored(then);
  CHECK(value_or_throw(site.engine().realms()) == std::vector<std::string>{"system"});
  // Later backups know of it, too.
  site.lose_the_store();
  site.restored();
  CHECK(value_or_throw(site.engine().realms()) == std::vector<std::string>{"system"});
  CHECK(store::open(site.configuration.store_url)->erased_realms().size() == 1);
}

TEST_CASE("the journal of a store that was set back leads along the way that was taken") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  site.later();
  site.enrol("bob", first);
  const auto parts = site.parts();
  journal::Mark mark;
  {
    // Everything is in one file when the last connection closes.
    RealmState state(*parts, store::Access::read);
    mark = {state.head().number, digest_of(state.vault(), state.head())};
  }
  store::open(site.configuration.store_url)->scrub();
  const std::string set_back = bytes_of(site.directory / "cred.db");
  site.later();
  site.enrol("carol", first);
  const Time with_carol = site.later();
  site.later();
  // As credctl accept-rollback does.
  const std::uint64_t lost = RealmState(*site.parts(), store::Access::read).head().number;
  site.lose_the_store();
  std::ofstream(site.directory / "cred.db", std::ios::binary) << set_back;
  parts->anchor.force(mark);
  {
    const auto accepted = site.parts();
    RealmChange change(*accepted);
    change.also(RunBegins{mark.number});
    change.head().number = lost + 10;
    change.commit();
  }
  site.later();
  site.enrol("dave", first);
  site.later();
  site.lose_the_store();
  SECTION("the end") {
    site.restored();
    CHECK(site.names() == std::vector<std::string>{"alice", "bob", "dave"});
  }
  SECTION("a moment on the way that was given up") {
    site.restored(with_carol);
    CHECK(site.names() == std::vector<std::string>{"alice", "bob", "carol"});
  }
  site.trail_is_whole();
}

TEST_CASE("a damaged backup is refused, and the store stays") {
  const Site site;
  site.enrol("alice", first);
  const auto name = site.backup();
  const backup::Directory directory(site.configuration.backup_directory);
  const bool manifest = GENERATE(true, false);
  const fs::path file = manifest ? directory.manifest_path(name) : directory.archive_path(name);
  const auto size = fs::file_size(file);
  flip(file, GENERATE(0, 1, 2) * (size - 1) / 2);
  site.later();
  site.enrol("bob", first);
  CHECK(verify_backup(site.configuration, name).error().code == Code::integrity);
  const auto report = site.restore();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::integrity);
  CHECK(site.names() == std::vector<std::string>{"alice", "bob"});
  CHECK_FALSE(fs::exists(site.directory / "cred.db.restoring"));
}

TEST_CASE("a damaged journal is named, and moments before the damage can be had") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  site.later();
  site.enrol("bob", first);
  const Time before = site.later();
  site.later();
  fs::path segment;
  for (const auto& entry :
       fs::directory_iterator(site.configuration.journal_directory + "/" + site.system_id()))
    if (entry.file_size() > 0 && entry.path() > segment) segment = entry.path();
  site.enrol("carol", first);
  const auto whole = bytes_of(segment).find_last_not_of('\0');
  site.enrol("dave", first);
  site.enrol("erin", first);
  flip(segment, whole + 100);
  CHECK(site.restore().error().code == Code::integrity);
  SECTION("with the store") {
    CHECK(site.restored(before).moved_aside.size() == 1);
    CHECK(site.names() == std::vector<std::string>{"alice", "bob"});
  }
  SECTION("without it") {
    site.lose_the_store();
    RestoreRequest request;
    request.at = before;
    const auto refused = site.restore(request);
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code == Code::integrity);
    CHECK(refused.error().message.find(segment.filename()) != std::string::npos);
    request.accept_damage = true;
    REQUIRE(site.restore(request));
    CHECK(site.names() == std::vector<std::string>{"alice", "bob"});
  }
  // The journal goes on.
  site.enrol("frank", first);
  site.lose_the_store();
  site.restored();
  CHECK(site.names() == std::vector<std::string>{"alice", "bob", "frank"});
}

TEST_CASE("changes that are missing from the journal are said to be missing") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  site.later();
  {
    // What is known to be in the journal is kept nowhere else.
    auto realm = site.open();
    for (const char* name : {"bob", "carol"})
      REQUIRE(realm.enrol(name, {}, secret(first), false, tester));
    fs::remove_all(site.configuration.journal_directory + "/" + site.system_id());
    REQUIRE(realm.enrol("dave", {}, secret(first), false, tester));
  }
  const auto report = site.restore();
  REQUIRE_FALSE(report);
  CHECK(report.error().code == Code::conflict);
  CHECK(site.names() == std::vector<std::string>{"alice", "bob", "carol", "dave"});
}

TEST_CASE("a moment before the first backup cannot be restored") {
  const Site site;
  const Time then = site.clock->now() - std::chrono::hours(24 * 100);
  site.enrol("alice", first);
  site.backup();
  RestoreRequest request;
  request.at = then;
  CHECK(site.restore(request).error().code == Code::not_found);
  request = {};
  request.from = "cred-20200101T000000Z";
  CHECK(site.restore(request).error().code == Code::not_found);
}

TEST_CASE("a dry run tells what a restore would do, and changes nothing") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  const Time then = site.later();
  site.later();
  site.reset("alice", second);
  RestoreRequest request;
  request.at = then;
  request.dry_run = true;
  const auto report = value_or_throw(site.restore(request));
  CHECK_FALSE(report.in_place);
  CHECK(report.realms.front().changed == 1);
  CHECK(site.login("alice", second) == Code::accepted);
  CHECK(value_or_throw(list_backups(site.configuration)).size() == 1);
}

TEST_CASE("a backup that is verified opens every record") {
  const Site site;
  site.enrol("alice", first);
  const auto name = site.backup();
  CHECK(value_or_throw(verify_backup(site.configuration, {})).name == name);
  // A record that does not open, in a backup that is whole as a file.
  {
    const auto parts = site.parts();
    RealmChange change(*parts);
    auto row = change.find("alice")->row;
    const auto expected = row.generation++;
    REQUIRE(change.replace(row, expected));
    change.commit();
  }
  site.backup();
  CHECK(verify_backup(site.configuration, {}).error().code == Code::integrity);
  CHECK(verify_backup(site.configuration, name));
  CHECK_FALSE(fs::exists(site.configuration.backup_directory + "/verifying.db"));
}

TEST_CASE("another root key neither verifies nor restores a backup") {
  const Site site;
  site.enrol("alice", first);
  const auto name = site.backup();
  const Site other;
  auto configuration = site.configuration;
  configuration.root_key_url = other.configuration.root_key_url;
  CHECK(verify_backup(configuration, name).error().code == Code::integrity);
}

TEST_CASE("old backups go, and the journal that only they needed") {
  const Site site;
  site.enrol("alice", first);
  const auto begin = site.backup();
  for (int day = 0; day < 10; ++day) {
    site.later(std::chrono::hours(24));
    REQUIRE(site.open().set_profile(
        "alice", [&](Profile& p) { p.phone = std::to_string(day); }, tester));
    site.backup();
  }
  const auto kept = value_or_throw(list_backups(site.configuration));
  CHECK(kept.size() == 9);
  CHECK(kept.front().name != begin);
  const auto oldest = kept.front().created;
  const auto seven_days_ago = site.clock->now() - site.configuration.backup_retention;
  CHECK(oldest <= seven_days_ago);
  site.restored(seven_days_ago);
  CHECK(site.status("alice").profile.phone == "2");
}

TEST_CASE("rows that a retired key sealed are sealed anew when they come back") {
  const Site site;
  site.enrol("alice", first);
  site.backup();
  const Time then = site.later();
  site.later();
  {
    const auto parts = site.parts();
    const auto root = value_or_throw(vault::load_root_key(site.configuration.root_key_url));
    RealmChange change(*parts);
    const auto key = vault::create_data_key(root, parts->store->row().id, 2);
    change.put_key({2, key.wrapped, site.clock->now(), std::nullopt});
    change.commit();
  }
  site.reset("alice", second);
  {
    const auto parts = site.parts();
    RealmChange change(*parts);
    auto retired = change.transaction().keys().at(1);
    REQUIRE(retired.number == 1);
    retired.retired = site.clock->now();
    change.put_key(retired);
    change.commit();
  }
  CHECK(site.login("alice", second) == Code::accepted);
  site.restored(then);
  CHECK(site.login("alice", first) == Code::must_change);
  CHECK(site.login("alice", second) == Code::refused);
}

TEST_CASE("a scratch file has one user at a time, and is taken over from a killed one") {
  const TemporaryDirectory directory;
  const std::string path = directory / "scratch.db";
  std::ofstream(path) << "left by a killed process";
  {
    const ScratchFile file(path, "a restore");
    CHECK(fs::file_size(path) == 0);
    CHECK_THROWS_AS(ScratchFile(path, "a restore"), Failure);
  }
  CHECK_FALSE(fs::exists(path));
}

TEST_CASE("a moment is a time, a day, or so long ago") {
  const Time now(std::chrono::sys_days(std::chrono::year(2026) / 11 / 25) + std::chrono::hours(5));
  CHECK(parse_moment("2026-11-25T05:00:00Z", now) == now);
  CHECK(parse_moment("2026-11-25T05:00:00.25Z", now) == now + std::chrono::milliseconds(250));
  CHECK(parse_moment("2026-11-25", now) == now - std::chrono::hours(5));
  CHECK(parse_moment("2h", now) == now - std::chrono::hours(2));
  for (const char* wrong :
       {"", "yesterday", "2026-11-25T05:00:00", "2026-11-25T25:00:00Z", "2026-13-25T05:00:00Z",
        "2026-11-25T05:00:00.1234Z", "2026-11-25T05:00:00.Z"})
    CHECK(parse_moment(wrong, now) == std::nullopt);
}
