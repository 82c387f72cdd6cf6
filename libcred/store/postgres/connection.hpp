// One connection to a server: statements prepared once, sent together, answered in binary.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "store/postgres/target.hpp"
#include "store/store.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cred::store::postgres {

using Deadline = std::chrono::steady_clock::time_point;

// What a server, or the way to it, answered instead of a result.
class ServerFailure : public Failure {
 public:
  enum class Kind : std::uint8_t {
    lost,   // the connection is gone; what was not committed is undone
    again,  // serialization or deadlock: the transaction is undone and may be tried anew
    refused,
  };
  ServerFailure(Kind kind, Code code, std::string message, std::string sqlstate)
      : Failure(code, std::move(message)), kind_(kind), sqlstate_(std::move(sqlstate)) {}
  Kind kind() const { return kind_; }
  const std::string& sqlstate() const { return sqlstate_; }

 private:
  Kind kind_;
  std::string sqlstate_;
};

// What stands for $1, $2, ... of a statement, in that order.
class Parameters {
 public:
  Parameters& bytes(std::span<const std::byte> value);
  Parameters& text(std::string_view value) { return bytes(std::as_bytes(std::span(value))); }
  Parameters& number(std::int64_t value);
  Parameters& number(std::uint64_t value) { return number(static_cast<std::int64_t>(value)); }
  Parameters& number(std::uint32_t value) { return number(static_cast<std::int64_t>(value)); }
  Parameters& time(Time value) { return number(value.time_since_epoch().count()); }
  Parameters& null();

 private:
  friend class Connection;
  std::deque<Blob> values_;  // which keeps them where they are
  std::vector<bool> given_;
};

// A result. Columns are bytea, text or bigint. Throws Failure (integrity) where a row is not
// what the schema says.
class Rows {
 public:
  Rows() = default;
  explicit Rows(PGresult* result) : result_(result, &PQclear) {}
  int size() const { return result_ ? PQntuples(result_.get()) : 0; }
  // Rows that a statement changed.
  std::uint64_t changed() const;
  // What was done: "COMMIT".
  std::string tag() const { return result_ ? PQcmdStatus(result_.get()) : ""; }
  bool is_null(int row, int column) const;
  std::span<const std::byte> bytes(int row, int column) const;
  Blob blob(int row, int column) const;
  std::string text(int row, int column) const;
  std::int64_t number(int row, int column) const;
  std::uint64_t count(int row, int column) const {
    return static_cast<std::uint64_t>(number(row, column));
  }
  std::uint32_t count32(int row, int column) const {
    return static_cast<std::uint32_t>(number(row, column));
  }
  Time time(int row, int column) const { return Time(Duration(number(row, column))); }
  // Exactly as many bytes as there is room for.
  void read(int row, int column, std::span<std::byte> room) const;

 private:
  std::unique_ptr<PGresult, decltype(&PQclear)> result_{nullptr, &PQclear};
};

class Connection {
 public:
  // Tries every host in turn until `give_up`. Throws Failure: configuration (what the server
  // or the URL refuses), unavailable.
  Connection(const Target& target, Deadline give_up);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;
  ~Connection();

  // Goes to the server with the next `run`, which throws what becomes of it. `sql` lives as
  // long as the connection, a literal.
  void queue(const char* sql, const Parameters& parameters = {});
  Rows run(const char* sql, const Parameters& parameters = {});
  // The same with the results of all that was queued before, in their order.
  std::vector<Rows> run_all(const char* sql, const Parameters& parameters = {});
  // Sends it and does not wait: its answer comes before that of the next one.
  void leave(const char* sql);
  // Statements without parameters, one behind the other, as one transaction unless they say
  // otherwise.
  void script(const std::string& sql);

  // Between transactions. False: the server hung up, or a statement failed half-way.
  bool usable();
  // Idle for others, who did not open it.
  int process() const { return process_; }

 private:
  struct Sent {
    const char* sql = nullptr;
    bool preparation = false;
  };
  void connect(const Target& target, Deadline give_up);
  void greet();
  void sync();
  std::vector<Rows> collect();
  PGresult* next(Deadline give_up);
  void wait(bool write, Deadline give_up);
  [[noreturn]] void lost(const std::string& why);
  [[noreturn]] void failed(const PGresult* result) const;

  std::string url_;
  std::unique_ptr<PGconn, decltype(&PQfinish)> connection_{nullptr, &PQfinish};
  std::map<std::string_view, std::string> prepared_;
  std::deque<Sent> sent_;
  std::size_t names_ = 0;
  int syncs_ = 0;  // that the server was sent and has not answered
  bool broken_ = false;
  int process_ = 0;
};

// Idle connections, and no more than so many at a time.
class Pool {
 public:
  explicit Pool(const std::string& url);
  ~Pool();
  const Target& target() const { return target_; }
  // Waits for one. Throws Failure, unavailable also where all are in use for too long.
  std::unique_ptr<Connection> take(Deadline give_up);
  void put_back(std::unique_ptr<Connection> connection);

 private:
  struct Shared;
  Target target_;
  std::unique_ptr<Shared> shared_;
};

// How long a call waits for a server that comes back, or for a connection.
Deadline usual_deadline();

}  // namespace cred::store::postgres
