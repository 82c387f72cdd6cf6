// What only a server has: connections that are lost, several processes, roles.

#include "engine/store_copy.hpp"
#include "hash/argon2id.hpp"
#include "support/failures.hpp"
#include "support/postgres_server.hpp"
#include "support/temporary.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <catch2/catch.hpp>
#include <csignal>
#include <fstream>
#include <mutex>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

using namespace cred;
using namespace cred::store;
using namespace cred::test;

namespace {

Blob blob(std::string_view text) {
  const auto bytes = std::as_bytes(std::span(text));
  return {bytes.begin(), bytes.end()};
}

AccountRow row(std::string_view name, unsigned char id, Generation generation = 1) {
  return {Uuid{std::byte{id}}, std::string(name), generation, blob("credential"),
          blob("profile"),     blob("history"),   id};
}

const std::vector<KeyRow> keys{{0, blob("index"), Time{}, {}}, {1, blob("wrapped"), Time{}, {}}};

// Passes on what a client and the server say, until it is told to cut.
class Proxy {
 public:
  enum class Cut { no, before_the_server, before_the_client };

  explicit Proxy(PostgresServer& server)
      : server_(server / (".s.PGSQL." + std::to_string(server.port()))),
        port_(std::to_string(server.port())) {
    listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const auto address = at(directory_ / (".s.PGSQL." + port_));
    REQUIRE(bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(listen(listener_, 16) == 0);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ~Proxy() {
    (void)shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) (void)shutdown(fd, SHUT_RDWR);
    }
    for (auto& thread : threads_) thread.join();
    close(listener_);
  }
  std::string url(const std::string& database) const {
    return "postgresql://postgres@/" + database + "?host=" + directory_ / "" + "&port=" + port_;
  }
  // What is said next goes no further, and both hang up.
  void cut(Cut when) { cut_ = when; }

 private:
  static sockaddr_un at(const std::string& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    return address;
  }
  void accept_all() {
    for (;;) {
      const int client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (client < 0) return;
      const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
      const auto address = at(server_);
      if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return;
      const std::lock_guard lock(mutex_);
      open_.insert(open_.end(), {client, server});
      threads_.emplace_back([this, client, server] { pass(client, server); });
    }
  }
  void pass(int client, int server) {
    std::array<char, 65536> bytes{};
    for (;;) {
      std::array<pollfd, 2> both{pollfd{client, POLLIN, 0}, pollfd{server, POLLIN, 0}};
      if (poll(both.data(), both.size(), -1) < 0) break;
      const bool asked = both[0].revents != 0;
      const ssize_t length = read(asked ? client : server, bytes.data(), bytes.size());
      if (length <= 0) break;
      if (asked && cut_ == Cut::before_the_server) break;
      if (!asked && cut_ == Cut::before_the_client) break;
      if (write(asked ? server : client, bytes.data(), static_cast<std::size_t>(length)) != length)
        break;
    }
    cut_ = Cut::no;
    (void)shutdown(client, SHUT_RDWR);
    (void)shutdown(server, SHUT_RDWR);
  }

  TemporaryDirectory directory_;
  std::string server_;
  std::string port_;
  int listener_ = -1;
  std::atomic<Cut> cut_{Cut::no};
  std::mutex mutex_;
  std::vector<int> open_;
  std::vector<std::thread> threads_;
  std::thread acceptor_;
};

struct Site {
  std::string database = "site_" + std::to_string(++made);
  std::string url;
  std::unique_ptr<Store> store;
  std::unique_ptr<RealmStore> realm;
  Site() {
    shared_server().create(database);
    url = shared_server().url(database);
    REQUIRE(create(url, {Uuid{std::byte{1}}, "system"}, keys, {1, blob("head")}));
    reopen(url);
  }
  void reopen(const std::string& from) {
    realm.reset();
    store = open(from);
    realm = store->realm("system");
  }
  std::string sql(const std::string& statements) const {
    return shared_server().sql(database, statements);
  }
  // The connections of whoever uses the store, not that which asks for it.
  void hang_up() const {
    (void)sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = "
        "current_database() AND pid <> pg_backend_pid()");
  }
  static inline int made = 0;
};

