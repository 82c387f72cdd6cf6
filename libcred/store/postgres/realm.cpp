// What a realm has as a whole: head, tree, keys, documents, tombstones.

#include "store/postgres/transaction.hpp"

#include <algorithm>

namespace cred::store::postgres {

std::optional<HeadRow> PostgresTransaction::head() {
  const auto rows = ask("SELECT number, record FROM cred.head WHERE realm = $1", mine());
  if (rows.size() == 0) return std::nullopt;
  return HeadRow{rows.count(0, 0), rows.blob(0, 1)};
}

void PostgresTransaction::set_head(const HeadRow& head) {
  traces_.head = head;
  tell(
      "INSERT INTO cred.head (realm, number, record) VALUES ($1, $2, $3) "
      "ON CONFLICT (realm) DO UPDATE SET number = excluded.number, record = excluded.record",
      mine().number(head.number).bytes(head.record));
}

// A node with those above it, which are asked for next: each has 64 children.
PostgresTransaction::Statement PostgresTransaction::path_of(std::uint32_t level,
                                                            std::uint32_t position) const {
  return {
      "SELECT level, position, digests FROM cred.node WHERE realm = $1 AND ("
      "(level = $2 AND position = $3) OR (level = $2 - 1 AND position = $3 >> 6) OR "
      "(level = $2 - 2 AND position = $3 >> 12))",
      mine().number(level).number(position)};
}

void PostgresTransaction::know_path(std::uint32_t level, std::uint32_t position, const Rows& rows) {
  for (std::uint32_t up = 0; up <= std::min(level, 2U); ++up)
    nodes_.try_emplace({level - up, position >> (6 * up)});
  for (int row = 0; row < rows.size(); ++row)
    nodes_[{rows.count32(row, 0), rows.count32(row, 1)}] = rows.blob(row, 2);
}

Blob PostgresTransaction::node(std::uint32_t level, std::uint32_t position) {
  const auto known = nodes_.find({level, position});
  if (known != nodes_.end()) return known->second;
  know_path(level, position, ask_all({path_of(level, position)}).back());
  return nodes_.at({level, position});
}

void PostgresTransaction::set_node(std::uint32_t level, std::uint32_t position,
                                   const Blob& digests) {
  if (const auto known = nodes_.find({level, position}); known != nodes_.end())
    known->second = digests;
  tell(
      "INSERT INTO cred.node (realm, level, position, digests) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (realm, level, position) DO UPDATE SET digests = excluded.digests",
      mine().number(level).number(position).bytes(digests));
}

std::vector<KeyRow> PostgresTransaction::keys() {
  const auto rows =
      ask("SELECT number, wrapped, made, retired FROM cred.realm_key WHERE realm = $1 "
          "ORDER BY number",
          mine());
  std::vector<KeyRow> keys;
  for (int row = 0; row < rows.size(); ++row) keys.push_back(key_of(rows, row, 0));
  return keys;
}

void PostgresTransaction::put_key(const KeyRow& key) {
  if (!open_) (void)head();
  postgres::put_key(*connection_, realm_, key);
}

void PostgresTransaction::remove_key(std::uint32_t number) {
  tell("DELETE FROM cred.realm_key WHERE realm = $1 AND number = $2", mine().number(number));
}

std::optional<Document> PostgresTransaction::document(std::string_view name) {
  const auto rows =
      ask("SELECT generation, sealed FROM cred.document WHERE realm = $1 AND name = $2",
          mine().text(name));
  if (rows.size() == 0) return std::nullopt;
  return Document{rows.count(0, 0), rows.blob(0, 1)};
}

void PostgresTransaction::set_document(std::string_view name, const Document& document) {
  tell(
      "INSERT INTO cred.document (realm, name, generation, sealed) VALUES ($1, $2, $3, $4) "
      "ON CONFLICT (realm, name) DO UPDATE SET generation = excluded.generation, "
      "sealed = excluded.sealed",
      mine().text(name).number(document.generation).bytes(document.sealed));
}

std::vector<std::pair<std::string, Document>> PostgresTransaction::documents() {
  const auto rows = ask(
      "SELECT name, generation, sealed FROM cred.document WHERE realm = $1 ORDER BY name", mine());
  std::vector<std::pair<std::string, Document>> documents;
  for (int row = 0; row < rows.size(); ++row)
    documents.emplace_back(rows.text(row, 0), Document{rows.count(row, 1), rows.blob(row, 2)});
  return documents;
}

std::vector<Tombstone> PostgresTransaction::tombstones() {
  const auto rows = ask(
      "SELECT account, erased, mac FROM cred.tombstone WHERE realm = $1 ORDER BY account", mine());
  std::vector<Tombstone> tombstones;
  for (int row = 0; row < rows.size(); ++row) {
    Tombstone tombstone{{}, rows.time(row, 1), rows.blob(row, 2)};
    rows.read(row, 0, tombstone.account);
    tombstones.push_back(std::move(tombstone));
  }
  return tombstones;
}

void PostgresTransaction::add_tombstone(const Tombstone& tombstone) {
  tell("INSERT INTO cred.tombstone (realm, account, erased, mac) VALUES ($1, $2, $3, $4)",
       mine().bytes(tombstone.account).time(tombstone.erased).bytes(tombstone.mac));
}

}  // namespace cred::store::postgres
