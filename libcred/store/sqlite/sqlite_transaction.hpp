// One transaction on one realm's rows. What it does is in a file for each kind of row.
#pragma once

#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

#include <map>
#include <span>

namespace cred::store::sqlite {

std::unique_ptr<Transaction> begin_transaction(std::shared_ptr<Pool> pool, const Uuid& realm,
                                               Access access);

// Blobs and times in and out. A row of the wrong length is damage.
void bind_bytes(SQLite::Statement& statement, int index, std::span<const std::byte> bytes);
Blob blob(const SQLite::Column& column);
void read(const SQLite::Column& column, std::span<std::byte> bytes);
std::int64_t number_of(Time time);
Time time_of(const SQLite::Column& column);

// Of a row that begins with number, wrapped, made and retired at column `first`.
KeyRow key_of(SQLite::Statement& query, int first);
// Adds a key, or exchanges the one of its number.
void put_key(SQLite::Database& database, const Uuid& realm, const KeyRow& key);

// Statements of one connection that were used before, to be used again.
using Statements = std::multimap<std::string, SQLite::Statement>;

// A statement that goes back to the others at the end of its scope.
class Prepared : public SQLite::Statement {
 public:
  Prepared(SQLite::Statement&& statement, Statements& others, const std::string& sql)
      : SQLite::Statement(std::move(statement)), others_(&others), sql_(sql) {}
  Prepared(Prepared&& other) noexcept
      : SQLite::Statement(std::move(other)),
        others_(std::exchange(other.others_, nullptr)),
        sql_(std::move(other.sql_)) {}
  Prepared& operator=(Prepared&&) = delete;
  ~Prepared();

 private:
  Statements* others_;
  std::string sql_;
};

class SqliteTransaction final : public Transaction {
 public:
  SqliteTransaction(std::shared_ptr<Pool> pool, const Uuid& realm, Access access);
  ~SqliteTransaction() override;

  std::optional<AccountRow> find(std::string_view name) override;
  std::optional<AccountRow> find(const Uuid& id) override;
  std::vector<AccountRow> list(std::string_view after, std::size_t limit) override;
  std::vector<AccountRow> list_sealed_by_others(std::span<const std::byte> prefix,
                                                std::string_view after, std::size_t limit) override;
  std::uint64_t accounts() override;
  bool insert(const AccountRow& row) override;
  bool replace(const AccountRow& next, Generation expected) override;
  bool reseal(const AccountRow& before, const AccountRow& after) override;
  bool remove(const Uuid& account) override;
  std::optional<AccountRow> first_from(std::uint32_t bucket) override;
  std::vector<Member> members(std::uint32_t bucket) override;
  void each_member(const std::function<bool(const Member&)>& visit) override;
  Blob node(std::uint32_t level, std::uint32_t position) override;
  void set_node(std::uint32_t level, std::uint32_t position, const Blob& digests) override;
  std::optional<HeadRow> head() override;
  void set_head(const HeadRow& head) override;
  std::vector<KeyRow> keys() override;
  void put_key(const KeyRow& key) override;
  void remove_key(std::uint32_t number) override;
  std::optional<Document> document(std::string_view name) override;
  void set_document(std::string_view name, const Document& document) override;
  std::vector<std::pair<std::string, Document>> documents() override;
  std::vector<Tombstone> tombstones() override;
  void add_tombstone(const Tombstone& tombstone) override;
  void hold(std::span<const Subject>) override {}  // there is one writer at a time
  Attempts attempts(const Subject& subject) override;
  void set_attempts(const Subject& subject, const Attempts& attempts) override;
  std::vector<Counter> sources_of(const Subject& name) override;
  std::vector<Counter> failing(std::size_t limit) override;
  std::vector<Lease> leases(const Subject& subject) override;
  std::int64_t add_lease(const Subject& subject, Time expires) override;
  bool remove_lease(const Subject& subject, std::int64_t id) override;
  void prune_attempts(Time before) override;
  void remove_attempts(const Subject& subject) override;
  void each_counter(const std::function<bool(const Counter&)>& visit) override;
  std::vector<SealedCounter> sealed_counters(const Subject& after, std::size_t limit) override;
  bool reseal(const SealedCounter& before, const SealedCounter& after) override;
  std::optional<AuditRow> last_audit() override;
  std::vector<AuditRow> audit(std::uint64_t after, std::size_t limit) override;
  void append_audit(const AuditRow& row) override;
  void set_audit_body(std::uint64_t number, const Blob& body) override;
  std::vector<AuditRow> bodies_sealed_by_others(std::span<const std::byte> prefix,
                                                std::uint64_t after, std::size_t limit) override;
  std::vector<KeyUse> key_uses() override;
  void prune_audit(std::uint64_t up_to) override;
  std::vector<CheckpointRow> checkpoints() override;
  void append_checkpoint(const CheckpointRow& row) override;
  void remove_checkpoints() override;
  void add_outbox(const JournalRow& row) override;
  std::vector<JournalRow> outbox(std::uint64_t after, std::size_t limit) override;
  void clear_outbox(std::uint64_t up_to) override;
  void commit() override;

 private:
  template <typename Work>
  auto guarded(Work work) -> decltype(work()) {
    return sqlite::guarded(pool_->path(), work);
  }
  // The realm is every statement's first parameter.
  Prepared prepare(const std::string& sql);
  Prepared prepare_for(const Subject& subject, const std::string& sql);

  std::shared_ptr<Pool> pool_;
  Uuid realm_;
  std::unique_ptr<SQLite::Database> database_;
  Statements statements_;
  bool open_ = false;
};

}  // namespace cred::store::sqlite