Code code_of_exit(const std::string& command, std::string& said) {
  FILE* pipe = popen(("exec 2>&1; " + command).c_str(), "re");
  REQUIRE(pipe != nullptr);
  std::array<char, 4096> part{};
  while (const auto length = fread(part.data(), 1, part.size(), pipe))
    said.append(part.data(), length);
  return static_cast<Code>(WEXITSTATUS(pclose(pipe)));
}

}  // namespace

TEST_CASE("credctl makes a store on a server, and enrols, verifies and changes in it") {
  Site site;
  (void)site.sql("DROP SCHEMA cred CASCADE");
  const TemporaryDirectory directory;
  std::ofstream(directory / "cred.conf")
      << "[store]\nurl = \"" << site.url << "\"\nanchor = \"" << directory / "anchor"
      << "\"\n[backup]\ndirectory = \"" << directory / "backup"
      << "\"\n[keys]\nroot = \"file:" << directory / "root.key"
      << "\"\n[hash]\nmemory = \"7 MiB\"\npasses = 5\nlanes = 1\n";
  const auto credctl = [&](const std::string& words, const std::string& input) {
    std::string said;
    const Code code = code_of_exit("printf '" + input + "' | " CREDCTL " --config " +
                                       directory / "cred.conf" + " " + words,
                                   said);
    UNSCOPED_INFO(words << ": " << said);
    return code;
  };
  CHECK(credctl("verify alice --stdin", "Correct7horse\\n") == Code::unavailable);
  CHECK(credctl("init", "") == Code::accepted);
  CHECK(credctl("init", "") == Code::conflict);
  CHECK(credctl("user add alice --stdin", "Correct7horse\\n") == Code::accepted);
  CHECK(credctl("verify alice --stdin", "Correct7horse\\n") == Code::accepted);
  CHECK(credctl("verify alice --stdin", "Guessing9badly\\n") == Code::refused);
  CHECK(credctl("passwd alice --stdin", "Tricky4Battery\\n") == Code::accepted);
  CHECK(credctl("verify alice --stdin", "Correct7horse\\n") == Code::refused);
  CHECK(credctl("verify alice --stdin", "Tricky4Battery\\n") == Code::accepted);
  CHECK(credctl("status alice", "") == Code::accepted);
  CHECK(credctl("audit verify", "") == Code::accepted);
  CHECK(credctl("realm add shop", "") == Code::accepted);
  CHECK(credctl("realm erase shop --yes", "") == Code::accepted);
  CHECK(credctl("key rotate", "") == Code::accepted);
  CHECK(credctl("user erase alice --yes", "") == Code::accepted);
  CHECK(credctl("maintain", "") == Code::accepted);
  CHECK(credctl("backup create", "") == Code::accepted);
  CHECK(credctl("backup verify", "") == Code::accepted);
  CHECK(credctl("backup restore --yes", "") == Code::configuration);
}

TEST_CASE("what the server hung up on is connected anew, when nothing was begun") {
  Site site;
  (void)site.realm->begin(Access::read)->find("alice");
  site.hang_up();
  CHECK_FALSE(site.realm->begin(Access::read)->find("alice"));
  site.hang_up();
  CHECK(site.store->realms().size() == 1);
}

TEST_CASE("a change whose connection is lost in its middle is none, and is told") {
  Site site;
  const auto lose = [&] {
    const auto tx = site.realm->begin(Access::write);
    REQUIRE(tx->insert(row("alice", 1)));
    site.hang_up();
    tx->insert(row("bob", 2));
    tx->commit();
  };
  CHECK(code_of(lose) == Code::unavailable);
  CHECK(site.realm->begin(Access::read)->accounts() == 0);
}

