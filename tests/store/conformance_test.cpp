// What every store must do. Linked into the test program of each kind of store.

#include "store/store.hpp"

#include "support/store_kind.hpp"
#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <thread>

using namespace cred;
using namespace cred::store;

namespace {

Blob blob(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

AccountRow row(std::string_view name, unsigned char id, Generation generation = 1) {
  return {Uuid{std::byte{id}}, std::string(name), generation, blob("credential"),
          blob("profile"),     blob("history"),   id};
}

RealmRow realm_row(std::string_view name, unsigned char id) {
  return {Uuid{std::byte{id}}, std::string(name)};
}

const std::vector<KeyRow> keys{{0, blob("index"), Time{}, {}}, {1, blob("wrapped"), Time{}, {}}};
const HeadRow head{1, blob("head")};

struct Fixture {
  test::TemporaryDirectory directory;
  std::string url = test::new_store_url(directory / ".");
  bool created = create(url, realm_row("system", 1), keys, head);
  std::unique_ptr<Store> store = open(url);
  std::unique_ptr<RealmStore> realm = store->realm("system");
  std::unique_ptr<Transaction> write() const { return realm->begin(Access::write); }
  void insert(const AccountRow& account) const {
    const auto tx = write();
    REQUIRE(tx->insert(account));
    tx->commit();
  }
  std::optional<AccountRow> find(std::string_view name) const {
    return realm->begin(Access::read)->find(name);
  }
};

const Subject subject{std::byte{5}};
Time at(int seconds) { return Time(std::chrono::seconds(seconds)); }

}  // namespace

TEST_CASE("a store is created once") {
  Fixture f;
  CHECK(f.created);
  CHECK(exists(f.url));
  CHECK_FALSE(create(f.url, realm_row("system", 9), keys, head));
  CHECK(f.store->realm("system")->row().id == Uuid{std::byte{1}});
}

TEST_CASE("an account comes back as it was written") {
  Fixture f;
  f.insert(row("alice", 1));
  const auto found = f.find("alice");
  REQUIRE(found);
  CHECK(found->id == Uuid{std::byte{1}});
  CHECK(found->generation == 1);
  CHECK(found->credential == blob("credential"));
  CHECK(found->history == blob("history"));
  CHECK_FALSE(f.find("Alice"));
  CHECK_FALSE(f.find("alic"));
}

TEST_CASE("a name is taken once in a realm") {
  Fixture f;
  f.insert(row("alice", 1));
  CHECK_FALSE(f.write()->insert(row("alice", 2)));
}

TEST_CASE("what is not committed is not there") {
  Fixture f;
  {
    const auto tx = f.write();
    REQUIRE(tx->insert(row("alice", 1)));
    CHECK(tx->find("alice"));
  }
  CHECK_FALSE(f.find("alice"));
}

TEST_CASE("replacing compares the generation") {
  Fixture f;
  f.insert(row("alice", 1));
  auto next = row("alice", 1, 2);
  next.credential = blob("second");
  {
    const auto tx = f.write();
    REQUIRE(tx->replace(next, 1));
    tx->commit();
  }
  CHECK(f.find("alice")->credential == blob("second"));
  CHECK_FALSE(f.write()->replace(next, 1));
  CHECK_FALSE(f.write()->replace(row("alice", 2, 3), 2));
}

TEST_CASE("of many writers on one generation exactly one wins") {
  Fixture f;
  f.insert(row("alice", 1));
  std::atomic<int> won{0};
  std::vector<std::thread> writers;
  for (int i = 0; i < 8; ++i)
    writers.emplace_back([&] {
      const auto tx = f.realm->begin(Access::write);
      if (!tx->replace(row("alice", 1, 2), 1)) return;
      tx->commit();
      ++won;
    });
  for (auto& writer : writers) writer.join();
  CHECK(won == 1);
  CHECK(f.find("alice")->generation == 2);
}

TEST_CASE("accounts are listed in the order of names, page by page") {
  Fixture f;
  f.insert(row("carol", 3));
  f.insert(row("alice", 1));
  f.insert(row("bob", 2));
  const auto tx = f.realm->begin(Access::read);
  const auto first = tx->list("", 2);
  REQUIRE(first.size() == 2);
  CHECK(first[0].name == "alice");
  CHECK(first[1].name == "bob");
  const auto rest = tx->list("bob", 2);
  REQUIRE(rest.size() == 1);
  CHECK(rest[0].name == "carol");
}

TEST_CASE("a realm's handle reaches no row of another realm") {
  Fixture f;
  f.insert(row("alice", 1));
  {
    const auto tx = f.write();
    tx->add_lease(subject, at(9));
    tx->set_attempts(subject, {3, at(1), at(2)});
    tx->append_audit({1, blob("r"), Blob(32), {}, {}});
    tx->commit();
  }
  REQUIRE(f.store->add_realm(realm_row("other", 2), keys, head));
  CHECK_FALSE(f.store->add_realm(realm_row("other", 3), keys, head));
  const auto other = f.store->realm("other");
  const auto tx = other->begin(Access::write);
  CHECK_FALSE(tx->find("alice"));
  CHECK(tx->list("", 10).empty());
  CHECK_FALSE(tx->replace(row("alice", 1, 2), 1));
  CHECK(tx->attempts(subject).failures == 0);
  CHECK(tx->leases(subject).empty());
  CHECK_FALSE(tx->remove_lease(subject, 1));
  CHECK_FALSE(tx->last_audit());
  tx->prune_attempts(at(1000));
  tx->set_attempts(subject, {});
  tx->commit();
  CHECK(f.realm->begin(Access::read)->attempts(subject).failures == 3);
  CHECK(f.store->realm("nobody") == nullptr);
}

TEST_CASE("the last login of a name is kept though nothing else is, and is never pruned") {
  Fixture f;
  {
    const auto tx = f.write();
    Attempts attempts;
    attempts.since_login = 7;
    attempts.last_login = blob("sealed");
    tx->set_attempts(subject, attempts);
    tx->commit();
  }
  {
    const auto tx = f.write();
    auto attempts = tx->attempts(subject);
    CHECK(attempts.since_login == 7);
    CHECK(attempts.last_login == blob("sealed"));
    attempts.failures = 1;
    attempts.last_failure = at(1);
    tx->set_attempts(subject, attempts);
    tx->prune_attempts(at(1000));
    tx->commit();
  }
  const auto attempts = f.realm->begin(Access::read)->attempts(subject);
  CHECK(attempts.failures == 0);
  CHECK(attempts.last_login == blob("sealed"));
}

TEST_CASE("the trail comes in its order, a page at a time, and an account by its id") {
  Fixture f;
  f.insert(row("alice", 1));
  {
    const auto tx = f.write();
    for (std::uint64_t number = 1; number <= 5; ++number)
      tx->append_audit({number, blob("record " + std::to_string(number)), Blob(32), {}, {}});
    tx->commit();
  }
  const auto tx = f.realm->begin(Access::read);
  const auto page = tx->audit(1, 2);
  REQUIRE(page.size() == 2);
  CHECK(page[0].number == 2);
  CHECK(page[1].record == blob("record 3"));
  CHECK(tx->audit(5, 10).empty());
  CHECK(tx->find(Uuid{std::byte{1}})->name == "alice");
  CHECK_FALSE(tx->find(Uuid{std::byte{2}}));
}

TEST_CASE("the names of all realms come in their order") {
  Fixture f;
  REQUIRE(f.store->add_realm(realm_row("zoo", 2), keys, head));
  REQUIRE(f.store->add_realm(realm_row("cafe", 3), keys, head));
  CHECK(f.store->realms() == std::vector<std::string>{"cafe", "system", "zoo"});
}

TEST_CASE("attempts are kept, cleared and pruned by age") {
  Fixture f;
  const auto tx = f.write();
  CHECK(tx->attempts(subject).failures == 0);
  tx->set_attempts(subject, {4, at(100), at(200)});
  CHECK(tx->attempts(subject).failures == 4);
  CHECK(tx->attempts(subject).last_failure == at(100));
  CHECK(tx->attempts(subject).blocked_until == at(200));
  tx->prune_attempts(at(150));
  CHECK(tx->attempts(subject).failures == 4);
  tx->prune_attempts(at(201));
  CHECK(tx->attempts(subject).failures == 0);
}

TEST_CASE("counters are found by their name, and by their failures, the latest first") {
  Fixture f;
  const Subject name{std::byte{1}}, one{std::byte{2}}, two{std::byte{3}}, other{std::byte{4}};
  const auto tx = f.realm->begin(Access::write);
  tx->set_attempts(name, {3, at(30), at(0), at(0), std::nullopt, {}});
  tx->set_attempts(one, {1, at(10), at(0), at(0), name, Blob{std::byte{7}}});
  tx->set_attempts(two, {0, at(0), at(0), at(20), name, {}});
  tx->set_attempts(other, {2, at(20), at(0), at(0), other, {}});
  CHECK(tx->sources_of(name).size() == 2);
  CHECK(tx->sources_of(one).empty());
  CHECK(tx->attempts(one).name == name);
  CHECK(tx->attempts(one).label == Blob{std::byte{7}});
  const auto failing = tx->failing(2);
  REQUIRE(failing.size() == 2);
  CHECK(failing[0].subject == name);
  CHECK(failing[1].subject == other);
  tx->prune_attempts(at(21));
  CHECK(tx->sources_of(name).empty());
  CHECK(tx->attempts(name).failures == 3);
}

TEST_CASE("a lease is removed once") {
  Fixture f;
  const auto tx = f.write();
  const auto one = tx->add_lease(subject, at(10));
  const auto two = tx->add_lease(subject, at(20));
  CHECK(one != two);
  CHECK(tx->leases(subject).size() == 2);
  CHECK(tx->remove_lease(subject, one));
  CHECK_FALSE(tx->remove_lease(subject, one));
  REQUIRE(tx->leases(subject).size() == 1);
  CHECK(tx->leases(subject)[0].expires == at(20));
}

TEST_CASE("the audit trail is append-only and ordered") {
  Fixture f;
  const auto tx = f.write();
  CHECK_FALSE(tx->last_audit());
  tx->append_audit({1, blob("first"), Blob(32), {}, {}});
  tx->append_audit({2, blob("second"), Blob(32), {}, {}});
  CHECK(tx->last_audit()->number == 2);
  CHECK(tx->last_audit()->record == blob("second"));
  // A server says so at the commit at the latest.
  const auto twice = [&] {
    tx->append_audit({2, blob("again"), Blob(32), {}, {}});
    tx->commit();
  };
  CHECK_THROWS_AS(twice(), Failure);
}

TEST_CASE("an account is sealed anew in its generation, unless it was changed meanwhile") {
  Fixture f;
  f.insert(row("alice", 1));
  const auto before = *f.find("alice");
  auto anew = before;
  anew.credential = blob("credential, new key");
  anew.profile = blob("profile, new key");
  anew.history = blob("history, new key");
  const auto reseal = [&](const AccountRow& old) {
    const auto tx = f.write();
    const bool done = tx->reseal(old, anew);
    tx->commit();
    return done;
  };
  const auto changed = [&](Blob AccountRow::*field) {
    auto other = before;
    other.*field = blob("other");
    return other;
  };
  CHECK_FALSE(reseal(changed(&AccountRow::credential)));
  CHECK_FALSE(reseal(changed(&AccountRow::profile)));
  CHECK_FALSE(reseal(changed(&AccountRow::history)));
  auto later = before;
  later.generation = 2;
  CHECK_FALSE(reseal(later));
  CHECK(f.find("alice")->credential == blob("credential"));
  CHECK(reseal(before));
  CHECK(f.find("alice")->generation == 1);
  CHECK(f.find("alice")->credential == anew.credential);
  CHECK(f.find("alice")->profile == anew.profile);
  CHECK(f.find("alice")->history == anew.history);
}

TEST_CASE("a counter is sealed anew unless it was changed meanwhile") {
  Fixture f;
  Attempts attempts;
  attempts.failures = 3;
  attempts.label = blob("label");
  attempts.last_login = blob("login");
  auto tx = f.write();
  tx->set_attempts(subject, attempts);
  const SealedCounter anew{subject, blob("label, new key"), blob("login, new key")};
  CHECK_FALSE(tx->reseal({subject, blob("other"), blob("login")}, anew));
  CHECK_FALSE(tx->reseal({subject, blob("label"), blob("other")}, anew));
  CHECK_FALSE(tx->reseal({Subject{std::byte{6}}, blob("label"), blob("login")}, anew));
  CHECK(tx->attempts(subject).last_login == blob("login"));
  CHECK(tx->reseal({subject, blob("label"), blob("login")}, anew));
  CHECK(tx->attempts(subject).label == anew.label);
  CHECK(tx->attempts(subject).last_login == anew.last_login);
  CHECK(tx->attempts(subject).failures == 3);
}

TEST_CASE("a body that was erased is not put back when it is sealed anew") {
  Fixture f;
  auto tx = f.write();
  tx->append_audit({1, blob("record"), Blob(32), Uuid{std::byte{1}}, blob("body")});
  tx->set_audit_body(1, {});
  tx->set_audit_body(1, blob("body, new key"));
  CHECK(tx->audit(0, 1).front().body.empty());
}
