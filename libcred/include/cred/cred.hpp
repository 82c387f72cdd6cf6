// libcred's C++20 interface for services that have users: a thin layer on cred.h, so that
// programs depend on the C functions alone. See libcred(3).
//
//   auto library = cred::Library::open();            // the system's configuration
//   auto realm = library.realm("system");
//   auto answer = realm.authenticate("alice", password);
//   if (answer.outcome == cred::Outcome::accepted) ...
//
// Each call answers with an Outcome and, where it is not `accepted`, a sentence for
// the log or the user. Only `open`, `realm` and `queue` can throw, std::bad_alloc alone. No
// answer holds a secret. Passwords are UTF-8 bytes, at most 1,024 (511 in realm "system"); they
// are read during the call and never kept: wiping them stays with the caller. Times are UTC.
// Calls block, for the time of a hash or more, and may be made from several threads at once; a
// Queue has those that do not block.
#ifndef CRED_CRED_HPP
#define CRED_CRED_HPP

#include "cred/cred.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace cred {

// cred_code, by its words.
enum class Outcome {
  accepted = CRED_ACCEPTED,
  refused = CRED_REFUSED,              // wrong password, or the policy refuses the new one
  usage = CRED_USAGE,                  // a name or password that is none
  must_change = CRED_MUST_CHANGE,      // the right password, but it has to be changed first
  locked = CRED_LOCKED,                // the right password of an account that is locked
  not_found = CRED_NOT_FOUND,          // no such account or realm
  conflict = CRED_CONFLICT,            // exists already, or was changed by somebody else meanwhile
  configuration = CRED_CONFIGURATION,  // configuration or permission
  unavailable = CRED_UNAVAILABLE,      // store, key, memory or credd; try again
  integrity = CRED_INTEGRITY,          // the store was altered or is damaged
  internal = CRED_INTERNAL,
};

using Seconds = std::chrono::sys_seconds;

struct Violation {
  std::string rule{};     // stable id, such as "min_length"
  std::string message{};  // tells a person what to do
};

struct Answer {
  Outcome outcome = Outcome::internal;
  std::string message;                // empty when accepted
  std::string reason;                 // stable word, such as "expired"; "none"
  std::vector<Violation> violations;  // every broken rule of a refused new password
  std::optional<Seconds> due;         // of a right password: when it expires
  bool warn = false;                  // that is soon
  explicit operator bool() const { return outcome == Outcome::accepted; }
};

struct Status {
  Answer answer;  // accepted, or why there is no status
  bool locked = false;
  bool must_change = false;
  Seconds set{};
  std::optional<Seconds> due;         // unset: never
  std::optional<Seconds> last_login;  // the last right password
  unsigned attempts_left = 0;         // before the next delay
  std::uint64_t session_epoch = 0;
};

struct SessionEpoch {
  Answer answer;  // accepted, or why there is none
  std::uint64_t value = 0;
};

struct Person {
  std::string full_name{};
  std::string email{};
  std::string birth_date{};  // YYYY-MM-DD
  std::string phone{};
};

// Who asks, and from where; what is not known is empty.
struct Origin {
  std::string host{};  // failed attempts are counted by it
  std::string service{};
  std::string terminal{};
};

// What docs/formats/events.md says of the field of the same name; empty: there is none.
struct Event {
  Seconds time;
  std::string_view event, outcome, realm, account, actor, source, service, terminal, reason, detail;
};

struct Options {
  std::string configuration{};  // empty: the system's
  enum class Access : std::uint32_t {
    best = CRED_ACCESS_BEST,  // the store, or credd where this process has no right to it
    store = CRED_ACCESS_STORE,
    credd = CRED_ACCESS_CREDD,
  } access = Access::best;
  // Called after each event is in the store, from several threads at once; what it throws is
  // dropped.
  std::function<void(const Event&)> on_event{};
};

using Password = std::span<const std::byte>;

