#include "engine/attempts.hpp"

#include <algorithm>
#include <limits>
#include <thread>

namespace cred::engine {
namespace {

constexpr auto first_pause = std::chrono::milliseconds(5);
constexpr auto longest_pause = std::chrono::milliseconds(100);
// Counters of names that nobody tried for so long are forgotten, and where an account
// logged in from.
constexpr auto memory = std::chrono::hours(24 * 30);
// Blocked until an administrator forgets the failures.
constexpr Time no_end{Duration(std::numeric_limits<Duration::rep>::max())};
// Many people share an address, and many sources may try one name: these counters
// take more.
constexpr std::uint32_t wider = 10;

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

// A clock that was set back must not make the owner a stranger.
bool AttemptCounter::usual(const store::Attempts& here, Time now) const {
  return here.last_success != Time{} && now < here.last_success + memory;
}

std::vector<AttemptCounter::Held> AttemptCounter::all() const {
  std::vector<Held> counters{{Scope::here, subjects_.here}, {Scope::name, subjects_.name}};
  if (subjects_.source) counters.push_back({Scope::source, *subjects_.source});
  return counters;
}

void AttemptCounter::hold(store::Transaction& transaction) const {
  std::vector<store::Subject> subjects;
  for (const auto& held : all()) subjects.push_back(held.subject);
  transaction.hold(subjects);
}

std::uint32_t AttemptCounter::threshold(Scope scope) const {
  return scope == Scope::here ? limits_.threshold : limits_.threshold * wider;
}

bool AttemptCounter::locked_out(Scope scope, const store::Attempts& attempts) const {
  return scope == Scope::name && limits_.max_failures > 0 &&
         attempts.failures >= limits_.max_failures;
}

// Above the threshold each ended delay allows one attempt at a time.
std::uint32_t AttemptCounter::room(Scope scope, const store::Attempts& attempts) const {
  std::uint32_t most = threshold(scope);
  if (scope == Scope::name && limits_.max_failures > 0) most = std::min(most, limits_.max_failures);
  return attempts.failures >= most ? 1 : most - attempts.failures;
}

void AttemptCounter::count_failure(Scope scope, store::Attempts& attempts, Time now) const {
  ++attempts.failures;
  attempts.last_failure = now;
  if (scope == Scope::name) ++attempts.since_login;
  if (scope == Scope::here) attempts.name = subjects_.name;
  if (locked_out(scope, attempts)) {
    attempts.blocked_until = limits_.lockout ? now + *limits_.lockout : no_end;
    return;
  }
  const std::uint32_t most = threshold(scope);
  if (attempts.failures < most) return;
  Duration delay = std::min(limits_.delay, limits_.longest_delay);
  for (std::uint32_t i = most; i < attempts.failures && delay < limits_.longest_delay; ++i)
    delay = std::min(delay * 2, limits_.longest_delay);
  attempts.blocked_until = now + delay;
}

std::uint32_t AttemptCounter::expire_leases(store::Transaction& transaction, const Held& held,
                                            store::Attempts& attempts, Time now) const {
  std::uint32_t open = 0;
  bool changed = false;
  for (const auto& lease : transaction.leases(held.subject)) {
    if (!outlived(lease, now)) {
      ++open;
      continue;
    }
    transaction.remove_lease(held.subject, lease.id);
    count_failure(held.scope, attempts, now);
    changed = true;
  }
  if (changed) transaction.set_attempts(held.subject, attempts);
  return open;
}

AttemptCounter::Try AttemptCounter::try_reserve() {
  const auto transaction = store_.begin(store::Access::attempts);
  hold(*transaction);
  const Time now = clock_.now();
  Try result = Try::granted;
  bool from_usual = false;
  held_ = all();
  for (const auto& held : held_) {
    auto attempts = transaction->attempts(held.subject);
    const std::uint32_t open = expire_leases(*transaction, held, attempts, now);
    if (held.scope == Scope::here)
      from_usual = usual(attempts, now);
    else if (from_usual && !locked_out(held.scope, attempts))
      continue;
    if (blocked(attempts, now))
      result = Try::blocked;
    else if (open >= room(held.scope, attempts) && result == Try::granted)
      result = Try::full;
  }
  if (result == Try::granted)
    for (auto& held : held_) held.lease = transaction->add_lease(held.subject, now + limits_.lease);
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

// The owner's failures from here are the owner's; others' failures stay.
void AttemptCounter::clear(store::Attempts& attempts, std::uint32_t failures) const {
  attempts.failures -= std::min(attempts.failures, failures);
  if (attempts.failures > 0) return;
  attempts.last_failure = {};
  attempts.blocked_until = {};
}

void AttemptCounter::settle(store::Transaction& transaction, Outcome outcome, const Label& label) {
  hold(transaction);
  const Time now = clock_.now();
  std::uint32_t failed_here = 0;
  bool counted = false;
  for (const auto& held : held_) {
    // A lease that is gone outlived its time and was counted as a failure then.
    const bool open = transaction.remove_lease(held.subject, held.lease);
    auto attempts = transaction.attempts(held.subject);
    if (outcome == Outcome::right) {
      if (held.scope == Scope::here) {
        failed_here = attempts.failures;
        attempts.name = subjects_.name;
      }
      if (held.scope == Scope::source && (failed_here == 0 || attempts.failures == 0)) continue;
      clear(attempts, failed_here);
      if (held.scope != Scope::source) attempts.last_success = now;
    } else if (outcome == Outcome::wrong && open) {
      count_failure(held.scope, attempts, now);
      if (label && attempts.label.empty()) attempts.label = label(held.subject);
      counted = true;
    } else {
      continue;
    }
    transaction.set_attempts(held.subject, attempts);
  }
  if (counted) transaction.prune_attempts(now - memory);
}

void AttemptCounter::forget() {
  const auto transaction = store_.begin(store::Access::write);
  std::vector<store::Subject> held{subjects_.name};
  for (const auto& counter : transaction->sources_of(subjects_.name))
    held.push_back(counter.subject);
  transaction->hold(held);
  auto counters = transaction->sources_of(subjects_.name);
  counters.push_back({subjects_.name, transaction->attempts(subjects_.name)});
  for (auto& counter : counters) {
    clear(counter.attempts, counter.attempts.failures);
    transaction->set_attempts(counter.subject, counter.attempts);
  }
  transaction->commit();
}

AttemptCounter::Seen AttemptCounter::seen(store::Transaction& transaction, Scope scope,
                                          const store::Counter& counter, Time now) const {
  Seen seen{counter.attempts, 0, 0};
  for (const auto& lease : transaction.leases(counter.subject)) {
    if (!outlived(lease, now)) {
      ++seen.open;
      continue;
    }
    count_failure(scope, seen.attempts, now);
    ++seen.outlived;
  }
  return seen;
}

AttemptCounter::Standing AttemptCounter::standing(store::Transaction& transaction) const {
  const Time now = clock_.now();
  const Seen everywhere =
      seen(transaction, Scope::name, {subjects_.name, transaction.attempts(subjects_.name)}, now);
  Standing standing{
      everywhere.attempts.failures, limits_.threshold, {}, everywhere.attempts.last_success};
  const auto include = [&](Scope scope, const Seen& counter) {
    std::uint32_t left = 0;
    if (blocked(counter.attempts, now)) {
      standing.blocked_until = std::max(standing.blocked_until, counter.attempts.blocked_until);
    } else {
      const std::uint32_t most = room(scope, counter.attempts);
      left = most - std::min(counter.open, most);
    }
    standing.attempts_left = std::min(standing.attempts_left, left);
  };
  include(Scope::name, everywhere);
  // Sources without a counter yet have leases alone: taken for one source.
  Seen rest{{}, everywhere.open, everywhere.outlived};
  for (const auto& counter : transaction.sources_of(subjects_.name)) {
    const Seen source = seen(transaction, Scope::here, counter, now);
    include(Scope::here, source);
    rest.open -= std::min(rest.open, source.open);
    rest.outlived -= std::min(rest.outlived, source.outlived);
  }
  for (std::uint32_t i = 0; i < rest.outlived; ++i) count_failure(Scope::here, rest.attempts, now);
  include(Scope::here, rest);
  return standing;
}

}  // namespace cred::engine