TEST_CASE("a commit that the server never got is told, one whose answer was lost is recognised") {
  Site site;
  Proxy proxy(shared_server());
  site.reopen(proxy.url(site.database));
  const auto change = [&](std::uint64_t number, Proxy::Cut cut) {
    const auto tx = site.realm->begin(Access::write);
    REQUIRE(
        tx->insert(row("account " + std::to_string(number), static_cast<unsigned char>(number))));
    tx->append_audit({number, blob("record"), Blob(32, std::byte(number)), {}, {}});
    tx->set_head({number, blob("head " + std::to_string(number))});
    (void)tx->accounts();
    proxy.cut(cut);
    tx->commit();
  };
  change(2, Proxy::Cut::no);
  CHECK(code_of([&] { change(3, Proxy::Cut::before_the_server); }) == Code::unavailable);
  CHECK(site.realm->begin(Access::read)->head()->number == 2);
  CHECK(code_of([&] { change(3, Proxy::Cut::before_the_client); }) == Code::accepted);
  CHECK(site.realm->begin(Access::read)->head()->number == 3);
  CHECK(site.realm->begin(Access::read)->accounts() == 2);
}

TEST_CASE("a lease whose commit was not answered is recognised") {
  Site site;
  Proxy proxy(shared_server());
  site.reopen(proxy.url(site.database));
  const Subject subject{std::byte{5}};
  const auto reserve = [&](Proxy::Cut cut) {
    const auto tx = site.realm->begin(Access::write);
    (void)tx->add_lease(subject, Time{});
    proxy.cut(cut);
    tx->commit();
  };
  CHECK(code_of([&] { reserve(Proxy::Cut::before_the_server); }) == Code::unavailable);
  CHECK(code_of([&] { reserve(Proxy::Cut::before_the_client); }) == Code::accepted);
  CHECK(site.realm->begin(Access::read)->leases(subject).size() == 1);
}

TEST_CASE("a process killed in a change keeps nobody waiting and leaves nothing") {
  Site site;
  std::array<int, 2> ready{};
  REQUIRE(pipe(ready.data()) == 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto store = open(site.url);
    const auto realm = store->realm("system");
    const auto tx = realm->begin(Access::write);
    (void)tx->insert(row("alice", 1));
    (void)!write(ready[1], "x", 1);
    for (;;) pause();
  }
  char byte = 0;
  REQUIRE(read(ready[0], &byte, 1) == 1);
  REQUIRE(kill(child, SIGKILL) == 0);
  REQUIRE(waitpid(child, nullptr, 0) == child);
  {
    const auto tx = site.realm->begin(Access::write);
    CHECK(tx->insert(row("alice", 2)));
    tx->commit();
  }
  CHECK(site.realm->begin(Access::read)->find("alice")->id == Uuid{std::byte{2}});
  close(ready[0]);
  close(ready[1]);
}

TEST_CASE("promise: 500 guesses of two processes get no more tries than the threshold") {
  TestRealm test;
  test.enrol("alice", "Correct-Horse-42");
  std::array<int, 2> results{};
  REQUIRE(pipe(results.data()) == 0);
  std::array<pid_t, 2> machines{};
  for (std::size_t machine = 0; machine < machines.size(); ++machine) {
    machines[machine] = fork();
    if (machines[machine] != 0) continue;
    // An anchor of its own, as each machine has.
    auto configuration = test.configuration;
    configuration.anchor_directory += std::to_string(machine);
    auto engine = value_or_throw(engine::Engine::open(configuration, test.clock));
    auto realm = value_or_throw(engine.realm("system"));
    const auto before = hash::computed();
    std::atomic<int> left{250};
    std::vector<std::thread> guessers;
    for (int i = 0; i < 10; ++i)
      guessers.emplace_back([&] {
        while (--left >= 0) (void)realm.authenticate("alice", secret("Wrong-Horse-1"));
      });
    for (auto& guesser : guessers) guesser.join();
    const std::uint64_t hashes = hash::computed() - before;
    (void)!write(results[1], &hashes, sizeof hashes);
    _exit(0);
  }
  std::uint64_t all = 0;
  for (const pid_t machine : machines) {
    std::uint64_t hashes = 0;
    REQUIRE(read(results[0], &hashes, sizeof hashes) == sizeof hashes);
    REQUIRE(waitpid(machine, nullptr, 0) == machine);
    all += hashes;
  }
  CHECK(all == test.configuration.attempts.threshold);
  CHECK_FALSE(value_or_throw(test.open().verify_trail()).first_bad);
  close(results[0]);
  close(results[1]);
}

