// Rows of accounts, and what the tree sees of them.

#include "store/sqlite/sqlite_transaction.hpp"

namespace cred::store::sqlite {
namespace {

constexpr const char* account_columns =
    "id, name, generation, credential, profile, history, bucket";

AccountRow account_of(SQLite::Statement& query) {
  AccountRow row;
  read(query.getColumn(0), row.id);
  row.name = query.getColumn(1).getString();
  row.generation = static_cast<Generation>(query.getColumn(2).getInt64());
  row.credential = blob(query.getColumn(3));
  row.profile = blob(query.getColumn(4));
  row.history = blob(query.getColumn(5));
  row.bucket = static_cast<std::uint32_t>(query.getColumn(6).getInt64());
  return row;
}

}  // namespace

std::optional<AccountRow> SqliteTransaction::find(std::string_view name) {
  return guarded([&]() -> std::optional<AccountRow> {
    auto query = prepare(std::string("SELECT ") + account_columns +
                         " FROM account WHERE realm = ? AND name = ?");
    query.bind(2, std::string(name));
    if (!query.executeStep()) return std::nullopt;
    return account_of(query);
  });
}

std::optional<AccountRow> SqliteTransaction::find(const Uuid& id) {
  return guarded([&]() -> std::optional<AccountRow> {
    auto query = prepare(std::string("SELECT ") + account_columns +
                         " FROM account WHERE realm = ? AND id = ?");
    bind_bytes(query, 2, id);
    if (!query.executeStep()) return std::nullopt;
    return account_of(query);
  });
}

std::vector<AccountRow> SqliteTransaction::list(std::string_view after, std::size_t limit) {
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

bool SqliteTransaction::insert(const AccountRow& row) {
  return guarded([&] {
    auto statement = prepare(
        "INSERT INTO account "
        "(realm, id, name, generation, credential, profile, history, bucket) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (realm, name) DO NOTHING");
    bind_bytes(statement, 2, row.id);
    statement.bind(3, row.name);
    statement.bind(4, static_cast<std::int64_t>(row.generation));
    bind_bytes(statement, 5, row.credential);
    bind_bytes(statement, 6, row.profile);
    bind_bytes(statement, 7, row.history);
    statement.bind(8, row.bucket);
    return statement.exec() == 1;
  });
}

bool SqliteTransaction::replace(const AccountRow& next, Generation expected) {
  return guarded([&] {
    auto statement = prepare(
        "UPDATE account SET generation = ?2, credential = ?3, profile = ?4, history = ?5, "
        "bucket = ?8 "
        "WHERE realm = ?1 AND id = ?6 AND generation = ?7");
    statement.bind(2, static_cast<std::int64_t>(next.generation));
    bind_bytes(statement, 3, next.credential);
    bind_bytes(statement, 4, next.profile);
    bind_bytes(statement, 5, next.history);
    bind_bytes(statement, 6, next.id);
    statement.bind(7, static_cast<std::int64_t>(expected));
    statement.bind(8, next.bucket);
    return statement.exec() == 1;
  });
}

std::vector<AccountRow> SqliteTransaction::list_sealed_by_others(std::span<const std::byte> prefix,
                                                                 std::string_view after,
                                                                 std::size_t limit) {
  return guarded([&] {
    auto query = prepare(std::string("SELECT ") + account_columns +
                         " FROM account WHERE realm = ?1 AND name > ?2 AND "
                         "(substr(credential, 1, ?4) <> ?3 OR substr(profile, 1, ?4) <> ?3 OR "
                         "substr(history, 1, ?4) <> ?3) ORDER BY name LIMIT ?5");
    query.bind(2, std::string(after));
    bind_bytes(query, 3, prefix);
    query.bind(4, static_cast<std::int64_t>(prefix.size()));
    query.bind(5, static_cast<std::int64_t>(limit));
    std::vector<AccountRow> rows;
    while (query.executeStep()) rows.push_back(account_of(query));
    return rows;
  });
}

std::uint64_t SqliteTransaction::accounts() {
  return guarded([&] {
    auto query = prepare("SELECT count(*) FROM account WHERE realm = ?");
    query.executeStep();
    return static_cast<std::uint64_t>(query.getColumn(0).getInt64());
  });
}

bool SqliteTransaction::reseal(const AccountRow& before, const AccountRow& after) {
  return guarded([&] {
    auto statement = prepare(
        "UPDATE account SET credential = ?3, profile = ?4, history = ?5 WHERE realm = ?1 AND "
        "id = ?2 AND generation = ?6 AND credential = ?7 AND profile = ?8 AND history = ?9");
    bind_bytes(statement, 2, before.id);
    bind_bytes(statement, 3, after.credential);
    bind_bytes(statement, 4, after.profile);
    bind_bytes(statement, 5, after.history);
    statement.bind(6, static_cast<std::int64_t>(before.generation));
    bind_bytes(statement, 7, before.credential);
    bind_bytes(statement, 8, before.profile);
    bind_bytes(statement, 9, before.history);
    return statement.exec() == 1;
  });
}

bool SqliteTransaction::remove(const Uuid& account) {
  return guarded([&] {
    auto statement = prepare("DELETE FROM account WHERE realm = ? AND id = ?");
    bind_bytes(statement, 2, account);
    return statement.exec() == 1;
  });
}

namespace {

Member member_of(SQLite::Statement& query) {
  Member member;
  member.bucket = static_cast<std::uint32_t>(query.getColumn(0).getInt64());
  read(query.getColumn(1), member.account);
  member.generation = static_cast<Generation>(query.getColumn(2).getInt64());
  return member;
}

}  // namespace

std::optional<AccountRow> SqliteTransaction::first_from(std::uint32_t bucket) {
  return guarded([&]() -> std::optional<AccountRow> {
    auto query =
        prepare(std::string("SELECT ") + account_columns +
                " FROM account WHERE realm = ? AND bucket >= ? ORDER BY bucket, id LIMIT 1");
    query.bind(2, bucket);
    if (!query.executeStep()) return std::nullopt;
    return account_of(query);
  });
}

std::vector<Member> SqliteTransaction::members(std::uint32_t bucket) {
  return guarded([&] {
    auto query = prepare(
        "SELECT bucket, id, generation FROM account WHERE realm = ? AND bucket = ? ORDER BY id");
    query.bind(2, bucket);
    std::vector<Member> members;
    while (query.executeStep()) members.push_back(member_of(query));
    return members;
  });
}

void SqliteTransaction::each_member(const std::function<bool(const Member&)>& visit) {
  guarded([&] {
    auto query =
        prepare("SELECT bucket, id, generation FROM account WHERE realm = ? ORDER BY bucket, id");
    while (query.executeStep())
      if (!visit(member_of(query))) return;
  });
}

}  // namespace cred::store::sqlite
