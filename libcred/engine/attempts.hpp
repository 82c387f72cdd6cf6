// Counting attempts before they are hashed, so that however many run at once,
// wrong guesses never get more tries than the threshold, and right passwords are
// never refused because others are being tried.
//
// An attempt is reserved as a lease and settled by its outcome. While the open
// leases could use the threshold up, the next attempt waits for outcomes.
//
// Three counters hold for an attempt: of the name from this source, of the name from
// anywhere, and of the source. A stranger who fills the second or third must not keep
// the owner out, so these two do not hold where the name lately logged in from.
#pragma once

#include "base/clock.hpp"
#include "engine/configuration.hpp"
#include "store/store.hpp"

#include <functional>
#include <vector>

namespace cred::engine {

enum class Outcome : std::uint8_t {
  right,      // clears the failures of the name from this source
  wrong,      // counts one
  withdrawn,  // neither: the right password of a locked account
};

struct Subjects {
  store::Subject name{};                 // from anywhere
  store::Subject here{};                 // the name from this source
  std::optional<store::Subject> source;  // unset: not known, or not to be counted
};

class AttemptCounter {
 public:
  // What a subject stands for, sealed. Called when a failure is counted.
  using Label = std::function<store::Blob(const store::Subject&)>;

  AttemptCounter(store::RealmStore& store, const Clock& clock, const AttemptLimits& limits,
                 const Subjects& subjects)
      : store_(store), clock_(clock), limits_(limits), subjects_(subjects) {}

  enum class Reservation : std::uint8_t {
    granted,  // hash, then settle
    blocked,  // a delay is running: answer "wrong" without hashing
    crowded,  // others' outcomes did not come within limits.patience: "try again"
  };
  // Committed to the store when it returns `granted`.
  Reservation reserve();
  // Ends the reservation that was granted, in the caller's transaction. After a power cut
  // the lease of a right login would count as a failure, which costs its owner less than
  // another sync costs every login: `write_behind` does for all but `wrong`.
  void settle(store::Transaction& transaction, Outcome outcome, const Label& label = {});

  // Forgets failures and delays of the name from everywhere, as an administrator's
  // word; not the last login.
  void forget();

  struct Standing {
    std::uint32_t failures = 0;       // from everywhere, leases of killed processes included
    std::uint32_t attempts_left = 0;  // before the next delay, where the fewest are left
    Time blocked_until{};             // the longest delay; in the past: none
    Time last_success{};              // 1970: none
  };
  // Changes nothing.
  Standing standing(store::Transaction& transaction) const;

 private:
  enum class Scope : std::uint8_t { here, name, source };
  struct Held {
    Scope scope;
    store::Subject subject;
    std::int64_t lease = 0;
  };
  enum class Try : std::uint8_t { granted, blocked, full };
  Try try_reserve();
  std::vector<Held> all() const;
  void hold(store::Transaction& transaction) const;
  std::uint32_t threshold(Scope scope) const;
  bool locked_out(Scope scope, const store::Attempts& attempts) const;
  void count_failure(Scope scope, store::Attempts& attempts, Time now) const;
  // Turns leases that outlived their time into failures; gives the open ones.
  std::uint32_t expire_leases(store::Transaction& transaction, const Held& held,
                              store::Attempts& attempts, Time now) const;
  bool usual(const store::Attempts& here, Time now) const;
  bool outlived(const store::Lease& lease, Time now) const;
  bool blocked(const store::Attempts& attempts, Time now) const;
  std::uint32_t room(Scope scope, const store::Attempts& attempts) const;
  void clear(store::Attempts& attempts, std::uint32_t failures) const;
  // A counter with what its leases add.
  struct Seen {
    store::Attempts attempts;
    std::uint32_t open = 0;
    std::uint32_t outlived = 0;
  };
  Seen seen(store::Transaction& transaction, Scope scope, const store::Counter& counter,
            Time now) const;

  store::RealmStore& store_;
  const Clock& clock_;
  AttemptLimits limits_;
  Subjects subjects_;
  std::vector<Held> held_;
};

}  // namespace cred::engine