TEST_CASE("changes of two processes at once make one chain") {
  TestRealm test;
  test.enrol("alice", "Correct-Horse-42");
  std::array<pid_t, 2> machines{};
  for (std::size_t machine = 0; machine < machines.size(); ++machine) {
    machines[machine] = fork();
    if (machines[machine] != 0) continue;
    auto configuration = test.configuration;
    configuration.anchor_directory += std::to_string(machine);
    auto engine = value_or_throw(engine::Engine::open(configuration, test.clock));
    int failed = 0;
    std::vector<std::thread> threads;
    std::atomic<int> failures{0};
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        auto realm = value_or_throw(engine.realm("system"));
        for (int i = 0; i < 10; ++i) {
          engine::Profile profile;
          const std::string name =
              "m" + std::to_string(machine) + "t" + std::to_string(t) + "n" + std::to_string(i);
          const auto added = realm.enrol(
              name, profile, secret("Tricky4Battery" + std::to_string(i)), false, {"test"});
          failures += added && added->code == Code::accepted ? 0 : 1;
        }
      });
    for (auto& thread : threads) thread.join();
    failed = failures;
    _exit(failed);
  }
  for (const pid_t machine : machines) {
    int status = -1;
    REQUIRE(waitpid(machine, &status, 0) == machine);
    CHECK(WEXITSTATUS(status) == 0);
  }
  const auto check = value_or_throw(test.open().verify_trail());
  CHECK_FALSE(check.first_bad);
  CHECK(check.records > 80);
}

TEST_CASE("locks hold among all who use the store, and end with their connection") {
  Site site;
  auto first = lock(site.url, Purpose::maintenance, Holding::alone, Waiting::no);
  CHECK(first);
  CHECK_FALSE(lock(site.url, Purpose::maintenance, Holding::alone, Waiting::no));
  CHECK(lock(site.url, Purpose::root_key, Holding::alone, Waiting::no));
  first.reset();
  const auto shared = lock(site.url, Purpose::maintenance, Holding::shared, Waiting::no);
  CHECK(lock(site.url, Purpose::maintenance, Holding::shared, Waiting::no));
  CHECK_FALSE(lock(site.url, Purpose::maintenance, Holding::alone, Waiting::no));
}

TEST_CASE("one machine does the daily work at a time, and the others say so") {
  TestRealm test;
  auto engine = value_or_throw(engine::Engine::open(test.configuration, test.clock));
  auto held = lock(test.configuration.store_url, Purpose::maintenance, Holding::alone, Waiting::no);
  REQUIRE(held);
  const auto turned_away = value_or_throw(engine.maintain({"test"}));
  REQUIRE(turned_away.size() == 1);
  CHECK(turned_away.front().what == "another machine is at it");
  held.reset();
  const auto done = value_or_throw(engine.maintain({"test"}));
  CHECK(std::any_of(done.begin(), done.end(), [](const auto& piece) {
    return piece.what.find("checked") != std::string::npos;
  }));
}

TEST_CASE("whoever uses a store shows which version it knows") {
  Site site;
  const std::string shown =
      "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND classid = 1129465156 AND "
      "objid = 1001 AND mode = 'ShareLock' AND database = (SELECT oid FROM pg_database WHERE "
      "datname = current_database())";
  CHECK(site.sql(shown) != "0");
  site.realm.reset();
  site.store.reset();
  CHECK(site.sql(shown) == "0");
}

TEST_CASE("a store of a newer version, and a database in another encoding, are refused") {
  Site site;
  (void)site.sql("INSERT INTO cred.schema_version (version) VALUES (99)");
  CHECK(code_of([&] { (void)open(site.url); }) == Code::unavailable);
  // Also by a process that had it open.
  site.hang_up();
  CHECK(code_of([&] { (void)site.store->realms(); }) == Code::unavailable);
  (void)shared_server().sql("postgres",
                            "CREATE DATABASE latin TEMPLATE template0 ENCODING 'LATIN1'");
  CHECK(code_of([&] { (void)exists(shared_server().url("latin")); }) == Code::configuration);
}

