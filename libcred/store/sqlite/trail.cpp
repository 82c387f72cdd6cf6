// The trail, its checkpoints, and what waits for the journal.

#include "base/bytes.hpp"
#include "store/sqlite/sqlite_transaction.hpp"

namespace cred::store::sqlite {
namespace {

AuditRow audit_of(SQLite::Statement& query) {
  AuditRow row{static_cast<std::uint64_t>(query.getColumn(0).getInt64()),
               blob(query.getColumn(1)),
               blob(query.getColumn(2)),
               {},
               {}};
  if (!query.getColumn(3).isNull()) read(query.getColumn(3), row.account);
  if (!query.getColumn(4).isNull()) row.body = blob(query.getColumn(4));
  return row;
}

constexpr const char* audit_of_realm =
    "SELECT audit.number, record, mac, account, body FROM audit LEFT JOIN audit_body ON "
    "audit_body.realm = audit.realm AND audit_body.number = audit.number WHERE audit.realm = ? ";

}  // namespace

std::optional<AuditRow> SqliteTransaction::last_audit() {
  return guarded([&]() -> std::optional<AuditRow> {
    auto query = prepare(std::string(audit_of_realm) + "ORDER BY audit.number DESC LIMIT 1");
    if (!query.executeStep()) return std::nullopt;
    return audit_of(query);
  });
}

std::vector<AuditRow> SqliteTransaction::audit(std::uint64_t after, std::size_t limit) {
  return guarded([&] {
    auto query =
        prepare(std::string(audit_of_realm) + "AND audit.number > ? ORDER BY audit.number LIMIT ?");
    query.bind(2, static_cast<std::int64_t>(after));
    query.bind(3, static_cast<std::int64_t>(limit));
    std::vector<AuditRow> rows;
    while (query.executeStep()) rows.push_back(audit_of(query));
    return rows;
  });
}

void SqliteTransaction::append_audit(const AuditRow& row) {
  guarded([&] {
    auto statement = prepare("INSERT INTO audit (realm, number, record, mac) VALUES (?, ?, ?, ?)");
    statement.bind(2, static_cast<std::int64_t>(row.number));
    bind_bytes(statement, 3, row.record);
    bind_bytes(statement, 4, row.mac);
    statement.exec();
    if (row.body.empty()) return;
    auto body =
        prepare("INSERT INTO audit_body (realm, number, account, body) VALUES (?, ?, ?, ?)");
    body.bind(2, static_cast<std::int64_t>(row.number));
    bind_bytes(body, 3, row.account);
    bind_bytes(body, 4, row.body);
    body.exec();
  });
}

void SqliteTransaction::set_audit_body(std::uint64_t number, const Blob& body) {
  guarded([&] {
    if (body.empty()) {
      auto statement = prepare("DELETE FROM audit_body WHERE realm = ? AND number = ?");
      statement.bind(2, static_cast<std::int64_t>(number));
      statement.exec();
      return;
    }
    auto statement = prepare("UPDATE audit_body SET body = ?3 WHERE realm = ?1 AND number = ?2");
    statement.bind(2, static_cast<std::int64_t>(number));
    bind_bytes(statement, 3, body);
    statement.exec();
  });
}

std::vector<AuditRow> SqliteTransaction::bodies_sealed_by_others(std::span<const std::byte> prefix,
                                                                 std::uint64_t after,
                                                                 std::size_t limit) {
  return guarded([&] {
    auto query = prepare(
        "SELECT number, account, body FROM audit_body WHERE realm = ?1 AND number > ?2 AND "
        "substr(body, 1, ?3) <> ?4 ORDER BY number LIMIT ?5");
    query.bind(2, static_cast<std::int64_t>(after));
    query.bind(3, static_cast<std::int64_t>(prefix.size()));
    bind_bytes(query, 4, prefix);
    query.bind(5, static_cast<std::int64_t>(limit));
    std::vector<AuditRow> rows;
    while (query.executeStep()) {
      AuditRow row;
      row.number = static_cast<std::uint64_t>(query.getColumn(0).getInt64());
      read(query.getColumn(1), row.account);
      row.body = blob(query.getColumn(2));
      rows.push_back(std::move(row));
    }
    return rows;
  });
}

std::vector<KeyUse> SqliteTransaction::key_uses() {
  return guarded([&] {
    auto query = prepare(
        "SELECT substr(v, 2, 8), count(*) FILTER (WHERE kind = 1), "
        "count(*) FILTER (WHERE kind = 2), count(*) FILTER (WHERE kind = 3), "
        "count(*) FILTER (WHERE kind = 4), count(*) FILTER (WHERE kind = 5) FROM ("
        "SELECT 1 AS kind, credential AS v FROM account WHERE realm = ?1 "
        "UNION ALL SELECT 1, profile FROM account WHERE realm = ?1 "
        "UNION ALL SELECT 1, history FROM account WHERE realm = ?1 "
        "UNION ALL SELECT 2, label FROM attempts WHERE realm = ?1 AND label <> x'' "
        "UNION ALL SELECT 3, last_login FROM attempts WHERE realm = ?1 AND last_login <> x'' "
        "UNION ALL SELECT 4, body FROM audit_body WHERE realm = ?1 "
        "UNION ALL SELECT 5, sealed FROM document WHERE realm = ?1) GROUP BY 1");
    const auto count = [&](int column) {
      return static_cast<std::uint64_t>(query.getColumn(column).getInt64());
    };
    std::vector<KeyUse> uses;
    while (query.executeStep()) {
      std::array<std::byte, sizeof(std::uint64_t)> id{};
      read(query.getColumn(0), id);
      uses.push_back({Reader(id).u64(), count(1), count(2), count(3), count(4), count(5)});
    }
    return uses;
  });
}

void SqliteTransaction::prune_audit(std::uint64_t up_to) {
  guarded([&] {
    for (const char* sql : {"DELETE FROM audit WHERE realm = ? AND number <= ?",
                            "DELETE FROM audit_body WHERE realm = ? AND number <= ?"}) {
      auto statement = prepare(sql);
      statement.bind(2, static_cast<std::int64_t>(up_to));
      statement.exec();
    }
  });
}

std::vector<CheckpointRow> SqliteTransaction::checkpoints() {
  return guarded([&] {
    auto query = prepare("SELECT number, record FROM checkpoint WHERE realm = ? ORDER BY number");
    std::vector<CheckpointRow> rows;
    while (query.executeStep())
      rows.push_back(
          {static_cast<std::uint64_t>(query.getColumn(0).getInt64()), blob(query.getColumn(1))});
    return rows;
  });
}

void SqliteTransaction::append_checkpoint(const CheckpointRow& row) {
  guarded([&] {
    auto statement = prepare("INSERT INTO checkpoint (realm, number, record) VALUES (?, ?, ?)");
    statement.bind(2, static_cast<std::int64_t>(row.number));
    bind_bytes(statement, 3, row.record);
    statement.exec();
  });
}

void SqliteTransaction::remove_checkpoints() {
  guarded([&] { prepare("DELETE FROM checkpoint WHERE realm = ?").exec(); });
}

void SqliteTransaction::add_outbox(const JournalRow& row) {
  guarded([&] {
    auto statement = prepare("INSERT INTO outbox (realm, number, time, entry) VALUES (?, ?, ?, ?)");
    statement.bind(2, static_cast<std::int64_t>(row.number));
    statement.bind(3, number_of(row.time));
    bind_bytes(statement, 4, row.entry);
    statement.exec();
  });
}

std::vector<JournalRow> SqliteTransaction::outbox(std::uint64_t after, std::size_t limit) {
  return guarded([&] {
    auto query = prepare(
        "SELECT number, time, entry FROM outbox WHERE realm = ? AND number > ? "
        "ORDER BY number LIMIT ?");
    query.bind(2, static_cast<std::int64_t>(after));
    query.bind(3, static_cast<std::int64_t>(limit));
    std::vector<JournalRow> rows;
    while (query.executeStep())
      rows.push_back({static_cast<std::uint64_t>(query.getColumn(0).getInt64()),
                      time_of(query.getColumn(1)), blob(query.getColumn(2))});
    return rows;
  });
}

void SqliteTransaction::clear_outbox(std::uint64_t up_to) {
  guarded([&] {
    auto statement = prepare("DELETE FROM outbox WHERE realm = ? AND number <= ?");
    statement.bind(2, static_cast<std::int64_t>(up_to));
    statement.exec();
  });
}

}  // namespace cred::store::sqlite
