// libcred's C++ interface for services that have users. See libcred(3).
//
//   auto library = cred::Library::open();            // the system's configuration
//   auto realm = library.realm("system");
//   auto answer = realm.authenticate("alice", password);
//   if (answer.outcome == cred::Outcome::accepted) ...
//
// Each call answers with an Outcome and, where it is not `accepted`, a sentence for
// the log or the user. Only `open` and `realm` can throw, std::bad_alloc alone. No answer holds a
// secret. Passwords are UTF-8 bytes, at most 1,024 (511 in realm "system"); they are read during
// the call and never kept: wiping them stays with the caller. Times are UTC. Calls block, for the
// time of a hash or more, and may be made from several threads at once.
#ifndef CRED_CRED_HPP
#define CRED_CRED_HPP

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#define CRED_PUBLIC __attribute__((visibility("default")))

namespace cred {

enum class Outcome {
  accepted,
  refused,        // wrong password, or the policy refuses the new one
  usage,          // a name or password that is none
  must_change,    // the right password, but it has to be changed first
  locked,         // the right password of an account that is locked or disabled
  not_found,      // no such account or realm
  conflict,       // exists already, or was changed by somebody else meanwhile
  configuration,  // configuration or permission
  unavailable,    // store, key or memory; try again
  integrity,      // the store was altered or is damaged
  internal,
};

struct Violation {
  std::string rule;     // stable id, such as "min_length"
  std::string message;  // tells a person what to do
};

struct Answer {
  Outcome outcome = Outcome::internal;
  std::string message;                // empty when accepted
  std::vector<Violation> violations;  // every broken rule of a refused new password
  explicit operator bool() const { return outcome == Outcome::accepted; }
};

struct Status {
  Answer answer;  // accepted, or why there is no status
  bool locked = false;
  bool must_change = false;
  std::chrono::sys_seconds set{};
  std::optional<std::chrono::sys_seconds> due;  // unset: never
  unsigned attempts_left = 0;                   // before the next delay
};

struct SessionEpoch {
  Answer answer;  // accepted, or why there is none
  std::uint64_t value = 0;
};

struct Person {
  std::string full_name;
  std::string email;
};

using Password = std::span<const std::byte>;

// A tenant's accounts; no call can reach another tenant's.
class CRED_PUBLIC Realm {
 public:
  Realm(Realm&&) noexcept;
  Realm& operator=(Realm&&) noexcept;
  ~Realm();

  // Whether the realm is there; all other calls give the same answer if it is not.
  const Answer& answer() const noexcept;

  // Checks a password as a login does: counts the attempt before it hashes. An
  // unknown name costs the same and answers `refused`.
  Answer authenticate(std::string_view name, Password password) noexcept;
  // The owner's change. `refused` without violations: the old password is wrong.
  Answer change(std::string_view name, Password old_password, Password new_password) noexcept;
  // An administrator's reset; `actor` goes into the trail.
  Answer reset(std::string_view name, Password new_password, bool must_change,
               std::string_view actor) noexcept;
  Answer enrol(std::string_view name, const Person& person, Password password, bool must_change,
               std::string_view actor) noexcept;
  // What the policy says, changing nothing. With a name also against its names and
  // earlier passwords.
  Answer check(std::optional<std::string_view> name, Password password) noexcept;
  Answer expire(std::string_view name, std::string_view actor) noexcept;
  Status status(std::string_view name) noexcept;
  // Rises whenever the account's sessions should end: a service remembers it with each
  // session that it begins, and ends those that began under a lower one.
  SessionEpoch session_epoch(std::string_view name) noexcept;

 private:
  friend class Library;
  struct Parts;
  explicit Realm(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

// The store and its root key, as a configuration names them.
class CRED_PUBLIC Library {
 public:
  // Reads `configuration`, or the system's own when it is empty.
  static Library open(const std::string& configuration = {});
  Library(Library&&) noexcept;
  Library& operator=(Library&&) noexcept;
  ~Library();

  const Answer& answer() const noexcept;
  Realm realm(std::string_view name);

 private:
  struct Parts;
  explicit Library(std::unique_ptr<Parts> parts) noexcept;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cred

#endif
