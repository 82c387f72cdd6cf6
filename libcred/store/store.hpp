// What the engine asks of a store. SQLite implements it in store/sqlite, PostgreSQL in
// store/postgres, a shared object of its own; the interface names no SQL.
//
// Every call throws Failure: unavailable (busy past the limit, full, unreadable),
// integrity (corrupt, or not a credential store).
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cred::store {

using Blob = std::vector<std::byte>;
using Subject = std::array<std::byte, 32>;
using Generation = std::uint64_t;

// A key of the realm, wrapped by the engine. Number 0 holds the index keys.
struct KeyRow {
  std::uint32_t number = 0;
  Blob wrapped;
  Time made{};
  std::optional<Time> retired;  // since then no record needs it
  bool operator==(const KeyRow&) const = default;
};

using KeysOfRealms = std::vector<std::pair<Uuid, KeyRow>>;

struct RealmRow {
  Uuid id{};
  std::string name;
};

// What was last known of the realm as a whole, sealed by the engine.
struct HeadRow {
  std::uint64_t number = 0;  // +1 with every change
  Blob record;
};

// The three blobs are sealed by the engine; the store cannot read them.
struct AccountRow {
  Uuid id{};
  std::string name;
  Generation generation = 0;
  Blob credential;
  Blob profile;
  Blob history;
  std::uint32_t bucket = 0;  // of the tree, as the engine computes it from the name
};

// What the tree says of an account.
struct Member {
  std::uint32_t bucket = 0;
  Uuid account{};
  Generation generation = 0;
};

// What stays of an account that was erased.
struct Tombstone {
  Uuid account{};
  Time erased{};
  Blob mac;  // made by the engine
};

// A value of the realm as a whole, sealed by the engine.
struct Document {
  std::uint64_t generation = 0;
  Blob sealed;
};

// Failed attempts, and the last login, of what a subject stands for: a login name
// (whether or not it is an account's), a name from one source, a source. No failure,
// no success and no login: there is no row.
struct Attempts {
  std::uint32_t failures = 0;
  Time last_failure{};
  Time blocked_until{};
  Time last_success{};
  // Of a name from one source: the name's subject.
  std::optional<Subject> name{};
  Blob label{};  // what the subject stands for, sealed by the engine; may be empty
  // Of a name: failures since the session that `last_login` tells of, which the engine
  // seals; empty: there was none.
  std::uint32_t since_login = 0;
  Blob last_login{};
};

struct Counter {
  Subject subject{};
  Attempts attempts;
};

// An attempt under way. One that outlives `expires` was left by a killed process.
struct Lease {
  std::int64_t id = 0;
  Time expires{};
};

// The body is sealed by the engine and may be gone; the chain holds its digest.
struct AuditRow {
  std::uint64_t number = 0;
  Blob record;
  Blob mac;
  Uuid account{};  // zero: about none
  Blob body;
};

struct CheckpointRow {
  std::uint64_t number = 0;  // of the last audit record that it covers
  Blob record;
};

// A change that the journal has not got yet, sealed by the engine.
struct JournalRow {
  std::uint64_t number = 0;  // of the head that it led to
  Time time{};
  Blob entry;
};

// A sealed value that is not an account's or the trail's, by its place in the store.
struct SealedCounter {
  Subject subject{};
  Blob label;
  Blob last_login;
};

enum class Access : std::uint8_t {
  read,
  write,
  // As `write`, but a power cut may undo it: not on disk when `commit` returns.
  // A killed process undoes nothing.
  write_behind,
  // As `write`, for counters and leases of subjects that it holds: whatever else is written
  // in the realm meanwhile is none of its affair.
  attempts,
};

// How many values the key with this id sealed, by what stands in their first bytes.
struct KeyUse {
  std::uint64_t key = 0;
  std::uint64_t fields = 0;  // three of each account
  std::uint64_t labels = 0;  // of counters, as the logins
  std::uint64_t logins = 0;
  std::uint64_t bodies = 0;
  std::uint64_t documents = 0;
  std::uint64_t values() const { return fields + labels + logins + bodies + documents; }
};

// Sees one state of one realm. Leaving the scope without `commit` rolls back.
class Transaction {
 public:
  Transaction() = default;
  Transaction(const Transaction&) = delete;
  Transaction& operator=(const Transaction&) = delete;
  virtual ~Transaction() = default;

  virtual std::optional<AccountRow> find(std::string_view name) = 0;
  virtual std::optional<AccountRow> find(const Uuid& id) = 0;
  // At most `limit` accounts whose names follow `after`, in the order of names.
  virtual std::vector<AccountRow> list(std::string_view after, std::size_t limit) = 0;
  // At most `limit` accounts with credentials that another key sealed than the one whose
  // id stands in their first bytes.
  virtual std::vector<AccountRow> list_sealed_by_others(std::span<const std::byte> prefix,
                                                        std::string_view after,
                                                        std::size_t limit) = 0;
  // How many accounts there are.
  virtual std::uint64_t accounts() = 0;
  // False: the name is taken.
  virtual bool insert(const AccountRow& row) = 0;
  // Compare-and-set. False: the account's generation is no longer `expected`.
  virtual bool replace(const AccountRow& next, Generation expected) = 0;
  // Seals anew in the same generation, if the row still holds what was read. False: it does
  // not.
  virtual bool reseal(const AccountRow& before, const AccountRow& after) = 0;
  // False: it is gone already.
  virtual bool remove(const Uuid& account) = 0;

  // The first account of this bucket or a later one.
  virtual std::optional<AccountRow> first_from(std::uint32_t bucket) = 0;
  // The accounts of a bucket in the order of their ids.
  virtual std::vector<Member> members(std::uint32_t bucket) = 0;
  // Those of all buckets in their order. `visit` answers false to stop.
  virtual void each_member(const std::function<bool(const Member&)>& visit) = 0;
  // A node of the tree; empty: there is none yet.
  virtual Blob node(std::uint32_t level, std::uint32_t position) = 0;
  virtual void set_node(std::uint32_t level, std::uint32_t position, const Blob& digests) = 0;
  // Nothing: the realm was made by version 4 and has not been opened since.
  virtual std::optional<HeadRow> head() = 0;
  virtual void set_head(const HeadRow& head) = 0;
  // The same row as `keys()` of the realm, in this state.
  virtual std::vector<KeyRow> keys() = 0;
  virtual void put_key(const KeyRow& key) = 0;
  virtual void remove_key(std::uint32_t number) = 0;
  virtual std::optional<Document> document(std::string_view name) = 0;
  virtual void set_document(std::string_view name, const Document& document) = 0;
  // All of them, by name.
  virtual std::vector<std::pair<std::string, Document>> documents() = 0;
  virtual std::vector<Tombstone> tombstones() = 0;
  virtual void add_tombstone(const Tombstone& tombstone) = 0;

  // Until the transaction's end nobody else who holds them changes the counters and leases of
  // these subjects. Once, and before they are looked at.
  virtual void hold(std::span<const Subject> subjects) = 0;
  virtual Attempts attempts(const Subject& subject) = 0;
  virtual void set_attempts(const Subject& subject, const Attempts& attempts) = 0;
  // The counters of the sources of a name.
  virtual std::vector<Counter> sources_of(const Subject& name) = 0;
  // At most `limit` counters with failures, those of the latest ones first.
  virtual std::vector<Counter> failing(std::size_t limit) = 0;
  virtual std::vector<Lease> leases(const Subject& subject) = 0;
  virtual std::int64_t add_lease(const Subject& subject, Time expires) = 0;
  // False: it is gone already.
  virtual bool remove_lease(const Subject& subject, std::int64_t id) = 0;
  // Forgets failures whose last and whose block ended before `before`, and sources of
  // names whose last login was before it.
  virtual void prune_attempts(Time before) = 0;

  // Forgets a counter whatever it says.
  virtual void remove_attempts(const Subject& subject) = 0;
  // Every counter. `visit` answers false to stop.
  virtual void each_counter(const std::function<bool(const Counter&)>& visit) = 0;
  // At most `limit` sealed labels and logins of counters after `after`.
  virtual std::vector<SealedCounter> sealed_counters(const Subject& after, std::size_t limit) = 0;
  // Seals anew, if the counter still holds what was read. False: it does not.
  virtual bool reseal(const SealedCounter& before, const SealedCounter& after) = 0;

  virtual std::optional<AuditRow> last_audit() = 0;
  // At most `limit` records whose numbers follow `after`, in their order.
  virtual std::vector<AuditRow> audit(std::uint64_t after, std::size_t limit) = 0;
  virtual void append_audit(const AuditRow& row) = 0;
  // An empty body takes the record's away.
  virtual void set_audit_body(std::uint64_t number, const Blob& body) = 0;
  // Number, account and body of at most `limit` records after `after` whose bodies another
  // key sealed.
  virtual std::vector<AuditRow> bodies_sealed_by_others(std::span<const std::byte> prefix,
                                                        std::uint64_t after, std::size_t limit) = 0;
  // Of accounts, counters, bodies and documents.
  virtual std::vector<KeyUse> key_uses() = 0;
  // Forgets records up to this number.
  virtual void prune_audit(std::uint64_t up_to) = 0;
  virtual std::vector<CheckpointRow> checkpoints() = 0;
  virtual void append_checkpoint(const CheckpointRow& row) = 0;
  virtual void remove_checkpoints() = 0;

  // Changes that wait for the journal: kept until they are there.
  virtual void add_outbox(const JournalRow& row) = 0;
  virtual std::vector<JournalRow> outbox(std::uint64_t after, std::size_t limit) = 0;
  virtual void clear_outbox(std::uint64_t up_to) = 0;

  // On disk when it returns, but for `write_behind`.
  virtual void commit() = 0;
};

// One realm's door to the store; no call can name another realm. Safe to use from
// several threads; a transaction belongs to one.
class RealmStore {
 public:
  RealmStore() = default;
  RealmStore(const RealmStore&) = delete;
  RealmStore& operator=(const RealmStore&) = delete;
  virtual ~RealmStore() = default;
  virtual const RealmRow& row() const = 0;
  // As they are now, in the order of their numbers.
  virtual std::vector<KeyRow> keys() = 0;
  virtual std::unique_ptr<Transaction> begin(Access access) = 0;
  // Everything that is committed is on disk when it returns, `write_behind` too.
  virtual void sync() = 0;
  // As `scrub` of the store. Waits for readers.
  virtual void scrub() = 0;
  // Whether other machines write to it as well: none of them knows every change by itself.
  virtual bool shared() const = 0;
};

class Store {
 public:
  Store() = default;
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;
  virtual ~Store() = default;
  // Null: no such realm.
  virtual std::unique_ptr<RealmStore> realm(std::string_view name) = 0;
  // False: the name is taken.
  virtual bool add_realm(const RealmRow& row, const std::vector<KeyRow>& keys,
                         const HeadRow& head) = 0;
  // The names of all, in their order.
  virtual std::vector<std::string> realms() = 0;
  // Everything of a realm; its id stays, so that a backup does not bring it back.
  // False: there is none.
  virtual bool erase_realm(const Uuid& realm, Time when) = 0;
  virtual std::vector<Tombstone> erased_realms() = 0;
  // One that was erased in another store. Known already: nothing.
  virtual void add_erased_realm(const Uuid& realm, Time when) = 0;
  // The wrapped keys of all realms, by realm and number.
  virtual KeysOfRealms keys() = 0;
  // Exchanges them in one transaction. False: they are not `before` any more; nothing was
  // changed.
  virtual bool put_keys(const KeysOfRealms& before, const KeysOfRealms& after) = 0;
  // Leaves no byte of what was deleted in the store's files. Waits for readers. A server's
  // files are its administrator's affair: nothing.
  virtual void scrub() = 0;
};

// Whether `url` names a store that several machines share.
bool is_shared(const std::string& url);

// Opens `sqlite:/path` or `postgresql://...`, bringing an older schema up to date. What a
// URL of PostgreSQL must say: docs/fleet.md. Throws Failure, also configuration.
std::unique_ptr<Store> open(const std::string& url);

// Creates the store at `url` with one realm, in one transaction; a crash leaves
// either nothing or all of it. False: there is a store already.
bool create(const std::string& url, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
            const HeadRow& head);

// An empty store in a new file, to be filled by one process: fast, since nothing in it
// survives that process being killed. Whoever made it removes the file.
std::unique_ptr<Store> create_scratch(const std::string& path);

// From its beginning to its end nobody else writes to the store at `url`; everybody may
// read. `finish` puts in place what the scratch store at `path` holds by then, whose
// transactions have ended: others see all of the old store or all of the new one, and so
// does whoever looks after a crash. Without it the store stays as it was.
class Exchange {
 public:
  Exchange() = default;
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;
  virtual ~Exchange() = default;
  virtual void finish() = 0;
};
std::unique_ptr<Exchange> begin_exchange(const std::string& url, const std::string& path);

// Moves the files of a store that does not open aside, to names that end with `suffix`, and
// a scratch store into its place. Nobody may have either open.
void move_into_place(const std::string& url, const std::string& path, const std::string& suffix);

// Whether a store exists at `url`.
bool exists(const std::string& url);

// Until its end others wait, or are turned away: on this machine, or on all that share the
// store. One that is lost with its connection costs no data: what it keeps apart compares
// before it sets.
class Lock {
 public:
  Lock() = default;
  Lock(const Lock&) = delete;
  Lock& operator=(const Lock&) = delete;
  virtual ~Lock() = default;
};
enum class Purpose : std::uint8_t { root_key = 1, maintenance = 2 };
enum class Holding : std::uint8_t { alone, shared };
enum class Waiting : std::uint8_t { yes, no };
// Null: somebody else has it, and was not waited for.
std::unique_ptr<Lock> lock(const std::string& url, Purpose purpose, Holding holding,
                           Waiting waiting);

}  // namespace cred::store
