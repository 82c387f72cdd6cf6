// Accounts that another system hashed: as the engine takes them in, and what a login makes
// of them.
#include "engine/import.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace cred;
using namespace cred::engine;
using cred::test::secret;
using cred::test::TestRealm;

namespace {

constexpr const char* river = "Brücke 42 zum Ufer";
constexpr const char* sha512 =
    "$6$lUOtobyt/ujBQxau$tJKPD8QQ6ftom6W/YgElDIGYJpdplHJjUb9zKThi1HEPY7zrHRsRW9ADb2Ud7V55vZFrdLLmSH"
    "1Q2KBc1OCMs1";
constexpr const char* unsalted = "{SHA}zNlez7g7+OTtNJv29Xr1ZXW5tqk=";

ImportedAccount account(const char* name, std::string_view hash) {
  ImportedAccount a;
  a.name = name;
  a.hash.assign(hash.begin(), hash.end());
  a.profile.full_name = "Quentin Zebrowski";
  return a;
}

Imported import(const TestRealm& realm, const ImportedAccount& a, bool dry_run = false) {
  return value_or_throw(realm.open().import_accounts({&a, 1}, dry_run, {"test"})).front();
}

Status status(const TestRealm& realm, const char* name) {
  return value_or_throw(realm.open().status(name));
}

std::vector<TrailEntry> trail(const TestRealm& realm) {
  std::vector<TrailEntry> entries;
  value_or_throw(realm.open().trail(0, [&](const TrailEntry& entry) {
    entries.push_back(entry);
    return true;
  }));
  return entries;
}

}  // namespace

TEST_CASE("an imported password opens its account, and is Argon2id's alone from then on",
          "[import]") {
  const TestRealm realm;
  auto a = account("alice", sha512);
  a.set_at = realm.clock->now() - std::chrono::hours(48);
  const auto taken = import(realm, a);
  CHECK(taken.outcome == Imported::Outcome::taken);
  CHECK(taken.scheme == "sha512crypt");
  CHECK(status(realm, "alice").wrapped == "sha512crypt");
  CHECK(realm.login("alice", "Brücke 42 zum ufer") == Code::refused);
  CHECK(status(realm, "alice").wrapped == "sha512crypt");

  CHECK(realm.login("alice", river) == Code::accepted);
  const auto after = status(realm, "alice");
  CHECK(after.wrapped.empty());
  CHECK(after.standing.set_at == *a.set_at);
  CHECK(after.passwords == 1);
  CHECK(realm.login("alice", river) == Code::accepted);
  CHECK(realm.login("alice", "Brücke 42 zum ufer") == Code::refused);

  const auto entries = trail(realm);
  CHECK(entries.front().event == "imported");
  CHECK(entries.front().detail == "sha512crypt");
  const auto rehashed = std::find_if(entries.begin(), entries.end(), [](const TrailEntry& entry) {
    return entry.event == "rehashed";
  });
  REQUIRE(rehashed != entries.end());
  CHECK(rehashed->detail == "it was hashed with sha512crypt");
}

TEST_CASE("what is typed in another normal form than another system hashed opens, too",
          "[import]") {
  const TestRealm realm;
  // Composed in the hash. U+0308 after the letter is the same password here.
  import(realm, account("alice", sha512));
  CHECK(realm.login("alice",
                    "Bru\xcc\x88"
                    "cke 42 zum Ufer") == Code::accepted);
  // Hashed as typed, decomposed: {SHA} of those bytes.
  import(realm, account("bob", "{SHA}UDF1UXDCRXA60TQtMBWCvYWyWZI="));
  CHECK(realm.login("bob",
                    "Bru\xcc\x88"
                    "cke 42 zum Ufer") == Code::accepted);
  CHECK(realm.login("bob", river) == Code::accepted);
}

