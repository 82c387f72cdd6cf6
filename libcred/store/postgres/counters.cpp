// Counters of attempts, and attempts under way.

#include "base/bytes.hpp"
#include "store/postgres/transaction.hpp"

#include <algorithm>
#include <set>
#include <unistd.h>

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

namespace {

constexpr const char* lock_subject = "SELECT pg_advisory_xact_lock($1)";

}  // namespace

void PostgresTransaction::hold(std::span<const Subject> subjects) {
  constexpr std::size_t most_known = 3;
  // A server has room for so many locks and no more. Of many sources, which an administrator
  // forgets together, those beyond may be counted at the same moment, as if just afterwards.
  constexpr std::size_t most_locks = 32;
  held_.assign(subjects.begin(), subjects.end());
  // In one order, so that two never wait for one another; a realm's lock comes before.
  std::set<std::int64_t> locks;
  for (const Subject& subject : subjects.first(std::min(subjects.size(), most_locks)))
    locks.insert(lock_of(subject));
  std::vector<Statement> statements;
  for (const std::int64_t lock : locks)
    statements.emplace_back(lock_subject, Parameters().number(lock));
  const bool few = !subjects.empty() && subjects.size() <= most_known;
  if (few) {
    Parameters named = mine();
    for (std::size_t i = 0; i < most_known; ++i)
      named.bytes(subjects[std::min(i, subjects.size() - 1)]);
    statements.emplace_back(CRED_ATTEMPTS "WHERE realm = $1 AND subject IN ($2, $3, $4)", named);
    statements.emplace_back(
        "SELECT subject, id, expires FROM cred.lease WHERE realm = $1 AND "
        "subject IN ($2, $3, $4)",
        named);
  }
  if (statements.empty()) return;
  const auto answers = ask_all(statements);
  if (!few) return;
  for (const Subject& subject : subjects) known_[subject] = {};
  const Rows& counters = answers[answers.size() - 2];
  for (int row = 0; row < counters.size(); ++row) {
    auto counter = counter_of(counters, row);
    known_[counter.subject].attempts = std::move(counter.attempts);
  }
  const Rows& leases = answers.back();
  for (int row = 0; row < leases.size(); ++row) {
    Subject subject{};
    leases.read(row, 0, subject);
    known_[subject].leases.push_back({leases.number(row, 1), leases.time(row, 2)});
  }
}

Attempts PostgresTransaction::attempts(const Subject& subject) {
  if (const auto known = known_.find(subject); known != known_.end()) return known->second.attempts;
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
  const bool nothing = a.failures == 0 && a.last_success == Time{} && a.last_login.empty();
  if (const auto known = known_.find(subject); known != known_.end())
    known->second.attempts = nothing ? Attempts{} : a;
  if (nothing) {
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
  if (const auto known = known_.find(subject); known != known_.end()) return known->second.leases;
  const auto rows = ask("SELECT id, expires FROM cred.lease WHERE realm = $1 AND subject = $2",
                        mine().bytes(subject));
  std::vector<Lease> open;
  for (int row = 0; row < rows.size(); ++row)
    open.push_back({rows.number(row, 0), rows.time(row, 1)});
  return open;
}

namespace {

// Never used again, on whichever server: 62 bits of chance. Nobody gains by guessing one.
std::int64_t new_lease() {
  std::uint64_t number = 0;
  do {
    if (getentropy(&number, sizeof number) != 0)
      throw Failure(Code::unavailable, "no random numbers");
    number >>= 2;
  } while (number == 0);
  return static_cast<std::int64_t>(number);
}

}  // namespace

std::int64_t PostgresTransaction::add_lease(const Subject& subject, Time expires) {
  const std::int64_t id = new_lease();
  traces_.lease = id;
  tell("INSERT INTO cred.lease (id, realm, subject, expires) VALUES ($2, $1, $3, $4)",
       mine().number(id).bytes(subject).time(expires));
  if (const auto known = known_.find(subject); known != known_.end())
    known->second.leases.push_back({id, expires});
  return id;
}

bool PostgresTransaction::remove_lease(const Subject& subject, std::int64_t id) {
  const char* sql = "DELETE FROM cred.lease WHERE realm = $1 AND subject = $2 AND id = $3";
  const auto which = mine().bytes(subject).number(id);
  const auto known = known_.find(subject);
  if (known == known_.end()) return ask(sql, which).changed() == 1;
  if (std::erase_if(known->second.leases, [&](const Lease& lease) { return lease.id == id; }) == 0)
    return false;
  tell(sql, which);
  return true;
}

void PostgresTransaction::prune_attempts(Time before) {
  known_.clear();
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
  // Who is about to count one would write it back.
  tell(lock_subject, Parameters().number(lock_of(subject)));
  known_.erase(subject);
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
  tell(lock_subject, Parameters().number(lock_of(before.subject)));
  known_.erase(before.subject);
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
