// The trail, its checkpoints, and what waits for the journal.

#include "base/bytes.hpp"
#include "store/postgres/transaction.hpp"

#include <array>

namespace cred::store::postgres {
namespace {

#define CRED_AUDIT                                                                          \
  "SELECT audit.number, record, mac, account, body FROM cred.audit LEFT JOIN "              \
  "cred.audit_body ON audit_body.realm = audit.realm AND audit_body.number = audit.number " \
  "WHERE audit.realm = $1 "

AuditRow audit_of(const Rows& rows, int row) {
  AuditRow record{rows.count(row, 0), rows.blob(row, 1), rows.blob(row, 2), {}, {}};
  if (!rows.is_null(row, 3)) rows.read(row, 3, record.account);
  if (!rows.is_null(row, 4)) record.body = rows.blob(row, 4);
  return record;
}

}  // namespace

std::optional<AuditRow> PostgresTransaction::last_audit() {
  const auto rows = ask(CRED_AUDIT "ORDER BY audit.number DESC LIMIT 1", mine());
  if (rows.size() == 0) return std::nullopt;
  return audit_of(rows, 0);
}

std::vector<AuditRow> PostgresTransaction::audit(std::uint64_t after, std::size_t limit) {
  const auto found = ask(CRED_AUDIT "AND audit.number > $2 ORDER BY audit.number LIMIT $3",
                         mine().number(after).number(std::uint64_t{limit}));
  std::vector<AuditRow> rows;
  for (int row = 0; row < found.size(); ++row) rows.push_back(audit_of(found, row));
  return rows;
}

void PostgresTransaction::append_audit(const AuditRow& row) {
  traces_.record = {row.number, row.mac};
  tell("INSERT INTO cred.audit (realm, number, record, mac) VALUES ($1, $2, $3, $4)",
       mine().number(row.number).bytes(row.record).bytes(row.mac));
  if (row.body.empty()) return;
  tell("INSERT INTO cred.audit_body (realm, number, account, body) VALUES ($1, $2, $3, $4)",
       mine().number(row.number).bytes(row.account).bytes(row.body));
}

void PostgresTransaction::set_audit_body(std::uint64_t number, const Blob& body) {
  if (body.empty())
    tell("DELETE FROM cred.audit_body WHERE realm = $1 AND number = $2", mine().number(number));
  else
    tell("UPDATE cred.audit_body SET body = $3 WHERE realm = $1 AND number = $2",
         mine().number(number).bytes(body));
}

std::vector<AuditRow> PostgresTransaction::bodies_sealed_by_others(
    std::span<const std::byte> prefix, std::uint64_t after, std::size_t limit) {
  const auto found =
      ask("SELECT number, account, body FROM cred.audit_body WHERE realm = $1 AND number > $2 AND "
          "substr(body, 1, length($3::bytea)) <> $3 ORDER BY number LIMIT $4",
          mine().number(after).bytes(prefix).number(std::uint64_t{limit}));
  std::vector<AuditRow> rows;
  for (int row = 0; row < found.size(); ++row) {
    AuditRow record;
    record.number = found.count(row, 0);
    found.read(row, 1, record.account);
    record.body = found.blob(row, 2);
    rows.push_back(std::move(record));
  }
  return rows;
}

std::vector<KeyUse> PostgresTransaction::key_uses() {
  const auto rows =
      ask("SELECT substr(v, 2, 8), count(*) FILTER (WHERE kind = 1), "
          "count(*) FILTER (WHERE kind = 2), count(*) FILTER (WHERE kind = 3), "
          "count(*) FILTER (WHERE kind = 4), count(*) FILTER (WHERE kind = 5) FROM ("
          "SELECT 1 AS kind, credential AS v FROM cred.account WHERE realm = $1 "
          "UNION ALL SELECT 1, profile FROM cred.account WHERE realm = $1 "
          "UNION ALL SELECT 1, history FROM cred.account WHERE realm = $1 "
          "UNION ALL SELECT 2, label FROM cred.attempts WHERE realm = $1 AND label <> '' "
          "UNION ALL SELECT 3, last_login FROM cred.attempts WHERE realm = $1 AND last_login <> '' "
          "UNION ALL SELECT 4, body FROM cred.audit_body WHERE realm = $1 "
          "UNION ALL SELECT 5, sealed FROM cred.document WHERE realm = $1) AS sealed_values "
          "GROUP BY 1 ORDER BY 1",
          mine());
  std::vector<KeyUse> uses;
  for (int row = 0; row < rows.size(); ++row) {
    std::array<std::byte, sizeof(std::uint64_t)> id{};
    rows.read(row, 0, id);
    uses.push_back({Reader(id).u64(), rows.count(row, 1), rows.count(row, 2), rows.count(row, 3),
                    rows.count(row, 4), rows.count(row, 5)});
  }
  return uses;
}

void PostgresTransaction::prune_audit(std::uint64_t up_to) {
  (void)ask("SELECT cred.prune_audit($1, $2)", mine().number(up_to));
  tell("DELETE FROM cred.audit_body WHERE realm = $1 AND number <= $2", mine().number(up_to));
}

std::vector<CheckpointRow> PostgresTransaction::checkpoints() {
  const auto found =
      ask("SELECT number, record FROM cred.checkpoint WHERE realm = $1 ORDER BY number", mine());
  std::vector<CheckpointRow> rows;
  for (int row = 0; row < found.size(); ++row)
    rows.push_back({found.count(row, 0), found.blob(row, 1)});
  return rows;
}

void PostgresTransaction::append_checkpoint(const CheckpointRow& row) {
  tell("INSERT INTO cred.checkpoint (realm, number, record) VALUES ($1, $2, $3)",
       mine().number(row.number).bytes(row.record));
}

void PostgresTransaction::remove_checkpoints() {
  tell("DELETE FROM cred.checkpoint WHERE realm = $1", mine());
}

void PostgresTransaction::add_outbox(const JournalRow& row) {
  tell("INSERT INTO cred.outbox (realm, number, time, entry) VALUES ($1, $2, $3, $4)",
       mine().number(row.number).time(row.time).bytes(row.entry));
}

std::vector<JournalRow> PostgresTransaction::outbox(std::uint64_t after, std::size_t limit) {
  const auto found =
      ask("SELECT number, time, entry FROM cred.outbox WHERE realm = $1 AND number > $2 "
          "ORDER BY number LIMIT $3",
          mine().number(after).number(std::uint64_t{limit}));
  std::vector<JournalRow> rows;
  for (int row = 0; row < found.size(); ++row)
    rows.push_back({found.count(row, 0), found.time(row, 1), found.blob(row, 2)});
  return rows;
}

void PostgresTransaction::clear_outbox(std::uint64_t up_to) {
  tell("DELETE FROM cred.outbox WHERE realm = $1 AND number <= $2", mine().number(up_to));
}

}  // namespace cred::store::postgres
