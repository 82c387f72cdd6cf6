#include "store/postgres/connection.hpp"

#include "base/bytes.hpp"

#include <array>
#include <cerrno>
#include <cstring>
#include <poll.h>
#include <thread>
#include <unistd.h>

namespace cred::store::postgres {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

// A failover takes some of them.
constexpr auto patience = seconds(20);
// The server ends a statement before this side does, unless the way to it is cut.
constexpr auto statement_limit = seconds(35);
constexpr auto pause = milliseconds(100);

constexpr const char* session_settings =
    "SET search_path = pg_catalog;"
    "SET statement_timeout = '30s';"
    // A machine that froze in the middle of a change keeps the others waiting no longer.
    "SET idle_in_transaction_session_timeout = '120s';"
    "SET client_connection_check_interval = '5s';"
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 3; SET tcp_keepalives_count = 3;"
    "SET default_transaction_isolation = 'read committed';"
    "SET lock_timeout = 0;"
    "SET row_security = on;"
    "SET bytea_output = 'hex'";

// The class and what to do about it.
ServerFailure failure_of(const std::string& state, const std::string& said,
                         const std::string& url) {
  using Kind = ServerFailure::Kind;
  const std::string place = "the store " + url;
  const auto is = [&](const char* prefix) { return state.starts_with(prefix); };
  if (is("40") || state == "25006")  // serialization, deadlock; not the primary any more
    return {Kind::again, Code::unavailable, place + " is busy (" + said + "); try again", state};
  if (is("57P0") || is("08") || state == "25P03")
    return {Kind::lost, Code::unavailable, place + " is going down or restarting; try again",
            state};
  if (is("57") || is("55"))
    return {Kind::refused, Code::unavailable, place + " is busy; try again", state};
  if (state == "53300")
    return {Kind::lost, Code::unavailable, place + " takes no more connections; try again", state};
  if (state == "53100")
    return {Kind::refused, Code::unavailable,
            "the disk that holds " + place + " is full; nothing was changed", state};
  if (is("23")) return {Kind::refused, Code::conflict, place + " refused a change: " + said, state};
  if (is("28") || state == "42501")
    return {Kind::refused, Code::configuration, place + " does not let this user: " + said, state};
  if (state == "3D000")
    return {Kind::refused, Code::configuration, place + ": " + said + "; create it: createdb",
            state};
  if (state == "3F000" || state == "42P01")
    return {Kind::refused, Code::unavailable,
            "there is no credential store at " + url + ": run credctl init", state};
  if (is("XX001") || is("XX002"))
    return {Kind::refused, Code::integrity, place + " is damaged: " + said, state};
  return {Kind::refused, Code::unavailable, place + " failed: " + said, state};
}

std::string without_newline(std::string text) {
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Deadline usual_deadline() { return std::chrono::steady_clock::now() + patience; }

Parameters& Parameters::bytes(std::span<const std::byte> value) {
  values_.emplace_back(value.begin(), value.end());
  given_.push_back(true);
  return *this;
}

Parameters& Parameters::number(std::int64_t value) {
  std::array<std::byte, sizeof value> big_endian{};
  Writer(big_endian).i64(value);
  return bytes(big_endian);
}

Parameters& Parameters::null() {
  values_.emplace_back();
  given_.push_back(false);
  return *this;
}

std::uint64_t Rows::changed() const {
  const char* count = result_ ? PQcmdTuples(result_.get()) : "";
  return std::strtoull(count, nullptr, 10);
}

bool Rows::is_null(int row, int column) const {
  return PQgetisnull(result_.get(), row, column) == 1;
}

std::span<const std::byte> Rows::bytes(int row, int column) const {
  return {reinterpret_cast<const std::byte*>(PQgetvalue(result_.get(), row, column)),
          static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

Blob Rows::blob(int row, int column) const {
  const auto data = bytes(row, column);
  return {data.begin(), data.end()};
}

std::string Rows::text(int row, int column) const {
  const auto data = bytes(row, column);
  return {reinterpret_cast<const char*>(data.data()), data.size()};
}

std::int64_t Rows::number(int row, int column) const {
  std::array<std::byte, sizeof(std::int64_t)> big_endian{};
  read(row, column, big_endian);
  return Reader(big_endian).i64();
}

void Rows::read(int row, int column, std::span<std::byte> room) const {
  const auto data = bytes(row, column);
  if (data.size() != room.size())
    throw Failure(Code::integrity, "a stored value has a wrong length");
  std::memcpy(room.data(), data.data(), room.size());
}

Connection::Connection(const Target& target, Deadline give_up)
    : url_(target.url()), process_(getpid()) {
  for (;;) {
    try {
      connect(target, give_up);
      greet();
      return;
    } catch (const ServerFailure& failure) {
      // While one primary is gone and the next one is none yet.
      if (failure.kind() == ServerFailure::Kind::refused ||
          std::chrono::steady_clock::now() + pause >= give_up)
        throw;
    }
    connection_.reset();
    std::this_thread::sleep_for(pause);
  }
}

Connection::~Connection() {
  // The parent's, after a fork: hanging up would be in its name.
  if (process_ != getpid()) (void)connection_.release();
}

void Connection::connect(const Target& target, Deadline give_up) {
  const auto keywords = target.keywords();
  const auto values = target.values();
  connection_.reset(PQconnectStartParams(keywords.data(), values.data(), 0));
  if (!connection_) throw Failure(Code::unavailable, "no memory for a connection to " + url_);
  (void)PQsetNoticeProcessor(
      connection_.get(), [](void*, const char*) {}, nullptr);
  // libpq has sent nothing yet.
  must_be_safe(connection_.get(), url_);
  for (bool write = true;;) {
    if (PQstatus(connection_.get()) == CONNECTION_BAD) break;
    // In turn: a host that does not answer leaves time for the others.
    wait(write, std::min(give_up, std::chrono::steady_clock::now() + seconds(5)));
    const auto polled = PQconnectPoll(connection_.get());
    if (polled == PGRES_POLLING_OK) return;
    if (polled == PGRES_POLLING_FAILED) break;
    write = polled == PGRES_POLLING_WRITING;
  }
  const std::string said = without_newline(PQerrorMessage(connection_.get()));
  // There is no SQLSTATE of a connection that came about in none.
  const auto has = [&](const char* words) { return said.find(words) != std::string::npos; };
  const bool refused = has("authentication failed") || has("pg_hba.conf") || has("certificate") ||
                       has("does not exist") || has("SSL error") || has("does not support SSL") ||
                       has("no password supplied") || has("service file") ||
                       has("definition of service") || has("invalid ") ||
                       has("could not translate host name");
  throw ServerFailure(
      refused ? ServerFailure::Kind::refused : ServerFailure::Kind::lost,
      refused ? Code::configuration : Code::unavailable,
      "cannot reach the store " + url_ + ": " + said + (refused ? "" : "; try again"), "08001");
}

void Connection::greet() {
  if (PQsetnonblocking(connection_.get(), 1) != 0) lost("no memory");
  script(session_settings);
  const auto said =
      run("SELECT current_setting('server_encoding'), current_setting('fsync'), "
          "current_setting('synchronous_commit'), current_setting('server_version_num')::int8");
  const auto refuse = [&](const std::string& why) {
    throw ServerFailure(ServerFailure::Kind::refused, Code::configuration,
                        "the store " + url_ + " cannot be used: " + why, "");
  };
  if (said.text(0, 0) != "UTF8") refuse("its encoding is not UTF8");
  if (said.text(0, 1) != "on") refuse("its server has fsync = off and would lose changes");
  if (said.number(0, 3) < 140000) refuse("PostgreSQL 14 is the oldest that is supported");
  // `remote_apply` is stronger than what is needed; everything else weaker.
  if (said.text(0, 2) != "remote_apply") script("SET synchronous_commit = on");
}

bool Connection::usable() {
  if (broken_ || process_ != getpid() || (syncs_ == 0 && !sent_.empty())) return false;
  // What a server says while nobody asks is that it goes away.
  return PQconsumeInput(connection_.get()) == 1 && PQstatus(connection_.get()) == CONNECTION_OK &&
         (syncs_ > 0 || PQtransactionStatus(connection_.get()) == PQTRANS_IDLE);
}

void Connection::lost(const std::string& why) {
  broken_ = true;
  throw ServerFailure(ServerFailure::Kind::lost, Code::unavailable,
                      "the connection to the store " + url_ + " was lost (" + why + "); try again",
                      "08006");
}

void Connection::failed(const PGresult* result) const {
  const char* state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
  // The primary message alone: details may show values.
  const char* said = PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  throw failure_of(state != nullptr ? state : "", said != nullptr ? said : "no reason was given",
                   url_);
}

void Connection::wait(bool write, Deadline give_up) {
  pollfd socket{PQsocket(connection_.get()), POLLIN, 0};
  if (socket.fd < 0) lost("no socket");
  if (write) socket.events |= POLLOUT;
  for (;;) {
    const auto left =
        std::chrono::duration_cast<milliseconds>(give_up - std::chrono::steady_clock::now());
    if (left.count() <= 0) lost("no answer in time");
    const int ready = poll(&socket, 1, static_cast<int>(left.count()) + 1);
    if (ready > 0) return;
    if (ready < 0 && errno != EINTR) lost(std::strerror(errno));
  }
}

void Connection::queue(const char* sql, const Parameters& parameters) {
  if (broken_) lost("earlier");
  if (PQpipelineStatus(connection_.get()) == PQ_PIPELINE_OFF &&
      PQenterPipelineMode(connection_.get()) != 1)
    lost("no pipeline");
  std::string& name = prepared_[sql];
  if (name.empty()) {
    name = "s" + std::to_string(++names_);
    if (PQsendPrepare(connection_.get(), name.c_str(), sql, 0, nullptr) != 1)
      lost(without_newline(PQerrorMessage(connection_.get())));
    sent_.push_back({sql, true});
  }
  const auto count = parameters.values_.size();
  std::vector<const char*> values(count);
  std::vector<int> lengths(count);
  const std::vector<int> formats(count, 1);
  for (std::size_t i = 0; i < count; ++i) {
    const Blob& value = parameters.values_[i];
    // Null would be NULL.
    values[i] = !parameters.given_[i] ? nullptr
                : value.empty()       ? ""
                                      : reinterpret_cast<const char*>(value.data());
    lengths[i] = static_cast<int>(value.size());
  }
  if (PQsendQueryPrepared(connection_.get(), name.c_str(), static_cast<int>(count), values.data(),
                          lengths.data(), formats.data(), 1) != 1)
    lost(without_newline(PQerrorMessage(connection_.get())));
  sent_.push_back({sql, false});
}

void Connection::sync() {
  if (PQpipelineSync(connection_.get()) != 1)
    lost(without_newline(PQerrorMessage(connection_.get())));
  ++syncs_;
}

std::vector<Rows> Connection::run_all(const char* sql, const Parameters& parameters) {
  queue(sql, parameters);
  sync();
  return collect();
}

Rows Connection::run(const char* sql, const Parameters& parameters) {
  return std::move(run_all(sql, parameters).back());
}

void Connection::leave(const char* sql) {
  queue(sql);
  sync();
  if (PQflush(connection_.get()) < 0) lost(without_newline(PQerrorMessage(connection_.get())));
}

// A null result ends one statement's results.
PGresult* Connection::next(Deadline give_up) {
  PGconn* connection = connection_.get();
  for (;;) {
    const int unsent = PQflush(connection);
    if (unsent < 0) lost(without_newline(PQerrorMessage(connection)));
    if (unsent == 0 && PQisBusy(connection) == 0) return PQgetResult(connection);
    wait(unsent == 1, give_up);
    if (PQconsumeInput(connection) != 1) lost(without_newline(PQerrorMessage(connection)));
  }
}

std::vector<Rows> Connection::collect() {
  const Deadline give_up = std::chrono::steady_clock::now() + statement_limit;
  std::unique_ptr<PGresult, decltype(&PQclear)> error(nullptr, &PQclear);
  std::vector<Rows> all;
  for (;;) {
    PGresult* result = next(give_up);
    if (result == nullptr) {
      // The end of a statement's; without one, of everything.
      if (sent_.empty() && PQstatus(connection_.get()) != CONNECTION_OK) lost("closed");
      continue;
    }
    const auto status = PQresultStatus(result);
    if (status == PGRES_PIPELINE_SYNC) {
      PQclear(result);
      if (--syncs_ == 0) break;
      continue;
    }
    const Sent answered = sent_.empty() ? Sent{} : sent_.front();
    if (!sent_.empty()) sent_.pop_front();
    if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) {
      Rows rows(result);
      if (!answered.preparation) all.push_back(std::move(rows));
      continue;
    }
    if (answered.preparation) prepared_.erase(answered.sql);
    if (!error && status != PGRES_PIPELINE_ABORTED)
      error.reset(result);
    else
      PQclear(result);
    // After a fatal one there is no synchronisation to wait for.
    if (PQstatus(connection_.get()) != CONNECTION_OK) {
      broken_ = true;
      break;
    }
  }
  if (!error) return all;
  if (broken_ && PQresultErrorField(error.get(), PG_DIAG_SQLSTATE) == nullptr)
    lost(without_newline(PQresultErrorMessage(error.get())));
  failed(error.get());
}

void Connection::script(const std::string& sql) {
  PGconn* connection = connection_.get();
  if (syncs_ > 0) (void)collect();
  if (PQpipelineStatus(connection) != PQ_PIPELINE_OFF && PQexitPipelineMode(connection) != 1)
    lost("a pipeline that does not end");
  if (PQsendQuery(connection, sql.c_str()) != 1) lost(without_newline(PQerrorMessage(connection)));
  const Deadline give_up = std::chrono::steady_clock::now() + statement_limit;
  std::unique_ptr<PGresult, decltype(&PQclear)> error(nullptr, &PQclear);
  while (PGresult* result = next(give_up)) {
    const auto status = PQresultStatus(result);
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK && !error)
      error.reset(result);
    else
      PQclear(result);
    if (PQstatus(connection) != CONNECTION_OK) lost("closed");
  }
  if (error) failed(error.get());
}

}  // namespace cred::store::postgres