// What the wrapper needs.
namespace detail {

template <auto Close>
struct Closer {
  template <typename Handle>
  void operator()(Handle* handle) const noexcept {
    Close(handle);
  }
};
using LibraryHandle = std::unique_ptr<cred_library, Closer<cred_close>>;
using RealmHandle = std::unique_ptr<cred_realm, Closer<cred_realm_close>>;
using QueueHandle = std::unique_ptr<cred_queue, Closer<cred_queue_close>>;
using AnswerHandle = std::unique_ptr<cred_answer, Closer<cred_answer_free>>;

inline std::optional<Seconds> time_of(std::int64_t seconds) {
  if (seconds == CRED_NO_TIME) return std::nullopt;
  return Seconds(std::chrono::seconds(seconds));
}

inline Answer answer_of(const cred_answer* said) {
  Answer answer;
  answer.outcome = static_cast<Outcome>(cred_answer_code(said));
  answer.message = cred_answer_message(said);
  answer.reason = cred_answer_reason(said);
  answer.due = time_of(cred_answer_due(said));
  answer.warn = cred_answer_warn(said) != 0;
  for (std::size_t i = 0; i < cred_answer_violations(said); ++i)
    answer.violations.push_back({cred_answer_rule(said, i), cred_answer_advice(said, i)});
  return answer;
}

// A text with a NUL in it would mean another one to C.
inline bool is_text(std::string_view text) { return text.find('\0') == std::string_view::npos; }

// The answer of a call that takes a place for one.
template <typename Call>
Answer ask(std::string_view name, Call call) noexcept {
  try {
    if (!is_text(name)) return {Outcome::usage, "a name has a NUL byte in it", "none", {}, {}};
    cred_answer* said = nullptr;
    call(std::string(name).c_str(), &said);
    return answer_of(AnswerHandle(said).get());
  } catch (...) {
    return {Outcome::unavailable, {}, {}, {}, {}};
  }
}

// The C struct of an origin; its texts live as long as what it was made of.
struct From {
  From(const Origin& origin, const char* actor = nullptr) {
    c.host = text(origin.host);
    c.service = text(origin.service);
    c.terminal = text(origin.terminal);
    c.actor = actor;
  }
  static const char* text(const std::string& value) {
    return value.empty() ? nullptr : value.c_str();
  }
  cred_origin c = CRED_INIT(cred_origin);
};

inline cred_person person_of(const Person& person) {
  cred_person c = CRED_INIT(cred_person);
  c.full_name = From::text(person.full_name);
  c.email = From::text(person.email);
  c.birth_date = From::text(person.birth_date);
  c.phone = From::text(person.phone);
  return c;
}

using Listener = std::function<void(const Event&)>;

inline void tell(void* context, const cred_event* c) noexcept {
  try {
    const auto text = [](const char* value) { return std::string_view(value ? value : ""); };
    (*static_cast<const Listener*>(context))(
        {Seconds(std::chrono::seconds(c->time)), text(c->event), text(c->outcome), text(c->realm),
         text(c->account), text(c->actor), text(c->source), text(c->service), text(c->terminal),
         text(c->reason), text(c->detail)});
  } catch (...) {}
}

}  // namespace detail

// A tenant's accounts; no call can reach another tenant's.
class Realm {
 public:
  // Whether the realm is there; all other calls give the same answer if it is not.
  const Answer& answer() const noexcept { return answer_; }

