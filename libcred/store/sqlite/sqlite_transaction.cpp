#include "store/sqlite/sqlite_transaction.hpp"

#include <cstring>
#include <sqlite3.h>

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

std::int64_t number_of(Time time) { return time.time_since_epoch().count(); }
Time time_of(const SQLite::Column& column) { return Time(Duration(column.getInt64())); }

KeyRow key_of(SQLite::Statement& query, int first) {
  KeyRow key{query.getColumn(first).getUInt(), blob(query.getColumn(first + 1)),
             time_of(query.getColumn(first + 2)), std::nullopt};
  if (!query.getColumn(first + 3).isNull()) key.retired = time_of(query.getColumn(first + 3));
  return key;
}

void put_key(SQLite::Database& database, const Uuid& realm, const KeyRow& key) {
  SQLite::Statement statement(
      database,
      "INSERT INTO realm_key (realm, number, wrapped, made, retired) VALUES (?1, ?2, ?3, ?4, ?5) "
      "ON CONFLICT (realm, number) DO UPDATE SET wrapped = ?3, made = ?4, retired = ?5");
  bind_bytes(statement, 1, realm);
  statement.bind(2, key.number);
  bind_bytes(statement, 3, key.wrapped);
  statement.bind(4, number_of(key.made));
  if (key.retired) statement.bind(5, number_of(*key.retired));
  statement.exec();
}

SqliteTransaction::SqliteTransaction(std::shared_ptr<Pool> pool, const Uuid& realm, Access access)
    : pool_(std::move(pool)), realm_(realm), database_(pool_->take()) {
  guarded([&] {
    // Each transaction says it anew: the connection served others before.
    if (pool_->mode() != Mode::scratch)
      database_->exec(access == Access::write_behind ? "PRAGMA synchronous = NORMAL"
                                                     : "PRAGMA synchronous = FULL");
    database_->exec(access == Access::read ? "BEGIN" : "BEGIN IMMEDIATE");
    open_ = true;
  });
}

Prepared::~Prepared() {
  // One that failed says so again when it is reset: it is dropped.
  if (others_ == nullptr || tryReset() != SQLITE_OK) return;
  try {
    clearBindings();
    others_->emplace(std::move(sql_), std::move(static_cast<SQLite::Statement&>(*this)));
  } catch (const std::exception&) {
    return;
  }
}

SqliteTransaction::~SqliteTransaction() {
  statements_.clear();
  if (open_) {
    try {
      database_->exec("ROLLBACK");
    } catch (const SQLite::Exception&) {
      return;  // SQLite rolled back already, or the connection is broken: drop it
    }
  }
  pool_->put_back(std::move(database_));
}

void SqliteTransaction::commit() {
  guarded([&] {
    database_->exec("COMMIT");
    open_ = false;
  });
}

Prepared SqliteTransaction::prepare(const std::string& sql) {
  const auto used = statements_.extract(sql);
  Prepared statement(used ? std::move(used.mapped()) : SQLite::Statement(*database_, sql),
                     statements_, sql);
  bind_bytes(statement, 1, realm_);
  return statement;
}

Prepared SqliteTransaction::prepare_for(const Subject& subject, const std::string& sql) {
  auto statement = prepare(sql);
  bind_bytes(statement, 2, subject);
  return statement;
}

std::unique_ptr<Transaction> begin_transaction(std::shared_ptr<Pool> pool, const Uuid& realm,
                                               Access access) {
  return std::make_unique<SqliteTransaction>(std::move(pool), realm, access);
}

}  // namespace cred::store::sqlite
