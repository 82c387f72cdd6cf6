#include "store/sqlite/sqlite_store.hpp"

#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"
#include "store/sqlite/sqlite_transaction.hpp"

#include <sys/stat.h>

namespace cred::store::sqlite {
namespace {

class SqliteRealm final : public RealmStore {
 public:
  SqliteRealm(std::shared_ptr<Pool> pool, RealmRow row)
      : pool_(std::move(pool)), row_(std::move(row)) {}
  const RealmRow& row() const override { return row_; }
  std::unique_ptr<Transaction> begin(Access access) override {
    return begin_transaction(pool_, row_.id, access);
  }

 private:
  std::shared_ptr<Pool> pool_;
  RealmRow row_;
};

void insert_realm(SQLite::Database& database, const RealmRow& row) {
  SQLite::Statement insert(database, "INSERT INTO realm (id, name, wrapped_key) VALUES (?, ?, ?)");
  bind_bytes(insert, 1, row.id);
  insert.bind(2, row.name);
  bind_bytes(insert, 3, row.wrapped_key);
  insert.exec();
}

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::shared_ptr<Pool> pool) : pool_(std::move(pool)) {}

  std::unique_ptr<RealmStore> realm(std::string_view name) override {
    return with_connection([&](SQLite::Database& database) -> std::unique_ptr<RealmStore> {
      SQLite::Statement query(database, "SELECT id, name, wrapped_key FROM realm WHERE name = ?");
      query.bind(1, std::string(name));
      if (!query.executeStep()) return nullptr;
      RealmRow row;
      read(query.getColumn(0), row.id);
      row.name = query.getColumn(1).getString();
      row.wrapped_key = blob(query.getColumn(2));
      return std::make_unique<SqliteRealm>(pool_, std::move(row));
    });
  }

  bool add_realm(const RealmRow& row) override {
    return with_connection([&](SQLite::Database& database) {
      SQLite::Transaction transaction(database, SQLite::TransactionBehavior::IMMEDIATE);
      SQLite::Statement query(database, "SELECT 1 FROM realm WHERE name = ?");
      query.bind(1, row.name);
      if (query.executeStep()) return false;
      insert_realm(database, row);
      transaction.commit();
      return true;
    });
  }

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

bool create(const std::string& path, const RealmRow& first_realm) {
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
    insert_realm(*database, first_realm);
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
