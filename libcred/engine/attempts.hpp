// Counting attempts before they are hashed, so that however many run at once,
// wrong guesses never get more tries than the threshold, and right passwords are
// never refused because others are being tried.
//
// An attempt is reserved as a lease and settled by its outcome. While the open
// leases could use the threshold up, the next attempt waits for outcomes.
#pragma once

#include "base/clock.hpp"
#include "engine/configuration.hpp"
#include "store/store.hpp"

namespace cred::engine {

enum class Outcome : std::uint8_t {
  right,      // clears the failures
  wrong,      // counts one
  withdrawn,  // neither: the right password of a locked account
};

class AttemptCounter {
 public:
  AttemptCounter(store::RealmStore& store, const Clock& clock, const AttemptLimits& limits,
                 const store::Subject& subject)
      : store_(store), clock_(clock), limits_(limits), subject_(subject) {}

  enum class Reservation : std::uint8_t {
    granted,  // hash, then settle
    blocked,  // a delay is running: answer "wrong" without hashing
    crowded,  // others' outcomes did not come within limits.patience: "try again"
  };
  // Committed to the store when it returns `granted`.
  Reservation reserve();
  // Ends the reservation that was granted.
  void settle(Outcome outcome);

  // Forgets failures and the delay, as an administrator's word; not the last login.
  void forget();

  struct Standing {
    std::uint32_t failures = 0;       // leases of killed processes included
    std::uint32_t attempts_left = 0;  // before the next delay; 0 while one runs
    Time blocked_until{};             // in the past: not blocked
    Time last_success{};              // 1970: none
  };
  // Changes nothing.
  Standing standing(store::Transaction& transaction) const;

 private:
  enum class Try : std::uint8_t { granted, blocked, full };
  Try try_reserve();
  void count_failure(store::Attempts& attempts, Time now) const;
  // Turns leases that outlived their time into failures; gives the open ones.
  std::uint32_t expire_leases(store::Transaction& transaction, store::Attempts& attempts,
                              Time now) const;
  bool outlived(const store::Lease& lease, Time now) const;
  bool blocked(const store::Attempts& attempts, Time now) const;
  std::uint32_t room(const store::Attempts& attempts) const;

  store::RealmStore& store_;
  const Clock& clock_;
  AttemptLimits limits_;
  store::Subject subject_;
  std::int64_t lease_ = 0;
};

}  // namespace cred::engine
