// What the engine asks of a store. SQLite implements it in store/sqlite; the
// interface names no SQL, so that another store can take its place.
//
// Every call throws Failure: unavailable (busy past the limit, full, unreadable),
// integrity (corrupt, or not a credential store).
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/uuid.hpp"

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cred::store {

using Blob = std::vector<std::byte>;
using Subject = std::array<std::byte, 32>;
using Generation = std::uint64_t;

struct RealmRow {
  Uuid id{};
  std::string name;
  Blob wrapped_key;
};

// The three blobs are sealed by the engine; the store cannot read them.
struct AccountRow {
  Uuid id{};
  std::string name;
  Generation generation = 0;
  Blob credential;
  Blob profile;
  Blob history;
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

struct AuditRow {
  std::uint64_t number = 0;
  Blob record;
  Blob mac;
};

enum class Access : std::uint8_t {
  read,
  write,
  // As `write`, but a power cut may undo it: not on disk when `commit` returns.
  // A killed process undoes nothing.
  write_behind,
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
  // False: the name is taken.
  virtual bool insert(const AccountRow& row) = 0;
  // Compare-and-set. False: the account's generation is no longer `expected`.
  virtual bool replace(const AccountRow& next, Generation expected) = 0;

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

  virtual std::optional<AuditRow> last_audit() = 0;
  // At most `limit` records whose numbers follow `after`, in their order.
  virtual std::vector<AuditRow> audit(std::uint64_t after, std::size_t limit) = 0;
  virtual void append_audit(const AuditRow& row) = 0;

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
  virtual std::unique_ptr<Transaction> begin(Access access) = 0;
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
  virtual bool add_realm(const RealmRow& row) = 0;
  // The names of all, in their order.
  virtual std::vector<std::string> realms() = 0;
};

// Opens `sqlite:/path`, bringing an older schema up to date.
std::unique_ptr<Store> open(const std::string& url);

// Creates the store at `url` with one realm, in one transaction; a crash leaves
// either nothing or all of it. False: there is a store already.
bool create(const std::string& url, const RealmRow& first_realm);

// Whether a store exists at `url`.
bool exists(const std::string& url);

}  // namespace cred::store
