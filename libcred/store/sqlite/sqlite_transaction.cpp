#include "store/sqlite/sqlite_transaction.hpp"

#include <cstring>

namespace cred::store::sqlite {

void bind_bytes(SQLite::Statement& statement, int index, std::span<const std::byte> bytes) {
  // Without bytes a null pointer would be bound, which is NULL and no blob.
  statement.bind(index, bytes.empty() ? "" : static_cast<const void*>(bytes.data()),
                 static_cast<int>(bytes.size()));
}

Blob blob(const SQLite::Column& column) {
  const auto* data = static_cast<const std::byte*>(column.getBlob());
  return Blob(data, data + column.getBytes());
}

void read(const SQLite::Column& column, std::span<std::byte> bytes) {
  const void* data = column.getBlob();
  if (static_cast<std::size_t>(column.getBytes()) != bytes.size())
    throw Failure(Code::integrity, "a stored identifier has a wrong length");
  std::memcpy(bytes.data(), data, bytes.size());
}

namespace {

std::int64_t number(Time time) { return time.time_since_epoch().count(); }
Time time_of(const SQLite::Column& column) { return Time(Duration(column.getInt64())); }

constexpr const char* attempts_columns =
    "failures, last_failure, blocked_until, last_success, name, label, since_login, last_login";

// From the column `first` on.
Attempts attempts_of(SQLite::Statement& query, int first) {
  const auto column = [&](int i) { return query.getColumn(first + i); };
  Attempts a{column(0).getUInt(), time_of(column(1)), time_of(column(2)),  time_of(column(3)),
             std::nullopt,        blob(column(5)),    column(6).getUInt(), blob(column(7))};
  if (!column(4).isNull()) read(column(4), a.name.emplace());
  return a;
}

std::vector<Counter> counters_of(SQLite::Statement& query) {
  std::vector<Counter> counters;
  while (query.executeStep()) {
    Counter counter;
    read(query.getColumn(0), counter.subject);
    counter.attempts = attempts_of(query, 1);
    counters.push_back(std::move(counter));
  }
  return counters;
}

constexpr const char* account_columns = "id, name, generation, credential, profile, history";

AccountRow account_of(SQLite::Statement& query) {
  AccountRow row;
  read(query.getColumn(0), row.id);
  row.name = query.getColumn(1).getString();
  row.generation = static_cast<Generation>(query.getColumn(2).getInt64());
  row.credential = blob(query.getColumn(3));
  row.profile = blob(query.getColumn(4));
  row.history = blob(query.getColumn(5));
  return row;
}

AuditRow audit_of(SQLite::Statement& query) {
  return {static_cast<std::uint64_t>(query.getColumn(0).getInt64()), blob(query.getColumn(1)),
          blob(query.getColumn(2))};
}

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(std::shared_ptr<Pool> pool, const Uuid& realm, Access access)
      : pool_(std::move(pool)), realm_(realm), database_(pool_->take()) {
    guarded([&] {
      // Each transaction says it anew: the connection served others before.
      database_->exec(access == Access::write_behind ? "PRAGMA synchronous = NORMAL"
                                                     : "PRAGMA synchronous = FULL");
      database_->exec(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE");
      open_ = true;
    });
  }

  ~SqliteTransaction() override {
    if (open_) {
      try {
        database_->exec("ROLLBACK");
      } catch (const SQLite::Exception&) {
        return;  // SQLite rolled back already, or the connection is broken: drop it
      }
    }
    pool_->put_back(std::move(database_));
  }

  std::optional<AccountRow> find(std::string_view name) override {
    return guarded([&]() -> std::optional<AccountRow> {
      auto query = prepare(std::string("SELECT ") + account_columns +
                           " FROM account WHERE realm = ? AND name = ?");
      query.bind(2, std::string(name));
      if (!query.executeStep()) return std::nullopt;
      return account_of(query);
    });
  }

  std::optional<AccountRow> find(const Uuid& id) override {
    return guarded([&]() -> std::optional<AccountRow> {
      auto query = prepare(std::string("SELECT ") + account_columns +
                           " FROM account WHERE realm = ? AND id = ?");
      bind_bytes(query, 2, id);
      if (!query.executeStep()) return std::nullopt;
      return account_of(query);
    });
  }

  std::vector<AccountRow> list(std::string_view after, std::size_t limit) override {
    return guarded([&] {
      auto query = prepare(std::string("SELECT ") + account_columns +
                           " FROM account WHERE realm = ? AND name > ? ORDER BY name LIMIT ?");
      query.bind(2, std::string(after));
      query.bind(3, static_cast<std::int64_t>(limit));
      std::vector<AccountRow> rows;
      while (query.executeStep()) rows.push_back(account_of(query));
      return rows;
    });
  }

  bool insert(const AccountRow& row) override {
    return guarded([&] {
      auto statement = prepare(
          "INSERT INTO account (realm, id, name, generation, credential, profile, history) "
          "VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (realm, name) DO NOTHING");
      bind_bytes(statement, 2, row.id);
      statement.bind(3, row.name);
      statement.bind(4, static_cast<std::int64_t>(row.generation));
      bind_bytes(statement, 5, row.credential);
      bind_bytes(statement, 6, row.profile);
      bind_bytes(statement, 7, row.history);
      return statement.exec() == 1;
    });
  }

  bool replace(const AccountRow& next, Generation expected) override {
    return guarded([&] {
      auto statement = prepare(
          "UPDATE account SET generation = ?2, credential = ?3, profile = ?4, history = ?5 "
          "WHERE realm = ?1 AND id = ?6 AND generation = ?7");
      statement.bind(2, static_cast<std::int64_t>(next.generation));
      bind_bytes(statement, 3, next.credential);
      bind_bytes(statement, 4, next.profile);
      bind_bytes(statement, 5, next.history);
      bind_bytes(statement, 6, next.id);
      statement.bind(7, static_cast<std::int64_t>(expected));
      return statement.exec() == 1;
    });
  }

  Attempts attempts(const Subject& subject) override {
    return guarded([&] {
      auto query = prepare_for(subject, std::string("SELECT ") + attempts_columns +
                                            " FROM attempts WHERE realm = ? AND subject = ?");
      return query.executeStep() ? attempts_of(query, 0) : Attempts{};
    });
  }

  std::vector<Counter> sources_of(const Subject& name) override {
    return guarded([&] {
      auto query = prepare_for(name, std::string("SELECT subject, ") + attempts_columns +
                                         " FROM attempts WHERE realm = ? AND name = ?");
      return counters_of(query);
    });
  }

  std::vector<Counter> failing(std::size_t limit) override {
    return guarded([&] {
      auto query = prepare(std::string("SELECT subject, ") + attempts_columns +
                           " FROM attempts WHERE realm = ? AND failures > 0 "
                           "ORDER BY last_failure DESC LIMIT ?");
      query.bind(2, static_cast<std::int64_t>(limit));
      return counters_of(query);
    });
  }

  void set_attempts(const Subject& subject, const Attempts& a) override {
    guarded([&] {
      if (a.failures == 0 && a.last_success == Time{} && a.last_login.empty()) {
        prepare_for(subject, "DELETE FROM attempts WHERE realm = ? AND subject = ?").exec();
        return;
      }
      auto statement =
          prepare_for(subject,
                      "INSERT INTO attempts "
                      "(realm, subject, failures, last_failure, blocked_until, last_success, "
                      "name, label, since_login, last_login) "
                      "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                      "ON CONFLICT (realm, subject) DO UPDATE SET failures = ?3, "
                      "last_failure = ?4, blocked_until = ?5, last_success = ?6, name = ?7, "
                      "label = ?8, since_login = ?9, last_login = ?10");
      statement.bind(3, a.failures);
      statement.bind(4, number(a.last_failure));
      statement.bind(5, number(a.blocked_until));
      statement.bind(6, number(a.last_success));
      if (a.name) bind_bytes(statement, 7, *a.name);
      bind_bytes(statement, 8, a.label);
      statement.bind(9, a.since_login);
      bind_bytes(statement, 10, a.last_login);
      statement.exec();
    });
  }

  std::vector<Lease> leases(const Subject& subject) override {
    return guarded([&] {
      auto query =
          prepare_for(subject, "SELECT id, expires FROM lease WHERE realm = ? AND subject = ?");
      std::vector<Lease> open;
      while (query.executeStep())
        open.push_back({query.getColumn(0).getInt64(), time_of(query.getColumn(1))});
      return open;
    });
  }

  std::int64_t add_lease(const Subject& subject, Time expires) override {
    return guarded([&] {
      auto statement =
          prepare_for(subject, "INSERT INTO lease (realm, subject, expires) VALUES (?, ?, ?)");
      statement.bind(3, number(expires));
      statement.exec();
      return database_->getLastInsertRowid();
    });
  }

  bool remove_lease(const Subject& subject, std::int64_t id) override {
    return guarded([&] {
      auto statement =
          prepare_for(subject, "DELETE FROM lease WHERE realm = ? AND subject = ? AND id = ?");
      statement.bind(3, id);
      return statement.exec() == 1;
    });
  }

  void prune_attempts(Time before) override {
    guarded([&] {
      for (const char* sql :
           {"DELETE FROM attempts WHERE realm = ?1 AND failures > 0 AND last_failure < ?2 "
            "AND blocked_until < ?2 AND last_success = 0 AND last_login = x''",
            "UPDATE attempts SET failures = 0, last_failure = 0, blocked_until = 0 "
            "WHERE realm = ?1 AND failures > 0 AND last_failure < ?2 AND blocked_until < ?2",
            "DELETE FROM attempts WHERE realm = ?1 AND name IS NOT NULL AND last_success < ?2 "
            "AND failures = 0"}) {
        auto statement = prepare(sql);
        statement.bind(2, number(before));
        statement.exec();
      }
    });
  }

  std::optional<AuditRow> last_audit() override {
    return guarded([&]() -> std::optional<AuditRow> {
      auto query = prepare(
          "SELECT number, record, mac FROM audit WHERE realm = ? ORDER BY number DESC LIMIT 1");
      if (!query.executeStep()) return std::nullopt;
      return audit_of(query);
    });
  }

  std::vector<AuditRow> audit(std::uint64_t after, std::size_t limit) override {
    return guarded([&] {
      auto query = prepare(
          "SELECT number, record, mac FROM audit WHERE realm = ? AND number > ? "
          "ORDER BY number LIMIT ?");
      query.bind(2, static_cast<std::int64_t>(after));
      query.bind(3, static_cast<std::int64_t>(limit));
      std::vector<AuditRow> rows;
      while (query.executeStep()) rows.push_back(audit_of(query));
      return rows;
    });
  }

  void append_audit(const AuditRow& row) override {
    guarded([&] {
      auto statement =
          prepare("INSERT INTO audit (realm, number, record, mac) VALUES (?, ?, ?, ?)");
      statement.bind(2, static_cast<std::int64_t>(row.number));
      bind_bytes(statement, 3, row.record);
      bind_bytes(statement, 4, row.mac);
      statement.exec();
    });
  }

  void commit() override {
    guarded([&] {
      database_->exec("COMMIT");
      open_ = false;
    });
  }

 private:
  template <typename Work>
  auto guarded(Work work) -> decltype(work()) {
    return sqlite::guarded(pool_->path(), work);
  }

  // The realm is every statement's first parameter.
  SQLite::Statement prepare(const std::string& sql) {
    SQLite::Statement statement(*database_, sql);
    bind_bytes(statement, 1, realm_);
    return statement;
  }
  SQLite::Statement prepare_for(const Subject& subject, const std::string& sql) {
    auto statement = prepare(sql);
    bind_bytes(statement, 2, subject);
    return statement;
  }

  std::shared_ptr<Pool> pool_;
  Uuid realm_;
  std::unique_ptr<SQLite::Database> database_;
  bool open_ = false;
};

}  // namespace

std::unique_ptr<Transaction> begin_transaction(std::shared_ptr<Pool> pool, const Uuid& realm,
                                               Access access) {
  return std::make_unique<SqliteTransaction>(std::move(pool), realm, access);
}

}  // namespace cred::store::sqlite
