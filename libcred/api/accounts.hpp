// What the public calls do with a realm, apart from how the realm is reached: the store in
// this process, or credd.
#pragma once

#include "base/secret.hpp"
#include "engine/engine.hpp"

#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cred::api {

struct Violation {
  std::string rule;
  std::string advice;
};

struct Answer {
  Code code = Code::internal;
  std::string message;
  engine::Reason reason = engine::Reason::none;
  std::optional<Time> due;
  bool warn = false;
  std::vector<Violation> violations;
};

inline Answer accepted() { return {Code::accepted, {}, {}, {}, false, {}}; }
inline Answer failed(Error error) {
  return {error.code, std::move(error.message), {}, {}, false, {}};
}
// A sentence for a reason; empty: the code says it all.
const char* sentence(Code code, engine::Reason reason);

// What is not known is empty.
struct Origin {
  std::string host;
  std::string service;
  std::string terminal;
  std::string actor;
};

struct Person {
  std::string full_name;
  std::string email;
  std::string birth_date;
  std::string phone;
};

struct Status {
  Answer answer;  // accepted, or why there is none
  std::optional<engine::State> state;
  engine::Standing standing;
  std::optional<Time> last_login;
  std::optional<Time> blocked_until;
  std::optional<std::uint32_t> failures;
  std::optional<std::uint32_t> attempts_left;
  std::uint64_t session_epoch = 0;
};

struct Epoch {
  Answer answer;
  std::uint64_t value = 0;
};

// Safe to use from several threads. Calls may throw std::bad_alloc and Failure.
class Accounts {
 public:
  Accounts() = default;
  Accounts(const Accounts&) = delete;
  Accounts& operator=(const Accounts&) = delete;
  virtual ~Accounts() = default;

  virtual Answer authenticate(const std::string& name, const Secret& password,
                              const Origin& origin) = 0;
  virtual Answer check(const std::optional<std::string>& name, const Secret& password,
                       const Origin& origin) = 0;
  virtual Answer enrol(const std::string& name, const Person& person, const Secret& password,
                       bool must_change, const Origin& origin) = 0;
  virtual Answer change(const std::string& name, const Secret& old_password,
                        const Secret& new_password, const Origin& origin) = 0;
  virtual Answer reset(const std::string& name, const Secret& password, bool must_change,
                       const Origin& origin) = 0;
  virtual Answer expire(const std::string& name, const Origin& origin) = 0;
  virtual Answer compromise(const std::string& name, const std::string& reason, bool lock,
                            const Origin& origin) = 0;
  virtual Answer scan(const std::string& name, std::string_view text, const std::string& message,
                      const Origin& origin) = 0;
  virtual Status status(const std::string& name) = 0;
  virtual Epoch session_epoch(const std::string& name) = 0;
};

// On the store.
std::unique_ptr<Accounts> store_accounts(engine::Realm realm);
// By credd's leave.
std::unique_ptr<Accounts> credd_accounts(std::string socket, std::string configuration,
                                         std::string realm);

}  // namespace cred::api
