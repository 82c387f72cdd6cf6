// What a realm has as a whole: head, tree, keys, documents, tombstones.

#include "store/sqlite/sqlite_transaction.hpp"

namespace cred::store::sqlite {

std::optional<HeadRow> SqliteTransaction::head() {
  return guarded([&]() -> std::optional<HeadRow> {
    auto query = prepare("SELECT number, record FROM head WHERE realm = ?");
    if (!query.executeStep()) return std::nullopt;
    return HeadRow{static_cast<std::uint64_t>(query.getColumn(0).getInt64()),
                   blob(query.getColumn(1))};
  });
}

void SqliteTransaction::set_head(const HeadRow& head) {
  guarded([&] {
    auto statement = prepare(
        "INSERT INTO head (realm, number, record) VALUES (?1, ?2, ?3) "
        "ON CONFLICT (realm) DO UPDATE SET number = ?2, record = ?3");
    statement.bind(2, static_cast<std::int64_t>(head.number));
    bind_bytes(statement, 3, head.record);
    statement.exec();
  });
}

Blob SqliteTransaction::node(std::uint32_t level, std::uint32_t position) {
  return guarded([&]() -> Blob {
    auto query = prepare("SELECT digests FROM node WHERE realm = ? AND level = ? AND position = ?");
    query.bind(2, level);
    query.bind(3, position);
    return query.executeStep() ? blob(query.getColumn(0)) : Blob{};
  });
}

void SqliteTransaction::set_node(std::uint32_t level, std::uint32_t position, const Blob& digests) {
  guarded([&] {
    auto statement = prepare(
        "INSERT INTO node (realm, level, position, digests) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (realm, level, position) DO UPDATE SET digests = ?4");
    statement.bind(2, level);
    statement.bind(3, position);
    bind_bytes(statement, 4, digests);
    statement.exec();
  });
}

std::vector<KeyRow> SqliteTransaction::keys() {
  return guarded([&] {
    auto query = prepare(
        "SELECT number, wrapped, made, retired FROM realm_key WHERE realm = ? ORDER BY number");
    std::vector<KeyRow> keys;
    while (query.executeStep()) keys.push_back(key_of(query, 0));
    return keys;
  });
}

void SqliteTransaction::put_key(const KeyRow& key) {
  guarded([&] { sqlite::put_key(*database_, realm_, key); });
}

void SqliteTransaction::remove_key(std::uint32_t number) {
  guarded([&] {
    auto statement = prepare("DELETE FROM realm_key WHERE realm = ? AND number = ?");
    statement.bind(2, number);
    statement.exec();
  });
}

std::optional<Document> SqliteTransaction::document(std::string_view name) {
  return guarded([&]() -> std::optional<Document> {
    auto query = prepare("SELECT generation, sealed FROM document WHERE realm = ? AND name = ?");
    query.bind(2, std::string(name));
    if (!query.executeStep()) return std::nullopt;
    return Document{static_cast<std::uint64_t>(query.getColumn(0).getInt64()),
                    blob(query.getColumn(1))};
  });
}

void SqliteTransaction::set_document(std::string_view name, const Document& document) {
  guarded([&] {
    auto statement = prepare(
        "INSERT INTO document (realm, name, generation, sealed) VALUES (?1, ?2, ?3, ?4) "
        "ON CONFLICT (realm, name) DO UPDATE SET generation = ?3, sealed = ?4");
    statement.bind(2, std::string(name));
    statement.bind(3, static_cast<std::int64_t>(document.generation));
    bind_bytes(statement, 4, document.sealed);
    statement.exec();
  });
}

std::vector<std::pair<std::string, Document>> SqliteTransaction::documents() {
  return guarded([&] {
    auto query =
        prepare("SELECT name, generation, sealed FROM document WHERE realm = ? ORDER BY name");
    std::vector<std::pair<std::string, Document>> documents;
    while (query.executeStep())
      documents.emplace_back(query.getColumn(0).getString(),
                             Document{static_cast<std::uint64_t>(query.getColumn(1).getInt64()),
                                      blob(query.getColumn(2))});
    return documents;
  });
}

std::vector<Tombstone> SqliteTransaction::tombstones() {
  return guarded([&] {
    auto query =
        prepare("SELECT account, erased, mac FROM tombstone WHERE realm = ? ORDER BY account");
    std::vector<Tombstone> tombstones;
    while (query.executeStep()) {
      Tombstone tombstone{{}, time_of(query.getColumn(1)), blob(query.getColumn(2))};
      read(query.getColumn(0), tombstone.account);
      tombstones.push_back(std::move(tombstone));
    }
    return tombstones;
  });
}

void SqliteTransaction::add_tombstone(const Tombstone& tombstone) {
  guarded([&] {
    auto statement =
        prepare("INSERT INTO tombstone (realm, account, erased, mac) VALUES (?, ?, ?, ?)");
    bind_bytes(statement, 2, tombstone.account);
    statement.bind(3, number_of(tombstone.erased));
    bind_bytes(statement, 4, tombstone.mac);
    statement.exec();
  });
}

}  // namespace cred::store::sqlite