  // Checks a password as a login does: counts the attempt before it hashes. An
  // unknown name costs the same and answers `refused`.
  Answer authenticate(std::string_view name, Password password,
                      const Origin& origin = {}) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const detail::From from(origin);
      (void)cred_authenticate(handle_.get(), who, password.data(), password.size(), &from.c, said);
    });
  }
  // The owner's change. `refused` without violations: the old password is wrong.
  Answer change(std::string_view name, Password old_password, Password new_password,
                const Origin& origin = {}) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const detail::From from(origin);
      (void)cred_change(handle_.get(), who, old_password.data(), old_password.size(),
                        new_password.data(), new_password.size(), &from.c, said);
    });
  }
  // An administrator's reset; `actor` goes into the trail.
  Answer reset(std::string_view name, Password new_password, bool must_change,
               std::string_view actor, const Origin& origin = {}) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const std::string by(actor);
      const detail::From from(origin, by.c_str());
      (void)cred_reset(handle_.get(), who, new_password.data(), new_password.size(), must_change,
                       &from.c, said);
    });
  }
  Answer enrol(std::string_view name, const Person& person, Password password, bool must_change,
               std::string_view actor, const Origin& origin = {}) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const std::string by(actor);
      const detail::From from(origin, by.c_str());
      const cred_person whom = detail::person_of(person);
      (void)cred_enrol(handle_.get(), who, &whom, password.data(), password.size(), must_change,
                       &from.c, said);
    });
  }
  // What the policy says, changing nothing. With a name also against its names and
  // earlier passwords.
  Answer check(std::optional<std::string_view> name, Password password) noexcept {
    return on(name.value_or(""), [&](const char* who, cred_answer** said) {
      (void)cred_check(handle_.get(), name ? who : nullptr, password.data(), password.size(),
                       nullptr, said);
    });
  }
  Answer expire(std::string_view name, std::string_view actor) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const std::string by(actor);
      const detail::From from({}, by.c_str());
      (void)cred_expire(handle_.get(), who, &from.c, said);
    });
  }
  // Others may know the password: it only lets its owner change it, or nothing with `lock`.
  // All sessions end.
  Answer compromise(std::string_view name, std::string_view reason, bool lock,
                    std::string_view actor) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const std::string by(actor);
      const std::string why(reason);
      const detail::From from({}, by.c_str());
      (void)cred_compromise(handle_.get(), who, why.c_str(), lock, &from.c, said);
    });
  }
  // Looks through a message's text for the account's own password. `refused`: it is there, and
  // marked as compromised. Not through credd.
  Answer scan(std::string_view name, std::string_view text, std::string_view message,
              std::string_view actor) noexcept {
    return on(name, [&](const char* who, cred_answer** said) {
      const std::string by(actor);
      const std::string id(message);
      const detail::From from({}, by.c_str());
      (void)cred_scan(handle_.get(), who, text.data(), text.size(), id.c_str(), &from.c, said);
    });
  }
  Status status(std::string_view name) noexcept {
    Status status;
    cred_status c = CRED_INIT(cred_status);
    status.answer = on(name, [&](const char* who, cred_answer** said) {
      (void)cred_get_status(handle_.get(), who, &c, said);
    });
    if (!status.answer) return status;
    status.locked = c.standing == CRED_LOCKED;
    status.must_change = c.standing == CRED_MUST_CHANGE;
    status.set = detail::time_of(c.set).value_or(Seconds{});
    status.due = detail::time_of(c.due);
    status.last_login = detail::time_of(c.last_login);
    status.attempts_left = c.attempts_left;
    status.session_epoch = c.session_epoch;
    return status;
  }
  // Rises whenever the account's sessions should end: a service remembers it with each
  // session that it begins, and ends those that began under a lower one.
  SessionEpoch session_epoch(std::string_view name) noexcept {
    SessionEpoch epoch;
    epoch.answer = on(name, [&](const char* who, cred_answer** said) {
      (void)cred_session_epoch(handle_.get(), who, &epoch.value, said);
    });
    return epoch;
  }

 private:
  friend class Library;
  friend class Queue;
  Realm() = default;

  template <typename Call>
  Answer on(std::string_view name, Call call) noexcept {
    if (handle_) return detail::ask(name, call);
    try {
      return answer_;
    } catch (...) {
      return {Outcome::unavailable, {}, {}, {}, {}};
    }
  }

  Answer answer_;
  std::shared_ptr<const detail::Listener> listener_;
  detail::RealmHandle handle_;  // after what it calls
};

// Submissions of one event loop, whose answers are taken when `descriptor` is readable.
class Queue {
 public:
  const Answer& answer() const noexcept { return answer_; }
  int descriptor() const noexcept { return cred_queue_descriptor(handle_.get()); }

  struct Finished {
    std::uint64_t ticket = 0;
    Answer answer;
  };
  // Unset: none is finished. Throws std::bad_alloc.
  std::optional<Finished> take() {
    Finished finished;
    cred_answer* said = nullptr;
    if (cred_take(handle_.get(), &finished.ticket, &said) == 0) return std::nullopt;
    finished.answer = detail::answer_of(detail::AnswerHandle(said).get());
    return finished;
  }

