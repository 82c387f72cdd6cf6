// Counters of attempts, and attempts under way.

#include "base/bytes.hpp"
#include "store/postgres/transaction.hpp"

#include <set>

namespace cred::store::postgres {
namespace {

#define CRED_ATTEMPTS                                                                  \
  "SELECT subject, failures, last_failure, blocked_until, last_success, name, label, " \
  "since_login, last_login FROM cred.attempts "

Counter counter_of(const Rows& rows, int row) {
  Counter counter;
  rows.read(row, 0, counter.subject);
  Attempts& a = counter.attempts;
  a.failures = rows.count32(row, 1);
  a.last_failure = rows.time(row, 2);
  a.blocked_until = rows.time(row, 3);
  a.last_success = rows.time(row, 4);
  if (!rows.is_null(row, 5)) rows.read(row, 5, a.name.emplace());
  a.label = rows.blob(row, 6);
  a.since_login = rows.count32(row, 7);
  a.last_login = rows.blob(row, 8);
  return counter;
}

std::vector<Counter> counters_of(const Rows& rows) {
  std::vector<Counter> counters;
  for (int row = 0; row < rows.size(); ++row) counters.push_back(counter_of(rows, row));
  return counters;
}

}  // namespace

std::int64_t PostgresTransaction::lock_of(const Subject& subject) const {
  return Reader(subject).i64() ^ postgres::lock_of(realm_);
}

void PostgresTransaction::hold(std::span<const Subject> subjects) {
  // In one order, so that two never wait for one another; a realm's lock comes before.
  held_.assign(subjects.begin(), subjects.end());
  std::set<std::int64_t> locks;
  for (const Subject& subject : subjects) locks.insert(lock_of(subject));
  for (const std::int64_t lock : locks)
    tell("SELECT pg_advisory_xact_lock($1)", Parameters().number(lock));
}

Attempts PostgresTransaction::attempts(const Subject& subject) {
  const auto rows = ask(CRED_ATTEMPTS "WHERE realm = $1 AND subject = $2", mine().bytes(subject));
  return rows.size() == 0 ? Attempts{} : counter_of(rows, 0).attempts;
}

std::vector<Counter> PostgresTransaction::sources_of(const Subject& name) {
  return counters_of(ask(CRED_ATTEMPTS "WHERE realm = $1 AND name = $2", mine().bytes(name)));
}

std::vector<Counter> PostgresTransaction::failing(std::size_t limit) {
  return counters_of(ask(CRED_ATTEMPTS
                         "WHERE realm = $1 AND failures > 0 ORDER BY last_failure DESC LIMIT $2",
                         mine().number(std::uint64_t{limit})));
}

void PostgresTransaction::set_attempts(const Subject& subject, const Attempts& a) {
  traces_.counter = {subject, a};
  if (a.failures == 0 && a.last_success == Time{} && a.last_login.empty()) {
    tell("DELETE FROM cred.attempts WHERE realm = $1 AND subject = $2", mine().bytes(subject));
    return;
  }
  Parameters values = mine();
  values.bytes(subject)
      .number(a.failures)
      .time(a.last_failure)
      .time(a.blocked_until)
      .time(a.last_success);
  if (a.name)
    values.bytes(*a.name);
  else
    values.null();
  values.bytes(a.label).number(a.since_login).bytes(a.last_login);
  tell(
      "INSERT INTO cred.attempts (realm, subject, failures, last_failure, blocked_until, "
      "last_success, name, label, since_login, last_login) "
      "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) ON CONFLICT (realm, subject) DO UPDATE "
      "SET failures = excluded.failures, last_failure = excluded.last_failure, "
      "blocked_until = excluded.blocked_until, last_success = excluded.last_success, "
      "name = excluded.name, label = excluded.label, since_login = excluded.since_login, "
      "last_login = excluded.last_login",
      values);
}

std::vector<Lease> PostgresTransaction::leases(const Subject& subject) {
  const auto rows = ask("SELECT id, expires FROM cred.lease WHERE realm = $1 AND subject = $2",
                        mine().bytes(subject));
  std::vector<Lease> open;
  for (int row = 0; row < rows.size(); ++row)
    open.push_back({rows.number(row, 0), rows.time(row, 1)});
  return open;
}

std::int64_t PostgresTransaction::add_lease(const Subject& subject, Time expires) {
  const auto rows =
      ask("INSERT INTO cred.lease (realm, subject, expires) VALUES ($1, $2, $3) RETURNING id",
          mine().bytes(subject).time(expires));
  traces_.lease = rows.number(0, 0);
  return *traces_.lease;
}

bool PostgresTransaction::remove_lease(const Subject& subject, std::int64_t id) {
  return ask("DELETE FROM cred.lease WHERE realm = $1 AND subject = $2 AND id = $3",
             mine().bytes(subject).number(id))
             .changed() == 1;
}

void PostgresTransaction::prune_attempts(Time before) {
  const auto old = mine().time(before);
  tell(
      "DELETE FROM cred.attempts WHERE realm = $1 AND failures > 0 AND last_failure < $2 "
      "AND blocked_until < $2 AND last_success = 0 AND last_login = ''",
      old);
  tell(
      "UPDATE cred.attempts SET failures = 0, last_failure = 0, blocked_until = 0 "
      "WHERE realm = $1 AND failures > 0 AND last_failure < $2 AND blocked_until < $2",
      old);
  tell(
      "DELETE FROM cred.attempts WHERE realm = $1 AND name IS NOT NULL AND last_success < $2 "
      "AND failures = 0",
      old);
}

void PostgresTransaction::remove_attempts(const Subject& subject) {
  tell("DELETE FROM cred.attempts WHERE realm = $1 AND subject = $2", mine().bytes(subject));
  tell("DELETE FROM cred.lease WHERE realm = $1 AND subject = $2", mine().bytes(subject));
}

void PostgresTransaction::each_counter(const std::function<bool(const Counter&)>& visit) {
  constexpr std::int64_t page = 5'000;
  Blob last;  // before every subject
  for (;;) {
    const auto rows =
        ask(CRED_ATTEMPTS "WHERE realm = $1 AND subject > $2 ORDER BY subject LIMIT $3",
            mine().bytes(last).number(page));
    for (int row = 0; row < rows.size(); ++row) {
      const Counter counter = counter_of(rows, row);
      last.assign(counter.subject.begin(), counter.subject.end());
      if (!visit(counter)) return;
    }
    if (rows.size() < page) return;
  }
}

std::vector<SealedCounter> PostgresTransaction::sealed_counters(const Subject& after,
                                                                std::size_t limit) {
  const auto rows =
      ask("SELECT subject, label, last_login FROM cred.attempts WHERE realm = $1 AND subject > $2 "
          "AND (label <> '' OR last_login <> '') ORDER BY subject LIMIT $3",
          mine().bytes(after).number(std::uint64_t{limit}));
  std::vector<SealedCounter> counters;
  for (int row = 0; row < rows.size(); ++row) {
    SealedCounter counter{{}, rows.blob(row, 1), rows.blob(row, 2)};
    rows.read(row, 0, counter.subject);
    counters.push_back(std::move(counter));
  }
  return counters;
}

bool PostgresTransaction::reseal(const SealedCounter& before, const SealedCounter& after) {
  return ask("UPDATE cred.attempts SET label = $3, last_login = $4 WHERE realm = $1 AND "
             "subject = $2 AND label = $5 AND last_login = $6",
             mine()
                 .bytes(before.subject)
                 .bytes(after.label)
                 .bytes(after.last_login)
                 .bytes(before.label)
                 .bytes(before.last_login))
             .changed() == 1;
}

}  // namespace cred::store::postgres
