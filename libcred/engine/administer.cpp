// What an administrator asks of an account without its password.

#include "engine/realm_state.hpp"
#include "hash/foreign.hpp"

namespace cred::engine {
namespace {

// Reads, alters and writes a credential; begins anew when somebody else was faster,
// since nothing that was read is lost by that.
// `alter_credential` answers false to leave the account as it is.
template <typename Alter>
Expected<void> alter(const Realm::Parts& parts, std::string_view name, audit::Event event,
                     const Actor& actor, Alter alter_credential, const std::string& detail = {}) {
  constexpr int most_tries = 16;
  for (int i = 0; i < most_tries; ++i) {
    const auto account = parts.find(name);
    if (!account) return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
    Credential next = account->credential;
    if (!alter_credential(next)) return {};
    if (parts.replace(*account, next, parts.history(*account), event, actor, detail)) return {};
  }
  return fail(Code::conflict, "the account is being changed by others; try again");
}

audit::Event event_of(State from, State to) {
  if (to == State::locked) return audit::Event::locked;
  if (to == State::disabled) return audit::Event::disabled;
  return from == State::locked ? audit::Event::unlocked : audit::Event::enabled;
}

std::size_t count(const History& history) {
  std::size_t passwords = 0;
  for (const auto& group : history) passwords += group.tags.size();
  return passwords;
}

Status status_of(const Realm::Parts& parts, RealmState& state, const Account& account) {
  store::Transaction& transaction = state.transaction();
  Status s;
  s.name = account.row.name;
  s.id = account.row.id;
  s.generation = account.row.generation;
  s.state = account.state();
  s.session_epoch = account.session_epoch();
  s.profile = state.profile(account);
  s.passwords = count(state.history(account));
  s.parameters = account.credential.verifier.parameters;
  if (const auto& recipe = account.credential.verifier.recipe; !recipe.empty())
    s.wrapped = hash::scheme_of(recipe);
  const auto attempts = parts.attempts(account.row.name).standing(transaction);
  s.last_session = parts.last_login(account.row.id,
                                    transaction.attempts(parts.vault()->subject(account.row.name)));
  s.standing = parts.standing(account, attempts.last_success);
  if (attempts.last_success != Time{}) s.last_login = attempts.last_success;
  if (account.credential.exempt_until > parts.clock->now()) {
    s.exempt_until = account.credential.exempt_until;
    s.exempt_reason = account.credential.exempt_reason;
  }
  s.failures = attempts.failures;
  s.attempts_left = attempts.attempts_left;
  if (attempts.blocked_until != Time{}) s.blocked_until = attempts.blocked_until;
  return s;
}

}  // namespace

Expected<void> Realm::expire(std::string_view name, const Actor& actor) {
  return at_the_door([&] {
    return alter(*parts_, name, audit::Event::expired, actor, [](Credential& c) {
      // A compromise mark says more and stays.
      if (c.demand != Demand::compromised) c.demand = Demand::forced;
      return true;
    });
  });
}

Expected<void> check_reason(const std::string& reason) {
  if (reason.empty() || reason.size() > max_reason ||
      !policy::normalise(Secret::copy_of(reason.data(), reason.size())))
    return fail(Code::usage,
                "a reason is needed: UTF-8 without control characters, at most 1,024 bytes");
  return {};
}

Expected<void> Realm::exempt(std::string_view name, Time until, const std::string& reason,
                             const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    const Time now = parts_->clock->now();
    if (until > now + std::chrono::hours(24 * 366))
      return fail(Code::usage, "an exemption lasts a year at most; give an earlier date");
    if (auto given = check_reason(reason); !given) return given;
    return alter(
        *parts_, name, audit::Event::exempted, actor,
        [&](Credential& c) {
          c.exempt_until = until > now ? until : Time{};
          c.exempt_reason = until > now ? reason : "";
          // The mark of a login after the end; without it the age decides again.
          if (until > now && c.demand == Demand::expired) c.demand = Demand::none;
          return true;
        },
        reason);
  });
}

Expected<void> Realm::set_profile(std::string_view name,
                                  const std::function<void(Profile&)>& alter_profile,
                                  const Actor& actor) {
  constexpr int most_tries = 16;
  return at_the_door([&]() -> Expected<void> {
    for (int i = 0; i < most_tries; ++i) {
      const auto account = parts_->find(name);
      if (!account) return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
      Profile next = parts_->profile(*account);
      alter_profile(next);
      if (auto right = check_profile(next); !right) return right;
      if (parts_->replace(*account, next, actor)) return {};
    }
    return fail(Code::conflict, "the account is being changed by others; try again");
  });
}

Expected<void> Realm::set_state(std::string_view name, State from, State to, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    std::optional<State> other;
    auto done = alter(*parts_, name, event_of(from, to), actor, [&](Credential& c) {
      // A locked account may be closed too; what is closed is neither locked nor unlocked.
      if (c.state != from && c.state != to && to != State::disabled) other = c.state;
      if (other) return false;
      c.state = to;
      if (to == State::active) c.unlocked_at = parts_->clock->now();
      if (to != State::active) ++c.session_epoch;
      return true;
    });
    if (other)
      return fail(Code::conflict, *other == State::active ? "the account is active"
                                  : *other == State::disabled
                                      ? "the account is disabled, not locked"
                                      : "the account is locked, not disabled");
    // Whoever lets an account in again means its owner, who may have tried in vain.
    if (done && to == State::active) parts_->attempts(name).forget();
    return done;
  });
}

Expected<Status> Realm::status(std::string_view name) {
  return at_the_door([&]() -> Expected<Status> {
    RealmState state(*parts_, store::Access::read);
    const auto account = state.find(name);
    if (!account) return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
    return status_of(*parts_, state, *account);
  });
}

Expected<void> Realm::list(const std::function<bool(const Status&)>& visit) {
  constexpr std::size_t page = 256;
  return at_the_door([&]() -> Expected<void> {
    std::string after;
    for (;;) {
      RealmState state(*parts_, store::Access::read);
      const auto rows = state.transaction().list(after, page);
      if (rows.empty()) return {};
      after = rows.back().name;
      for (const auto& row : rows) {
        const auto account = state.find(row.name);
        if (!account || !visit(status_of(*parts_, state, *account))) return {};
      }
    }
  });
}

}  // namespace cred::engine
