// Questions and orders to credd, for callers who cannot open the store.
#pragma once

#include "administration/command.hpp"
#include "base/secret.hpp"
#include "cli/session.hpp"
#include "wire/message.hpp"

#include <optional>
#include <string>
#include <vector>

namespace cred::cli {

struct CreddAnswer {
  Code code = Code::internal;
  engine::Reason reason = engine::Reason::none;
  std::optional<Time> due;
  std::optional<unsigned> strength;  // zxcvbn's score, 0 to 4
  std::vector<std::string> messages;
};

class CreddClient {
 public:
  // `account` may be empty: the caller has no login name.
  CreddClient(const Session& session, std::string account)
      : session_(session), account_(std::move(account)) {}
  const std::string& account() const { return account_; }

  // Errors: not_found (no name), configuration, unavailable (no credd, no answer).
  Expected<CreddAnswer> ask(wire::Kind kind, const Secret* old_password = nullptr,
                            const Secret* password = nullptr, bool must_change = false) const;

 private:
  const Session& session_;
  std::string account_;
};

// Has credd run an administrator's command, in a realm; each row of its answer goes to `row`.
administration::Outcome order(const Session& session, const std::string& realm,
                              const administration::Command& command, const Secret* password,
                              const administration::Row& row);

// The caller's login name, or empty.
std::string own_login();

}  // namespace cred::cli
