// One transaction on one realm's rows. What it does is in a file for each kind of row.
#pragma once

#include "store/postgres/connection.hpp"
#include "store/store.hpp"

#include <map>
#include <optional>
#include <utility>

namespace cred::store::postgres {

// Of a row that begins with number, wrapped, made and retired at column `first`.
KeyRow key_of(const Rows& rows, int row, int first);
// Adds a key, or exchanges the one of its number.
void put_key(Connection& connection, const Uuid& realm, const KeyRow& key);
// Writers of one realm come one after the other, as on SQLite: this is what they wait for.
std::int64_t lock_of(const Uuid& realm);

class PostgresTransaction final : public Transaction {
 public:
  // Nothing is sent before the first call: until that is answered, a connection that was lost
  // costs no more than another one.
  PostgresTransaction(std::shared_ptr<Pool> pool, const Uuid& realm, Access access);
  ~PostgresTransaction() override;

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
  void hold(std::span<const Subject> subjects) override;
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
  // The realm is every statement's first parameter.
  Parameters mine() const { return Parameters().bytes(realm_); }
  Rows ask(const char* sql, const Parameters& parameters);
  // Several in one round trip; their answers, in their order.
  using Statement = std::pair<const char*, Parameters>;
  std::vector<Rows> ask_all(const std::vector<Statement>& statements);
  std::vector<Rows> send(const std::vector<Statement>& statements);
  // Goes with the next question, or with `commit`, which throw what becomes of it.
  void tell(const char* sql, const Parameters& parameters);
  std::int64_t lock_of(const Subject& subject) const;
  std::vector<Rows> begin(const std::vector<Statement>& statements);
  Statement path_of(std::uint32_t level, std::uint32_t position) const;
  void know_path(std::uint32_t level, std::uint32_t position, const Rows& rows);

  // What shows afterwards whether it was committed.
  struct Traces {
    std::optional<HeadRow> head;
    std::optional<std::pair<std::uint64_t, Blob>> record;  // number and MAC
    std::optional<std::int64_t> lease;
    std::optional<std::pair<Subject, Attempts>> counter;
  };
  enum class Made : std::uint8_t { yes, no, unknown };
  Made shows(const Traces& traces);
  void find_out(const ServerFailure& failure);

  std::shared_ptr<Pool> pool_;
  Uuid realm_;
  Access access_;
  std::unique_ptr<Connection> connection_;
  Traces traces_;
  // What the held subjects have: nobody else changes it.
  struct Held {
    Attempts attempts;
    std::vector<Lease> leases;
  };
  std::vector<Subject> held_;
  std::map<Subject, Held> known_;
  // Nodes by level and position.
  std::map<std::pair<std::uint32_t, std::uint32_t>, Blob> nodes_;
  bool open_ = false;
};

}  // namespace cred::store::postgres
