// The store on a server, and the door by which it is loaded.

#include "store/driver.hpp"
#include "store/postgres/schema.hpp"
#include "store/postgres/transaction.hpp"

#include "base/hexadecimal.hpp"

#include <cstring>
#include <thread>

namespace cred::store::postgres {
namespace {

// Beside the realms' locks, which have one number: "CRED", and what for.
constexpr const char* lock_all_realms = "SELECT pg_advisory_xact_lock(1129465156, 3)";

class PostgresRealm final : public RealmStore {
 public:
  PostgresRealm(std::shared_ptr<Pool> pool, RealmRow row)
      : pool_(std::move(pool)), row_(std::move(row)) {}
  const RealmRow& row() const override { return row_; }
  std::vector<KeyRow> keys() override { return begin(Access::read)->keys(); }
  std::unique_ptr<Transaction> begin(Access access) override {
    return std::make_unique<PostgresTransaction>(pool_, row_.id, access);
  }
  void sync() override {}   // every commit waits for the disk, and for synchronous standbys
  void scrub() override {}  // the server's: docs/fleet.md
  bool shared() const override { return true; }

 private:
  std::shared_ptr<Pool> pool_;
  RealmRow row_;
};

void set_realm(Connection& connection, const std::string& setting) {
  connection.queue("SELECT set_config('cred.realm', $1, true)", Parameters().text(setting));
}

void insert_realm(Connection& connection, const RealmRow& row, const std::vector<KeyRow>& keys,
                  const HeadRow& head) {
  set_realm(connection, hexadecimal(row.id));
  connection.queue("INSERT INTO cred.realm (id, name) VALUES ($1, $2)",
                   Parameters().bytes(row.id).text(row.name));
  for (const KeyRow& key : keys) put_key(connection, row.id, key);
  (void)connection.run("INSERT INTO cred.head (realm, number, record) VALUES ($1, $2, $3)",
                       Parameters().bytes(row.id).number(head.number).bytes(head.record));
}

KeysOfRealms keys_of_realms(Connection& connection) {
  set_realm(connection, "*");
  const auto rows = connection.run(
      "SELECT realm, number, wrapped, made, retired FROM cred.realm_key ORDER BY realm, number");
  KeysOfRealms keys;
  for (int row = 0; row < rows.size(); ++row) {
    Uuid realm{};
    rows.read(row, 0, realm);
    keys.emplace_back(realm, key_of(rows, row, 1));
  }
  return keys;
}

// Work in a transaction of its own, which is done anew where the server undid it. One whose
// answer was lost on its way is not: `work` must answer the same when it finds it done.
template <typename Work>
auto in_transaction(Pool& pool, Work work) -> decltype(work(std::declval<Connection&>())) {
  const Deadline give_up = usual_deadline();
  for (;;) {
    std::unique_ptr<Connection> connection = pool.take(give_up);
    bool committing = false;
    try {
      connection->queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
      auto result = work(*connection);
      committing = true;
      (void)connection->run("COMMIT");
      pool.put_back(std::move(connection));
      return result;
    } catch (const ServerFailure& failure) {
      pool.put_back(nullptr);
      if (committing || failure.kind() == ServerFailure::Kind::refused ||
          std::chrono::steady_clock::now() >= give_up)
        throw;
    } catch (...) {
      pool.put_back(nullptr);
      throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

class PostgresStore final : public Store {
 public:
  explicit PostgresStore(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  std::unique_ptr<RealmStore> realm(std::string_view name) override {
    const auto rows =
        run("SELECT id, name FROM cred.realm WHERE name = $1", Parameters().text(name));
    if (rows.size() == 0) return nullptr;
    RealmRow row{{}, rows.text(0, 1)};
    rows.read(0, 0, row.id);
    return std::make_unique<PostgresRealm>(pool_, std::move(row));
  }

  bool add_realm(const RealmRow& row, const std::vector<KeyRow>& keys,
                 const HeadRow& head) override {
    return in_transaction(*pool_, [&](Connection& connection) {
      connection.queue(lock_all_realms);
      const auto there = connection.run("SELECT 1::int8 FROM cred.realm WHERE name = $1",
                                        Parameters().text(row.name));
      if (there.size() != 0) return false;
      insert_realm(connection, row, keys, head);
      return true;
    });
  }

  bool erase_realm(const Uuid& realm, Time when) override {
    return in_transaction(*pool_, [&](Connection& connection) {
      connection.queue(lock_all_realms);
      connection.queue("SELECT pg_advisory_xact_lock($1)", Parameters().number(lock_of(realm)));
      const auto erased = connection.run("SELECT cred.erase_realm($1, $2)::int4::int8",
                                         Parameters().bytes(realm).time(when));
      return erased.number(0, 0) == 1;
    });
  }

  std::vector<Tombstone> erased_realms() override {
    const auto rows = run("SELECT id, erased FROM cred.erased_realm ORDER BY id");
    std::vector<Tombstone> erased;
    for (int row = 0; row < rows.size(); ++row) {
      Tombstone tombstone{{}, rows.time(row, 1), {}};
      rows.read(row, 0, tombstone.account);
      erased.push_back(std::move(tombstone));
    }
    return erased;
  }

  void add_erased_realm(const Uuid& realm, Time when) override {
    (void)run(
        "INSERT INTO cred.erased_realm (id, erased) VALUES ($1, $2) ON CONFLICT (id) DO NOTHING",
        Parameters().bytes(realm).time(when));
  }

  KeysOfRealms keys() override { return in_transaction(*pool_, keys_of_realms); }

  bool put_keys(const KeysOfRealms& before, const KeysOfRealms& after) override {
    return in_transaction(*pool_, [&](Connection& connection) {
      connection.queue(lock_all_realms);
      // Nobody adds a key meanwhile. Who waits for one of these has no other.
      (void)connection.run(
          "SELECT pg_advisory_xact_lock(('x' || encode(substr(id, 1, 8), 'hex'))::bit(64)::int8) "
          "FROM (SELECT id FROM cred.realm ORDER BY id) AS ordered");
      if (keys_of_realms(connection) != before) return false;
      for (const auto& [realm, key] : after) put_key(connection, realm, key);
      return true;
    });
  }

  void scrub() override {}

  std::vector<std::string> realms() override {
    const auto rows = run("SELECT name FROM cred.realm ORDER BY name");
    std::vector<std::string> names;
    for (int row = 0; row < rows.size(); ++row) names.push_back(rows.text(row, 0));
    return names;
  }

 private:
  Rows run(const char* sql, const Parameters& parameters = {}) {
    return in_transaction(*pool_,
                          [&](Connection& connection) { return connection.run(sql, parameters); });
  }

  std::shared_ptr<Pool> pool_;
};

// As long as the connection lives.
class ServerLock final : public Lock {
 public:
  explicit ServerLock(std::unique_ptr<Connection> connection)
      : connection_(std::move(connection)) {}
  ServerLock(const ServerLock&) = delete;
  ServerLock& operator=(const ServerLock&) = delete;
  // Whoever asks next finds it free: the server learns of a connection's end only later.
  ~ServerLock() override {
    try {
      connection_->script("SELECT pg_advisory_unlock_all()");
    } catch (const std::exception&) {
      // It ends with the connection.
    }
  }

 private:
  std::unique_ptr<Connection> connection_;
};

class PostgresDriver final : public Driver {
 public:
  std::unique_ptr<Store> open(const std::string& url) override {
    auto pool = std::make_shared<Pool>(url);
    auto connection = pool->take(usual_deadline());
    const auto version = version_of(*connection);
    if (version == 0)
      throw Failure(Code::unavailable,
                    "there is no credential store at " + pool->target().url() +
                        ": run credctl init, or credctl store copy to bring one there");
    must_be_known(version, pool->target().url());
    bring_up_to_date(*connection);
    pool->put_back(std::move(connection));
    return std::make_unique<PostgresStore>(std::move(pool));
  }

  bool create(const std::string& url, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
              const HeadRow& head) override {
    Pool pool(url);
    auto connection = pool.take(usual_deadline());
    must_be_known(version_of(*connection), pool.target().url());
    bring_up_to_date(*connection);
    pool.put_back(std::move(connection));
    return in_transaction(pool, [&](Connection& opened) {
      opened.queue(lock_all_realms);
      const auto there = opened.run("SELECT count(*) FROM cred.realm");
      if (there.number(0, 0) != 0) return false;
      insert_realm(opened, first_realm, keys, head);
      return true;
    });
  }

  bool exists(const std::string& url) override {
    Connection connection(Target(url), usual_deadline());
    // Tables without a realm are what an administrator prepared for init.
    return version_of(connection) != 0 &&
           connection.run("SELECT count(*) FROM cred.realm").number(0, 0) != 0;
  }

  std::unique_ptr<Lock> lock(const std::string& url, Purpose purpose, Holding holding,
                             Waiting waiting) override {
    auto connection = std::make_unique<Connection>(Target(url), usual_deadline());
    connection->script("SET idle_session_timeout = 0");
    const char* take =
        holding == Holding::alone
            ? "SELECT pg_try_advisory_lock(1129465156, $1::int8::int4 + 16)::int4::int8"
            : "SELECT pg_try_advisory_lock_shared(1129465156, $1::int8::int4 + 16)::int4::int8";
    const auto what = Parameters().number(static_cast<std::int64_t>(purpose));
    while (connection->run(take, what).number(0, 0) != 1) {
      if (waiting == Waiting::no) return nullptr;
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    return std::make_unique<ServerLock>(std::move(connection));
  }

  Look look(const std::string& url) override {
    const Target target(url);
    Connection connection(target, usual_deadline());
    Look look{static_cast<int>(version_of(connection)), static_cast<int>(newest_version()), {}};
    if (look.version == 0)
      throw Failure(Code::unavailable,
                    "there is no credential store at " + target.url() + ": run credctl init");
    if (look.version != look.newest) return look;
    const auto rows = connection.run("SELECT id, name FROM cred.realm ORDER BY name");
    for (int row = 0; row < rows.size(); ++row) {
      RealmRow realm{{}, rows.text(row, 1)};
      rows.read(row, 0, realm.id);
      look.realms.push_back(std::move(realm));
    }
    return look;
  }

  std::string ddl() override { return postgres::ddl(); }
};

}  // namespace
}  // namespace cred::store::postgres

extern "C" __attribute__((visibility("default"))) cred::store::Driver* cred_store_driver(
    unsigned interface, const char* version) {
  if (interface != cred::store::driver_interface || std::strcmp(version, CRED_VERSION) != 0)
    return nullptr;
  static cred::store::postgres::PostgresDriver driver;
  return &driver;
}
