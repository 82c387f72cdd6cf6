// Counters of attempts, and attempts under way.

#include "store/sqlite/sqlite_transaction.hpp"

namespace cred::store::sqlite {
namespace {

constexpr const char* attempts_columns =
    "failures, last_failure, blocked_until, last_success, name, label, since_login, last_login";

// From the column `first` on.
Attempts attempts_of(SQLite::Statement& query, int first) {
  const auto column = [&](int i) { return query.getColumn(first + i); };
  Attempts a{column(0).getUInt(), time_of(column(1)), time_of(column(2)),  time_of(column(3)),
             std::nullopt,        blob(column(5)),    column(6).getUInt(), blob(column(7))};
  if (!column(4).isNull()) read(column(4), a.name.emplace());
  return a;
}

std::vector<Counter> counters_of(SQLite::Statement& query) {
  std::vector<Counter> counters;
  while (query.executeStep()) {
    Counter counter;
    read(query.getColumn(0), counter.subject);
    counter.attempts = attempts_of(query, 1);
    counters.push_back(std::move(counter));
  }
  return counters;
}

}  // namespace

Attempts SqliteTransaction::attempts(const Subject& subject) {
  return guarded([&] {
    auto query = prepare_for(subject, std::string("SELECT ") + attempts_columns +
                                          " FROM attempts WHERE realm = ? AND subject = ?");
    return query.executeStep() ? attempts_of(query, 0) : Attempts{};
  });
}

std::vector<Counter> SqliteTransaction::sources_of(const Subject& name) {
  return guarded([&] {
    auto query = prepare_for(name, std::string("SELECT subject, ") + attempts_columns +
                                       " FROM attempts WHERE realm = ? AND name = ?");
    return counters_of(query);
  });
}

std::vector<Counter> SqliteTransaction::failing(std::size_t limit) {
  return guarded([&] {
    auto query = prepare(std::string("SELECT subject, ") + attempts_columns +
                         " FROM attempts WHERE realm = ? AND failures > 0 "
                         "ORDER BY last_failure DESC LIMIT ?");
    query.bind(2, static_cast<std::int64_t>(limit));
    return counters_of(query);
  });
}

void SqliteTransaction::set_attempts(const Subject& subject, const Attempts& a) {
  guarded([&] {
    if (a.failures == 0 && a.last_success == Time{} && a.last_login.empty()) {
      prepare_for(subject, "DELETE FROM attempts WHERE realm = ? AND subject = ?").exec();
      return;
    }
    auto statement =
        prepare_for(subject,
                    "INSERT INTO attempts "
                    "(realm, subject, failures, last_failure, blocked_until, last_success, "
                    "name, label, since_login, last_login) "
                    "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10) "
                    "ON CONFLICT (realm, subject) DO UPDATE SET failures = ?3, "
                    "last_failure = ?4, blocked_until = ?5, last_success = ?6, name = ?7, "
                    "label = ?8, since_login = ?9, last_login = ?10");
    statement.bind(3, a.failures);
    statement.bind(4, number_of(a.last_failure));
    statement.bind(5, number_of(a.blocked_until));
    statement.bind(6, number_of(a.last_success));
    if (a.name) bind_bytes(statement, 7, *a.name);
    bind_bytes(statement, 8, a.label);
    statement.bind(9, a.since_login);
    bind_bytes(statement, 10, a.last_login);
    statement.exec();
  });
}

std::vector<Lease> SqliteTransaction::leases(const Subject& subject) {
  return guarded([&] {
    auto query =
        prepare_for(subject, "SELECT id, expires FROM lease WHERE realm = ? AND subject = ?");
    std::vector<Lease> open;
    while (query.executeStep())
      open.push_back({query.getColumn(0).getInt64(), time_of(query.getColumn(1))});
    return open;
  });
}

std::int64_t SqliteTransaction::add_lease(const Subject& subject, Time expires) {
  return guarded([&] {
    auto statement =
        prepare_for(subject, "INSERT INTO lease (realm, subject, expires) VALUES (?, ?, ?)");
    statement.bind(3, number_of(expires));
    statement.exec();
    return database_->getLastInsertRowid();
  });
}

bool SqliteTransaction::remove_lease(const Subject& subject, std::int64_t id) {
  return guarded([&] {
    auto statement =
        prepare_for(subject, "DELETE FROM lease WHERE realm = ? AND subject = ? AND id = ?");
    statement.bind(3, id);
    return statement.exec() == 1;
  });
}

void SqliteTransaction::prune_attempts(Time before) {
  guarded([&] {
    for (const char* sql :
         {"DELETE FROM attempts WHERE realm = ?1 AND failures > 0 AND last_failure < ?2 "
          "AND blocked_until < ?2 AND last_success = 0 AND last_login = x''",
          "UPDATE attempts SET failures = 0, last_failure = 0, blocked_until = 0 "
          "WHERE realm = ?1 AND failures > 0 AND last_failure < ?2 AND blocked_until < ?2",
          "DELETE FROM attempts WHERE realm = ?1 AND name IS NOT NULL AND last_success < ?2 "
          "AND failures = 0"}) {
      auto statement = prepare(sql);
      statement.bind(2, number_of(before));
      statement.exec();
    }
  });
}

void SqliteTransaction::remove_attempts(const Subject& subject) {
  guarded([&] {
    prepare_for(subject, "DELETE FROM attempts WHERE realm = ? AND subject = ?").exec();
    prepare_for(subject, "DELETE FROM lease WHERE realm = ? AND subject = ?").exec();
  });
}

void SqliteTransaction::each_counter(const std::function<bool(const Counter&)>& visit) {
  guarded([&] {
    auto query = prepare(std::string("SELECT subject, ") + attempts_columns +
                         " FROM attempts WHERE realm = ? ORDER BY subject");
    while (query.executeStep()) {
      Counter counter;
      read(query.getColumn(0), counter.subject);
      counter.attempts = attempts_of(query, 1);
      if (!visit(counter)) return;
    }
  });
}

std::vector<SealedCounter> SqliteTransaction::sealed_counters(const Subject& after,
                                                              std::size_t limit) {
  return guarded([&] {
    auto query = prepare_for(after,
                             "SELECT subject, label, last_login FROM attempts WHERE realm = ?1 AND "
                             "subject > ?2 AND (label <> x'' OR last_login <> x'') "
                             "ORDER BY subject LIMIT ?3");
    query.bind(3, static_cast<std::int64_t>(limit));
    std::vector<SealedCounter> counters;
    while (query.executeStep()) {
      SealedCounter counter{{}, blob(query.getColumn(1)), blob(query.getColumn(2))};
      read(query.getColumn(0), counter.subject);
      counters.push_back(std::move(counter));
    }
    return counters;
  });
}

bool SqliteTransaction::reseal(const SealedCounter& before, const SealedCounter& after) {
  return guarded([&] {
    auto statement = prepare_for(before.subject,
                                 "UPDATE attempts SET label = ?3, last_login = ?4 WHERE realm = ?1 "
                                 "AND subject = ?2 AND label = ?5 AND last_login = ?6");
    bind_bytes(statement, 3, after.label);
    bind_bytes(statement, 4, after.last_login);
    bind_bytes(statement, 5, before.label);
    bind_bytes(statement, 6, before.last_login);
    return statement.exec() == 1;
  });
}

}  // namespace cred::store::sqlite