TEST_CASE("a store is copied to a server, used there, and copied back") {
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  const std::string server = configuration.store_url;
  const std::string file = "sqlite:" + directory / "cred.db";
  const std::string back = "sqlite:" + directory / "back.db";
  configuration.store_url = file;
  value_or_throw(engine::Engine::initialise(configuration));
  const auto at = [&](const std::string& url) {
    auto there = configuration;
    there.store_url = url;
    return value_or_throw(engine::Engine::open(there, std::make_shared<SystemClock>()));
  };
  const auto enrol = [&](engine::Engine& engine, const std::string& name, const char* realm) {
    auto opened = value_or_throw(engine.realm(realm));
    value_or_throw(opened.enrol(name, {}, secret("Tricky4Battery"), false, {"test"}));
  };
  const auto login = [&](engine::Engine& engine, const std::string& name, const char* realm) {
    return value_or_throw(
               value_or_throw(engine.realm(realm)).authenticate(name, secret("Tricky4Battery")))
        .code;
  };
  {
    auto engine = at(file);
    value_or_throw(engine.add_realm("shop", {"test"}));
    for (int i = 0; i < 30; ++i)
      enrol(engine, "user" + std::to_string(i), i % 3 ? "system" : "shop");
    value_or_throw(value_or_throw(engine.realm("system")).erase("user1", {"test"}));
    CHECK(login(engine, "user2", "system") == Code::accepted);
  }
  const auto copied = engine::copy_store(configuration, file, server);
  REQUIRE(copied);
  CHECK(copied->realms.size() == 2);
  {
    auto engine = at(server);
    CHECK(login(engine, "user2", "system") == Code::accepted);
    CHECK(login(engine, "user3", "shop") == Code::accepted);
    CHECK(login(engine, "user1", "system") == Code::refused);
    enrol(engine, "later", "system");
    CHECK_FALSE(value_or_throw(value_or_throw(engine.realm("system")).verify_trail()).first_bad);
  }
  const auto again = engine::copy_store(configuration, file, server);
  REQUIRE_FALSE(again);
  CHECK(again.error().code == Code::conflict);
  REQUIRE(engine::copy_store(configuration, server, back));
  auto engine = at(back);
  CHECK(login(engine, "later", "system") == Code::accepted);
  for (const auto& done : value_or_throw(engine.maintain({"test"}))) {
    INFO(done.what);
    CHECK(done.code == Code::accepted);
  }
}

TEST_CASE("a copy that is not finished is used by nobody, and goes on where it was") {
  const TemporaryDirectory directory;
  engine::Configuration configuration = quick_configuration(directory);
  const std::string server = configuration.store_url;
  const std::string file = "sqlite:" + directory / "cred.db";
  configuration.store_url = file;
  value_or_throw(engine::Engine::initialise(configuration));
  {
    auto engine =
        value_or_throw(engine::Engine::open(configuration, std::make_shared<SystemClock>()));
    auto realm = value_or_throw(engine.realm("system"));
    value_or_throw(realm.enrol("alice", {}, secret("Tricky4Battery"), false, {"test"}));
  }
  {
    // As it is after the first row.
    const auto from = open(file)->realm("system");
    REQUIRE(create(server, from->row(), from->keys(), {0, {}}));
    const auto to = open(server)->realm("system")->begin(Access::write);
    REQUIRE(to->insert(*from->begin(Access::read)->find("alice")));
    to->commit();
  }
  auto there = configuration;
  there.store_url = server;
  auto early = value_or_throw(engine::Engine::open(there, std::make_shared<SystemClock>()));
  const auto realm = early.realm("system");
  REQUIRE_FALSE(realm);
  CHECK(realm.error().code == Code::unavailable);
  const auto copied = engine::copy_store(configuration, file, server);
  REQUIRE(copied);
  CHECK(copied->realms.front().accounts == 1);
  auto opened = value_or_throw(early.realm("system"));
  CHECK(value_or_throw(opened.authenticate("alice", secret("Tricky4Battery"))).code ==
        Code::accepted);
}