  // As those of a Realm. `accepted`: the answer will come, once; `unavailable`: too many wait,
  // and nothing was done.
  Outcome authenticate(std::uint64_t ticket, Realm& realm, const std::string& name,
                       Password password, const Origin& origin = {}) noexcept {
    const detail::From from(origin);
    return outcome(name, cred_submit_authenticate, realm, password.data(), password.size(), &from.c,
                   ticket);
  }
  Outcome change(std::uint64_t ticket, Realm& realm, const std::string& name, Password old_password,
                 Password new_password, const Origin& origin = {}) noexcept {
    const detail::From from(origin);
    return outcome(name, cred_submit_change, realm, old_password.data(), old_password.size(),
                   new_password.data(), new_password.size(), &from.c, ticket);
  }
  Outcome enrol(std::uint64_t ticket, Realm& realm, const std::string& name, const Person& person,
                Password password, bool must_change, const std::string& actor,
                const Origin& origin = {}) noexcept {
    const detail::From from(origin, actor.c_str());
    const cred_person whom = detail::person_of(person);
    return outcome(name, cred_submit_enrol, realm, &whom, password.data(), password.size(),
                   must_change, &from.c, ticket);
  }
  Outcome check(std::uint64_t ticket, Realm& realm, const std::optional<std::string>& name,
                Password password) noexcept {
    if (!realm.handle_) return realm.answer_.outcome;
    if (name && !detail::is_text(*name)) return Outcome::usage;
    return static_cast<Outcome>(cred_submit_check(handle_.get(), realm.handle_.get(),
                                                  name ? name->c_str() : nullptr, password.data(),
                                                  password.size(), nullptr, ticket));
  }
  Outcome reset(std::uint64_t ticket, Realm& realm, const std::string& name, Password password,
                bool must_change, const std::string& actor, const Origin& origin = {}) noexcept {
    const detail::From from(origin, actor.c_str());
    return outcome(name, cred_submit_reset, realm, password.data(), password.size(), must_change,
                   &from.c, ticket);
  }

 private:
  friend class Library;
  Queue() = default;
  template <typename Submit, typename... Arguments>
  Outcome outcome(const std::string& name, Submit submit, Realm& realm,
                  Arguments... arguments) noexcept {
    if (!realm.handle_) return realm.answer_.outcome;
    if (!detail::is_text(name)) return Outcome::usage;
    return static_cast<Outcome>(
        submit(handle_.get(), realm.handle_.get(), name.c_str(), arguments...));
  }

  Answer answer_;
  std::shared_ptr<const detail::Listener> listener_;
  detail::QueueHandle handle_;  // after what it calls
};

// The store and its root key, as a configuration names them, or the way to credd.
class Library {
 public:
  static Library open(const Options& options) {
    Library library;
    cred_options c = CRED_INIT(cred_options);
    c.configuration = detail::From::text(options.configuration);
    c.access = static_cast<std::uint32_t>(options.access);
    if (options.on_event) {
      library.listener_ = std::make_shared<const detail::Listener>(options.on_event);
      c.on_event = detail::tell;
      c.event_context = const_cast<detail::Listener*>(library.listener_.get());
    }
    cred_library* handle = nullptr;
    cred_answer* said = nullptr;
    (void)cred_open(&c, &handle, &said);
    library.handle_.reset(handle);
    library.answer_ = detail::answer_of(detail::AnswerHandle(said).get());
    return library;
  }
  // Reads `configuration`, or the system's own when it is empty.
  static Library open(const std::string& configuration = {}) {
    Options options;
    options.configuration = configuration;
    return open(options);
  }

  const Answer& answer() const noexcept { return answer_; }
  Options::Access access() const noexcept {
    return static_cast<Options::Access>(cred_access(handle_.get()));
  }

  Realm realm(std::string_view name) {
    Realm realm;
    realm.listener_ = listener_;
    realm.answer_ = answer_;
    if (!handle_) return realm;
    realm.answer_ = detail::ask(name, [&](const char* which, cred_answer** said) {
      cred_realm* handle = nullptr;
      (void)cred_realm_open(handle_.get(), which, &handle, said);
      realm.handle_.reset(handle);
    });
    return realm;
  }

  // `workers` and `waiting` as cred_queue_options has them.
  Queue queue(std::uint32_t workers = 0, std::uint32_t waiting = 0) {
    Queue queue;
    queue.listener_ = listener_;
    queue.answer_ = answer_;
    if (!handle_) return queue;
    queue.answer_ = detail::ask("", [&](const char*, cred_answer** said) {
      cred_queue_options options = CRED_INIT(cred_queue_options);
      options.workers = workers;
      options.waiting = waiting;
      cred_queue* handle = nullptr;
      (void)cred_queue_open(handle_.get(), &options, &handle, said);
      queue.handle_.reset(handle);
    });
    return queue;
  }

 private:
  Library() = default;
  Answer answer_;
  std::shared_ptr<const detail::Listener> listener_;
  detail::LibraryHandle handle_;  // after what it calls
};

}  // namespace cred

#endif