TEST_CASE("an imported password counts in the history from its first login on", "[import]") {
  const TestRealm realm;
  import(realm, account("alice", sha512));
  const auto change = [&](const char* from, const char* to) {
    return value_or_throw(realm.open().change("alice", secret(from), secret(to), {"alice"})).code;
  };
  CHECK(change(river, "Tricky4Battery") == Code::accepted);
  CHECK(status(realm, "alice").passwords == 2);
  CHECK(change("Tricky4Battery", river) == Code::refused);
}

TEST_CASE("a reset before the first login keeps what knows the imported password", "[import]") {
  const TestRealm realm;
  import(realm, account("alice", sha512));
  const auto reset = [&](const char* to) {
    return value_or_throw(realm.open().reset("alice", secret(to), false, {"root"})).code;
  };
  CHECK(reset(river) == Code::refused);
  CHECK(reset("Tricky4Battery") == Code::accepted);
  CHECK(status(realm, "alice").wrapped.empty());
  CHECK(status(realm, "alice").passwords == 2);
  CHECK(reset(river) == Code::refused);
  CHECK(realm.login("alice", river) == Code::refused);
  CHECK(realm.login("alice", "Tricky4Battery") == Code::accepted);
}

TEST_CASE("a reset while the owner logs in with the imported password is what stays", "[import]") {
  // Long enough that the reset comes between the look at the hash and its replacement, in some
  // of the rounds.
  constexpr const char* yescrypt =
      "$y$j9T$WjY5/nO.51zedkVdtmAqz.$xJ2Be5wt2GJy5v2Mr1BCtRqNI.WaPnWKuE4D9DH7ec0";
  for (int round = 0; round < 8; ++round) {
    const TestRealm realm;
    import(realm, account("alice", yescrypt));
    auto opened = realm.open();
    std::thread login([&] { (void)opened.authenticate("alice", secret(river)); });
    std::this_thread::sleep_for(std::chrono::milliseconds(3 * round));
    while (!realm.open().reset("alice", secret("Tricky4Battery"), false, {"root"})) {}
    login.join();
    CHECK(realm.login("alice", "Tricky4Battery") == Code::accepted);
    CHECK(realm.login("alice", river) == Code::refused);
  }
}

TEST_CASE("earlier passwords of another system are not used again", "[import]") {
  const TestRealm realm;
  auto a = account("alice", "{SSHA}m/QBCAuFVA8p6tZ9rQFoaTioMboawxgj");
  const std::string_view earlier = "md5$seasalt$3f86d0d3d465b7b458c231bf3555c0e3";  // lètmein
  a.earlier.emplace_back(earlier.begin(), earlier.end());
  const std::string_view des = "ab1Hv2Lg7ltQo";
  a.earlier.emplace_back(des.begin(), des.end());
  const auto taken = import(realm, a);
  CHECK(taken.outcome == Imported::Outcome::taken);
  CHECK(taken.earlier_left == 1);
  CHECK(taken.earlier_why.starts_with("DES"));
  const auto report = value_or_throw(
      realm.open().check("alice", nullptr, secret("lètmein"), Realm::Depth::history));
  const bool used = std::any_of(report.verdicts.begin(), report.verdicts.end(), [](const auto& v) {
    return v.violation && std::string_view(v.rule) == "history";
  });
  CHECK(used);
  CHECK(status(realm, "alice").passwords == 1);
  CHECK(realm.login("alice", river) == Code::accepted);
  CHECK(status(realm, "alice").passwords == 2);
}

TEST_CASE("a password that came as Argon2id is not used again either", "[import]") {
  const TestRealm source;
  value_or_throw(source.open().enrol("alice", {}, secret(river), false, {"root"}));
  std::string phc;
  value_or_throw(source.open().export_credentials("all", {"root"}, [&](const auto& exported) {
    phc = hash::encode_phc(exported.verifier);
    return true;
  }));
  const TestRealm realm;
  CHECK(import(realm, account("alice", phc)).outcome == Imported::Outcome::taken);
  CHECK(status(realm, "alice").wrapped.empty());
  CHECK(status(realm, "alice").passwords == 1);
  CHECK(realm.login("alice", river) == Code::accepted);
  const auto reset = [&](const char* to) {
    return value_or_throw(realm.open().reset("alice", secret(to), false, {"root"})).code;
  };
  CHECK(reset(river) == Code::refused);
  CHECK(reset("Tricky4Battery") == Code::accepted);
  CHECK(reset(river) == Code::refused);
  CHECK(status(realm, "alice").passwords == 2);
}

