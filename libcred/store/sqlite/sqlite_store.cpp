#include "store/sqlite/sqlite_store.hpp"

#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_transaction.hpp"

#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace cred::store::sqlite {
namespace {

// Whatever left the log was synced on its way. The database itself is not opened here: to
// close it again would end SQLite's locks on it in this process.
void sync_log(const Pool& pool) {
  const std::string log = pool.path() + "-wal";
  const int fd = ::open(log.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return;
  const bool synced = fd >= 0 && fdatasync(fd) == 0;
  const int error = errno;
  if (fd >= 0) (void)close(fd);
  if (!synced) throw Failure(Code::unavailable, "cannot sync " + log + ": " + std::strerror(error));
}

// The log's pages go into the file, where `secure_delete` left none of what was deleted.
void truncate_log(Pool& pool) {
  auto database = pool.take();
  guarded(pool.path(), [&] {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(30);
    for (;;) {
      SQLite::Statement truncate(*database, "PRAGMA wal_checkpoint(TRUNCATE)");
      truncate.executeStep();
      if (truncate.getColumn(0).getInt() == 0) return;
      if (std::chrono::steady_clock::now() >= give_up)
        throw Failure(Code::unavailable, "the store " + pool.path() +
                                             " is busy: what was erased may still be in its "
                                             "write-ahead log; try again");
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
  });
  pool.put_back(std::move(database));
}

class SqliteRealm final : public RealmStore {
 public:
  SqliteRealm(std::shared_ptr<Pool> pool, RealmRow row)
      : pool_(std::move(pool)), row_(std::move(row)) {}
  const RealmRow& row() const override { return row_; }
  std::vector<KeyRow> keys() override { return begin(Access::read)->keys(); }
  std::unique_ptr<Transaction> begin(Access access) override {
    return begin_transaction(pool_, row_.id, access);
  }
  void sync() override { sync_log(*pool_); }
  void scrub() override { truncate_log(*pool_); }
  bool shared() const override { return false; }

 private:
  std::shared_ptr<Pool> pool_;
  RealmRow row_;
};

void insert_realm(SQLite::Database& database, const RealmRow& row, const std::vector<KeyRow>& keys,
                  const HeadRow& head) {
  SQLite::Statement insert(database, "INSERT INTO realm (id, name) VALUES (?, ?)");
  bind_bytes(insert, 1, row.id);
  insert.bind(2, row.name);
  insert.exec();
  for (const KeyRow& key : keys) put_key(database, row.id, key);
  SQLite::Statement first(database, "INSERT INTO head (realm, number, record) VALUES (?, ?, ?)");
  bind_bytes(first, 1, row.id);
  first.bind(2, static_cast<std::int64_t>(head.number));
  bind_bytes(first, 3, head.record);
  first.exec();
}

KeysOfRealms keys_of_realms(SQLite::Database& database) {
  SQLite::Statement query(database,
                          "SELECT realm, number, wrapped, made, retired FROM realm_key "
                          "ORDER BY realm, number");
  KeysOfRealms keys;
  while (query.executeStep()) {
    Uuid realm{};
    read(query.getColumn(0), realm);
    keys.emplace_back(realm, key_of(query, 1));
  }
  return keys;
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  std::unique_ptr<RealmStore> realm(std::string_view name) override {
    return with_connection([&](SQLite::Database& database) -> std::unique_ptr<RealmStore> {
      SQLite::Statement query(database, "SELECT id, name FROM realm WHERE name = ?");
      query.bind(1, std::string(name));
      if (!query.executeStep()) return nullptr;
      RealmRow row;
      read(query.getColumn(0), row.id);
      row.name = query.getColumn(1).getString();
      return std::make_unique<SqliteRealm>(pool_, std::move(row));
    });
  }

  bool add_realm(const RealmRow& row, const std::vector<KeyRow>& keys,
                 const HeadRow& head) override {
    return with_connection([&](SQLite::Database& database) {
      SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
      SQLite::Statement query(database, "SELECT 1 FROM realm WHERE name = ?");
      query.bind(1, row.name);
      if (query.executeStep()) return false;
      insert_realm(database, row, keys, head);
      transaction.commit();
      return true;
    });
  }

  bool erase_realm(const Uuid& realm, Time when) override {
    return with_connection([&](SQLite::Database& database) {
      SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
      for (const char* table : {"account", "attempts", "lease", "audit", "audit_body", "checkpoint",
                                "head", "node", "outbox", "tombstone", "document", "realm_key"}) {
        SQLite::Statement remove(database,
                                 std::string("DELETE FROM ") + table + " WHERE realm = ?");
        bind_bytes(remove, 1, realm);
        remove.exec();
      }
      SQLite::Statement remove(database, "DELETE FROM realm WHERE id = ?");
      bind_bytes(remove, 1, realm);
      const bool there = remove.exec() == 1;
      if (there) {
        SQLite::Statement insert(database, "INSERT INTO erased_realm (id, erased) VALUES (?, ?)");
        bind_bytes(insert, 1, realm);
        insert.bind(2, static_cast<std::int64_t>(when.time_since_epoch().count()));
        insert.exec();
      }
      transaction.commit();
      return there;
    });
  }

  std::vector<Tombstone> erased_realms() override {
    return with_connection([&](SQLite::Database& database) {
      SQLite::Statement query(database, "SELECT id, erased FROM erased_realm ORDER BY id");
      std::vector<Tombstone> erased;
      while (query.executeStep()) {
        Tombstone tombstone;
        read(query.getColumn(0), tombstone.account);
        tombstone.erased = Time(Duration(query.getColumn(1).getInt64()));
        erased.push_back(std::move(tombstone));
      }
      return erased;
    });
  }

  void add_erased_realm(const Uuid& realm, Time when) override {
    with_connection([&](SQLite::Database& database) {
      SQLite::Statement insert(database,
                               "INSERT INTO erased_realm (id, erased) VALUES (?, ?) "
                               "ON CONFLICT (id) DO NOTHING");
      bind_bytes(insert, 1, realm);
      insert.bind(2, static_cast<std::int64_t>(when.time_since_epoch().count()));
      return insert.exec();
    });
  }

  KeysOfRealms keys() override { return with_connection(keys_of_realms); }

  bool put_keys(const KeysOfRealms& before, const KeysOfRealms& after) override {
    return with_connection([&](SQLite::Database& database) {
      SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
      if (keys_of_realms(database) != before) return false;
      for (const auto& [realm, key] : after) put_key(database, realm, key);
      transaction.commit();
      return true;
    });
  }

  void scrub() override { truncate_log(*pool_); }

  std::vector<std::string> realms() override {
    return with_connection([&](SQLite::Database& database) {
      SQLite::Statement query(database, "SELECT name FROM realm ORDER BY name");
      std::vector<std::string> names;
      while (query.executeStep()) names.push_back(query.getColumn(0).getString());
      return names;
    });
  }

 private:
  template <typename Work>
  auto with_connection(Work work) -> decltype(work(std::declval<SQLite::Database&>())) {
    auto database = pool_->take();
    auto result = guarded(pool_->path(), [&] { return work(*database); });
    pool_->put_back(std::move(database));
    return result;
  }

  std::shared_ptr<Pool> pool_;
};

}  // namespace

std::unique_ptr<Store> open(const std::string& path) {
  auto pool = std::make_shared<Pool>(path);
  auto database = pool->take();
  guarded(path, [&] {
    if (version_of(*database) == newest_version()) return;
    SQLite::Transaction transaction(*database, SQLite::TransactionBehavior::IMMEDIATE);
    migrate(*database, version_of(*database));
    transaction.commit();
  });
  pool->put_back(std::move(database));
  return std::make_unique<SqliteStore>(std::move(pool));
}

namespace {

// Made by root for the service's own user, whose directory it is. SQLite gives the files
// beside it to the same.
void give_to_owner_of_directory(const std::string& path) {
  struct stat directory {};
  struct stat file {};
  if (geteuid() != 0 || stat(path.substr(0, path.rfind('/') + 1).c_str(), &directory) != 0 ||
      directory.st_uid == 0)
    return;
  if (lstat(path.c_str(), &file) != 0 || !S_ISREG(file.st_mode) || file.st_nlink != 1 ||
      lchown(path.c_str(), directory.st_uid, directory.st_gid) != 0)
    throw Failure(Code::configuration,
                  "the store " + path + " cannot be given to its directory's owner");
}

}  // namespace

std::unique_ptr<Store> create_scratch(const std::string& path) {
  auto pool = std::make_shared<Pool>(path, Mode::scratch);
  auto database = pool->take();
  give_to_owner_of_directory(path);
  guarded(path, [&] { migrate(*database, 0); });
  pool->put_back(std::move(database));
  return std::make_unique<SqliteStore>(std::move(pool));
}

bool create(const std::string& path, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
            const HeadRow& head) {
  struct stat status {};
  if (stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode))
    throw Failure(Code::unavailable, "the store " + path + " cannot be created: there is " +
                                         (S_ISDIR(status.st_mode) ? "a directory" : "no file") +
                                         " of that name");
  auto database = connect(path, Mode::create);
  give_to_owner_of_directory(path);
  return guarded(path, [&] {
    SQLite::Transaction transaction(*database, SQLite::TransactionBehavior::IMMEDIATE);
    if (version_of(*database) != 0) return false;
    migrate(*database, 0);
    insert_realm(*database, first_realm, keys, head);
    transaction.commit();
    return true;
  });
}

bool exists(const std::string& path) {
  struct stat status {};
  if (stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return false;
  // An init that was killed leaves an empty database, which the next one takes.
  auto database = connect(path, Mode::create);
  return guarded(path, [&] { return version_of(*database) != 0; });
}

}  // namespace cred::store::sqlite
