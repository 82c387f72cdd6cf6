#include "engine/attempts.hpp"

#include <algorithm>
#include <limits>
#include <thread>

namespace cred::engine {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(5);
constexpr auto longest_pause = std::chrono::milliseconds(100);
// Counters of names that nobody tried for so long are forgotten.
constexpr auto memory_of_failures = std::chrono::hours(24 * 30);
// Blocked until an administrator forgets the failures.
constexpr Time no_end{Duration(std::numeric_limits<Duration::rep>::max())};

}  // namespace

// A lease or block further ahead than it can have been set is left from before the
// clock was set back; it must not hold for that whole time.
bool AttemptCounter::outlived(const store::Lease& lease, Time now) const {
  return lease.expires <= now || lease.expires > now + limits_.lease;
}

bool AttemptCounter::blocked(const store::Attempts& attempts, Time now) const {
  if (attempts.blocked_until == no_end) return true;
  const Duration longest = std::max(limits_.longest_delay, limits_.lockout.value_or(Duration(0)));
  return now < attempts.blocked_until && attempts.blocked_until <= now + longest;
}

// Above the threshold each ended delay allows one attempt at a time.
std::uint32_t AttemptCounter::room(const store::Attempts& attempts) const {
  return attempts.failures >= limits_.threshold ? 1 : limits_.threshold - attempts.failures;
}

void AttemptCounter::count_failure(store::Attempts& attempts, Time now) const {
  ++attempts.failures;
  attempts.last_failure = now;
  if (limits_.max_failures > 0 && attempts.failures >= limits_.max_failures) {
    attempts.blocked_until = limits_.lockout ? now + *limits_.lockout : no_end;
    return;
  }
  if (attempts.failures < limits_.threshold) return;
  Duration delay = std::min(limits_.delay, limits_.longest_delay);
  for (std::uint32_t i = limits_.threshold; i < attempts.failures && delay < limits_.longest_delay;
       ++i)
    delay = std::min(delay * 2, limits_.longest_delay);
  attempts.blocked_until = now + delay;
}

std::uint32_t AttemptCounter::expire_leases(store::Transaction& transaction,
                                            store::Attempts& attempts, Time now) const {
  std::uint32_t open = 0;
  bool changed = false;
  for (const auto& lease : transaction.leases(subject_)) {
    if (!outlived(lease, now)) {
      ++open;
      continue;
    }
    transaction.remove_lease(subject_, lease.id);
    count_failure(attempts, now);
    changed = true;
  }
  if (changed) transaction.set_attempts(subject_, attempts);
  return open;
}

AttemptCounter::Try AttemptCounter::try_reserve() {
  const auto transaction = store_.begin(store::Access::write);
  const Time now = clock_.now();
  auto attempts = transaction->attempts(subject_);
  const std::uint32_t open = expire_leases(*transaction, attempts, now);
  Try result = Try::granted;
  if (blocked(attempts, now))
    result = Try::blocked;
  else if (open >= room(attempts))
    result = Try::full;
  else
    lease_ = transaction->add_lease(subject_, now + limits_.lease);
  transaction->commit();
  return result;
}

AttemptCounter::Reservation AttemptCounter::reserve() {
  // Real time, not the injected clock: this waits for other processes.
  const auto give_up = std::chrono::steady_clock::now() + limits_.patience;
  auto pause = first_pause;
  for (;;) {
    switch (try_reserve()) {
      case Try::granted: return Reservation::granted;
      case Try::blocked: return Reservation::blocked;
      case Try::full: break;
    }
    if (std::chrono::steady_clock::now() >= give_up) return Reservation::crowded;
    std::this_thread::sleep_for(pause);
    pause = std::min(pause * 2, longest_pause);
  }
}

void AttemptCounter::settle(Outcome outcome) {
  // After a power cut the lease of a right login would count as a failure, which
  // costs its owner less than a second sync costs every login.
  const auto transaction =
      store_.begin(outcome == Outcome::wrong ? store::Access::write : store::Access::write_behind);
  const Time now = clock_.now();
  // A lease that is gone outlived its time and was counted as a failure then.
  const bool open = transaction->remove_lease(subject_, lease_);
  auto attempts = transaction->attempts(subject_);
  if (outcome == Outcome::right) {
    transaction->set_attempts(subject_, {0, {}, {}, now});
  } else if (outcome == Outcome::wrong && open) {
    count_failure(attempts, now);
    transaction->set_attempts(subject_, attempts);
    transaction->prune_attempts(now - memory_of_failures);
  }
  transaction->commit();
}

void AttemptCounter::forget() {
  const auto transaction = store_.begin(store::Access::write);
  transaction->set_attempts(subject_, {0, {}, {}, transaction->attempts(subject_).last_success});
  transaction->commit();
}

AttemptCounter::Standing AttemptCounter::standing(store::Transaction& transaction) const {
  const Time now = clock_.now();
  auto attempts = transaction.attempts(subject_);
  std::uint32_t open = 0;
  for (const auto& lease : transaction.leases(subject_)) {
    if (outlived(lease, now))
      count_failure(attempts, now);
    else
      ++open;
  }
  Standing standing{attempts.failures, 0, {}, attempts.last_success};
  if (blocked(attempts, now))
    standing.blocked_until = attempts.blocked_until;
  else
    standing.attempts_left = room(attempts) - std::min(open, room(attempts));
  return standing;
}

}  // namespace cred::engine
