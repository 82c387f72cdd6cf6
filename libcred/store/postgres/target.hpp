// Where a store is, and how a connection to it must be.
#pragma once

#include "base/error.hpp"

#include <libpq-fe.h>
#include <string>
#include <utility>
#include <vector>

namespace cred::store::postgres {

// The parameters of a URL with what it leaves open filled in. Refused, with Code::configuration:
// what does not parse, a password, a session that may be read-only.
class Target {
 public:
  explicit Target(const std::string& url);
  // For messages; it has no password.
  const std::string& url() const { return url_; }
  // As PQconnectStartParams wants them.
  std::vector<const char*> keywords() const;
  std::vector<const char*> values() const;

 private:
  std::string url_;
  std::vector<std::pair<std::string, std::string>> parameters_;
};

// What libpq made of them, with the service file and the environment: TLS that proves the
// server's name for everything that leaves this machine. Before anything secret is sent.
// Throws Failure (configuration).
void must_be_safe(PGconn* connection, const std::string& url);

// Whether nobody else than this machine hears what is sent there.
bool stays_here(const std::string& host, const std::string& address);

}  // namespace cred::store::postgres