TEST_CASE("locks, ages and demands come with an imported account", "[import]") {
  const TestRealm realm;
  auto locked = account("alice", sha512);
  locked.state = State::locked;
  import(realm, locked);
  CHECK(realm.login("alice", river) == Code::locked);
  CHECK(status(realm, "alice").wrapped == "sha512crypt");
  auto forced = account("bob", sha512);
  forced.must_change = true;
  import(realm, forced);
  CHECK(realm.login("bob", river) == Code::must_change);
  auto old = account("carol", sha512);
  old.set_at = realm.clock->now() - std::chrono::hours(24 * 91);
  import(realm, old);
  CHECK(realm.login("carol", river) == Code::must_change);
  auto ahead = account("dave", sha512);
  ahead.set_at = realm.clock->now() + std::chrono::hours(24);
  import(realm, ahead);
  CHECK(status(realm, "dave").standing.set_at == realm.clock->now());
}

TEST_CASE("an import that is repeated changes nothing and says what is there", "[import]") {
  const TestRealm realm;
  using Came = Imported::Outcome;
  CHECK(import(realm, account("alice", sha512)).outcome == Came::taken);
  CHECK(import(realm, account("bob", unsalted)).outcome == Came::taken);
  const auto generation = status(realm, "alice").generation;
  CHECK(import(realm, account("alice", sha512)).outcome == Came::there);
  CHECK(import(realm, account("bob", unsalted)).outcome == Came::there);
  // The same recipe, another digest: nothing but the digest tells them apart.
  CHECK(import(realm, account("bob", "{SHA}2jmj7l5rSw0yVb/vlWAYkK/YBwk=")).outcome ==
        Came::refused);
  CHECK(import(realm, account("alice", unsalted)).outcome == Came::refused);
  CHECK(realm.login("alice", river) == Code::accepted);
  CHECK(import(realm, account("alice", sha512)).outcome == Came::there);
  CHECK(status(realm, "alice").generation == generation + 1);
  CHECK(trail(realm).size() == 4);
}

TEST_CASE("a dry run says the same and adds nobody", "[import]") {
  const TestRealm realm;
  CHECK(import(realm, account("alice", sha512), true).outcome == Imported::Outcome::taken);
  CHECK(realm.open().status("alice").error().code == Code::not_found);
  const auto bad = import(realm, account("a:b", sha512), true);
  CHECK(bad.outcome == Imported::Outcome::refused);
  CHECK_FALSE(bad.why.empty());
  CHECK(import(realm, account("alice", "*"), true).outcome == Imported::Outcome::refused);
  CHECK(trail(realm).empty());
}

TEST_CASE("a password that bcrypt cut off opens and has to be changed", "[import]") {
  const TestRealm realm;
  const std::string lengthy = "Correct7horse" + std::string(60, 'y');  // 73 bytes
  import(realm, account("alice", "$2b$05$g8XVPelZW0KeCiFBqEiYFeko190/HcPTn3I/lHVNUzOAdFHtGxS3O"));
  CHECK(realm.login("alice", lengthy) == Code::must_change);
  CHECK(status(realm, "alice").wrapped == "bcrypt");
  CHECK(realm.login("alice", lengthy.substr(0, 71)) == Code::refused);
  CHECK(realm.login("alice", lengthy) == Code::must_change);
  const auto changed = value_or_throw(
      realm.open().change("alice", secret(lengthy), secret("Tricky4Battery"), {"alice"}));
  CHECK(changed.code == Code::accepted);
  CHECK(realm.login("alice", "Tricky4Battery") == Code::accepted);
  CHECK(status(realm, "alice").wrapped.empty());
  CHECK(status(realm, "alice").passwords == 2);
}
