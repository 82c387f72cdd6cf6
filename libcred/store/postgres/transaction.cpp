#include "store/postgres/transaction.hpp"

#include "base/bytes.hpp"
#include "base/hexadecimal.hpp"

#include <thread>

namespace cred::store::postgres {

std::int64_t lock_of(const Uuid& realm) { return Reader(realm).i64(); }

KeyRow key_of(const Rows& rows, int row, int first) {
  KeyRow key{rows.count32(row, first), rows.blob(row, first + 1), rows.time(row, first + 2),
             std::nullopt};
  if (!rows.is_null(row, first + 3)) key.retired = rows.time(row, first + 3);
  return key;
}

void put_key(Connection& connection, const Uuid& realm, const KeyRow& key) {
  Parameters parameters;
  parameters.bytes(realm).number(key.number).bytes(key.wrapped).time(key.made);
  if (key.retired)
    parameters.time(*key.retired);
  else
    parameters.null();
  connection.queue(
      "INSERT INTO cred.realm_key (realm, number, wrapped, made, retired) "
      "VALUES ($1, $2, $3, $4, $5) ON CONFLICT (realm, number) DO UPDATE SET "
      "wrapped = excluded.wrapped, made = excluded.made, retired = excluded.retired",
      parameters);
}

PostgresTransaction::PostgresTransaction(std::shared_ptr<Pool> pool, const Uuid& realm,
                                         Access access)
    : pool_(std::move(pool)), realm_(realm), access_(access) {}

PostgresTransaction::~PostgresTransaction() {
  if (!connection_) return;
  if (open_) {
    try {
      // Whoever reads next need not wait for it.
      if (access_ == Access::read)
        connection_->leave("ROLLBACK");
      else
        (void)connection_->run("ROLLBACK");
    } catch (const Failure&) {
      connection_.reset();  // the server rolls back what hangs up
    }
  }
  pool_->put_back(std::move(connection_));
}

std::vector<Rows> PostgresTransaction::send(const std::vector<Statement>& statements) {
  for (std::size_t i = 0; i + 1 < statements.size(); ++i)
    connection_->queue(statements[i].first, statements[i].second);
  auto all = connection_->run_all(statements.back().first, statements.back().second);
  // Those before answer what was told earlier.
  all.erase(all.begin(), all.end() - static_cast<std::ptrdiff_t>(statements.size()));
  return all;
}

std::vector<Rows> PostgresTransaction::begin(const std::vector<Statement>& statements) {
  if (!connection_) connection_ = pool_->take(usual_deadline());
  Parameters setting;
  setting.text(hexadecimal(realm_));
  if (access_ == Access::read) {
    connection_->queue("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    connection_->queue("SELECT set_config('cred.realm', $1, true)", setting);
  } else if (access_ == Access::attempts) {
    connection_->queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    connection_->queue("SELECT set_config('cred.realm', $1, true)", setting);
  } else {
    // Each statement after the lock sees what its holders before committed.
    connection_->queue("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE");
    connection_->queue("SELECT set_config('cred.realm', $1, true), pg_advisory_xact_lock($2)",
                       setting.number(postgres::lock_of(realm_)));
  }
  return send(statements);
}

std::vector<Rows> PostgresTransaction::ask_all(const std::vector<Statement>& statements) {
  if (open_) return send(statements);
  const Deadline give_up = usual_deadline();
  for (;;) {
    try {
      auto rows = begin(statements);
      open_ = true;
      return rows;
    } catch (const ServerFailure& failure) {
      // Nothing was done that would not be undone.
      if (connection_) {
        connection_ = nullptr;
        pool_->put_back(nullptr);
      }
      if (failure.kind() == ServerFailure::Kind::refused ||
          std::chrono::steady_clock::now() >= give_up)
        throw;
    }
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
}

Rows PostgresTransaction::ask(const char* sql, const Parameters& parameters) {
  return std::move(ask_all({{sql, parameters}}).back());
}

void PostgresTransaction::tell(const char* sql, const Parameters& parameters) {
  if (open_)
    connection_->queue(sql, parameters);
  else
    (void)ask(sql, parameters);
}

void PostgresTransaction::commit() {
  if (!open_) return;
  try {
    const auto done = connection_->run("COMMIT");
    open_ = false;
    if (done.tag() != "COMMIT")
      throw Failure(Code::internal, "a transaction that failed was to be committed");
  } catch (const ServerFailure& failure) {
    if (failure.kind() != ServerFailure::Kind::lost || access_ == Access::read) throw;
    find_out(failure);
  }
}

PostgresTransaction::Made PostgresTransaction::shows(const Traces& traces) {
  if (traces.head) {
    const auto now = head();
    if (!now || now->number < traces.head->number) return Made::no;
    if (now->number == traces.head->number)
      return now->record == traces.head->record ? Made::yes : Made::no;
    // Others went on from it, or from what was before it.
    if (!traces.record) return Made::unknown;
    const auto row = audit(traces.record->first - 1, 1);
    const bool there = !row.empty() && row.front().number == traces.record->first &&
                       row.front().mac == traces.record->second;
    return there ? Made::yes : Made::no;
  }
  if (traces.lease) {
    const auto rows = ask("SELECT 1::int8 FROM cred.lease WHERE realm = $1 AND id = $2",
                          mine().number(*traces.lease));
    return rows.size() == 1 ? Made::yes : Made::no;
  }
  if (traces.counter) {
    const auto now = attempts(traces.counter->first);
    const auto& then = traces.counter->second;
    const bool same = now.failures == then.failures && now.last_failure == then.last_failure &&
                      now.last_success == then.last_success &&
                      now.since_login == then.since_login && now.last_login == then.last_login;
    return same ? Made::yes : Made::unknown;
  }
  return Made::unknown;
}

// The answer to a commit was lost. Whoever was to commit it has ended when this transaction
// has its locks, on the same server or on the one that took its place.
void PostgresTransaction::find_out(const ServerFailure& failure) {
  open_ = false;
  connection_ = nullptr;
  pool_->put_back(nullptr);
  PostgresTransaction again(pool_, realm_, access_);
  again.hold(held_);
  const Made made = again.shows(traces_);
  if (made == Made::yes) return;
  if (made == Made::no) throw Failure(failure.error().code, failure.error().message);
  throw Failure(Code::unavailable, failure.error().message +
                                       "; whether the change was made is not known: look before "
                                       "you make it again");
}

}  // namespace cred::store::postgres
