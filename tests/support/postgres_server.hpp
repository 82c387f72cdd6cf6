// A PostgreSQL server of its own in a directory that is thrown away, on a Unix socket and on
// loopback with a certificate. It syncs what it writes; the directory is in memory.
#pragma once

#include <string>
#include <sys/types.h>
#include <vector>

namespace cred::test {

// Runs `command` with sh; what it prints. Throws std::runtime_error with all of it when it
// fails.
std::string shell(const std::string& command);

class PostgresServer {
 public:
  // initdb, with these lines added to postgresql.conf; starts it.
  explicit PostgresServer(const std::string& settings = {});
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer();

  void start();
  void stop(const char* mode = "fast");
  // kill -9 of everything that belongs to it.
  void kill();
  // Begins anew as a standby that streams from `primary`, which waits for it from now on.
  void follow(const PostgresServer& primary);
  // Of a standby: it is the primary when this returns.
  void promote() const;

  int port() const { return port_; }
  // Its directory, with socket, certificates (ca.pem, wrong-ca.pem, client.pem, client.key).
  std::string operator/(const std::string& name) const { return directory_ + "/" + name; }
  // By the Unix socket, as the superuser.
  std::string url(const std::string& database, const std::string& more = {}) const;
  // Over TLS on loopback as this user.
  std::string tls_url(const std::string& user, const std::string& database,
                      const std::string& more = {}) const;
  void create(const std::string& database) const;
  // What psql prints of it, without headings: rows in lines, columns with '|'.
  std::string sql(const std::string& database, const std::string& statements) const;

 private:
  void make_certificates() const;
  void configure(const std::string& settings) const;
  // As the user whom the server runs as: it refuses root.
  std::string as_server(const std::string& command) const;
  std::string directory_;
  int port_ = 0;
};

// The one that a test program shares, started when it is first asked for.
PostgresServer& shared_server();

}  // namespace cred::test
