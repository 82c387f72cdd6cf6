// Is this the password, and may it be used?

#include "engine/account_tree.hpp"
#include "engine/realm_state.hpp"
#include "hash/foreign.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

// Another system hashed what was typed, in whatever normal form it came.
bool is_the_password(const Realm::Parts& parts, const hash::Verifier& verifier, const Secret& typed,
                     const Secret& normalised, Arenas::Lent& arena) {
  if (parts.matches(normalised, verifier, arena)) return true;
  return !verifier.recipe.empty() && !typed.equals(normalised) &&
         parts.matches(typed, verifier, arena);
}

// After a right login: newer parameters, this library's hash in place of another system's,
// and the mark that keeps an expired password expired when the clock is set back. Losing
// the race is no harm; the next login does it.
void bring_up_to_date(const Realm::Parts& parts, const Account& account, Standing& standing,
                      const Secret& password) {
  Credential next = account.credential;
  const std::string recipe = next.verifier.recipe;
  const bool foreign = !recipe.empty();
  // Nobody knows whether the part that did not count is what the owner means: it is not
  // made to count, but replaced.
  const bool cut_off = foreign && hash::cuts_off(recipe, password);
  const bool rehash = !cut_off && (foreign || next.verifier.parameters != parts.parameters);
  const bool aged_out = standing.reason == Reason::expired && next.demand == Demand::none;
  const bool forced = cut_off && !aged_out && next.demand == Demand::none;
  if (forced && standing.code == Code::accepted) {
    standing.code = Code::must_change;
    standing.reason = Reason::forced;
    standing.too_early = false;
  }
  if (!rehash && !aged_out && !forced) return;
  History history = parts.history(account);
  if (rehash && foreign)
    (void)parts.remember(history, password, &next.verifier);
  else if (rehash)
    next.verifier = parts.make_verifier(password);
  if (aged_out) next.demand = Demand::expired;
  if (forced) next.demand = Demand::forced;
  const auto event = rehash   ? audit::Event::rehashed
                     : forced ? audit::Event::expired
                              : audit::Event::aged_out;
  const std::string scheme(foreign ? hash::scheme_of(recipe) : "");
  parts.replace(account, next, history, event, {"login"},
                forced    ? scheme + " looked at a part of it alone"
                : foreign ? "it was hashed with " + scheme
                          : "");
}

// A password in use that the corpus knows is a compromise from this moment. A corpus
// that cannot be used keeps nobody out: the password is right.
bool became_known(const Realm::Parts& parts, const Account& account, const Secret& password) {
  if (account.compromised()) return false;
  const auto known = parts.policy.breached(password);
  if (known) return known->value_or(false);
  parts.note(account.row.id, account.row.name, audit::Event::data_unusable, {"login"},
             known.error().message);
  return false;
}

// The id that the tree vouches for; what the row says may be another's.
Uuid vouched_for(RealmState& state, const store::AccountRow& row) {
  const auto known = at_the_door([&]() -> Expected<bool> {
    const auto bucket = AccountTree::bucket_of(state.vault(), row.name);
    const auto members =
        AccountTree(state.vault(), state.transaction()).check(state.head().tree, bucket);
    return std::ranges::any_of(members, [&](const auto& m) { return m.account == row.id; });
  });
  return known.value_or(false) ? row.id : Uuid{};
}

// A login met stored data that are not as they should be. Told to the log alone where the
// head is what is damaged.
void note_tampering(const Realm::Parts& parts, std::string_view name, const Origin& origin,
                    const Error& error) {
  Noted noted{.event = audit::Event::tampering_noticed,
              .detail = error.message,
              .outcome = Code::integrity};
  noted.actor.source = origin.source;
  noted.actor.service = origin.service;
  noted.actor.tty = origin.tty;
  const auto written = at_the_door([&]() -> Expected<void> {
    RealmChange change(parts, store::Access::write, RealmChange::Journal::later);
    // A name that is no account's may be a password.
    if (const auto row = change.transaction().find(name)) {
      noted.name = name;
      noted.account = vouched_for(change, *row);
      noted.detail = noted.name + ": " + noted.detail;
    }
    change.note(noted);
    change.commit();
    return {};
  });
  if (written) return;
  auto event = parts.event(audit::word(noted.event), noted.outcome, noted.name);
  event.source = origin.source;
  event.service = origin.service;
  event.tty = origin.tty;
  event.detail = noted.detail;
  parts.tell(event);
}

}  // namespace

Expected<Authentication> Realm::authenticate(std::string_view name, const Secret& password,
                                             const Origin& origin) {
  auto answer = at_the_door([&]() -> Expected<Authentication> {
    const std::string_view source = origin.source;
    // A name that is no account's may be a password typed too early: it is not told.
    const auto answered = [&](const Authentication& told, bool known, const char* reason) {
      auto event = parts_->event("authentication", told.code, known ? name : "");
      event.source = source;
      event.service = origin.service;
      event.tty = origin.tty;
      event.reason = reason;
      parts_->tell(event);
      return told;
    };
    // sshd sends control characters for users that it does not know: they cost what
    // a wrong password costs, and are nothing that could match.
    auto normalised = policy::normalise(password);
    const bool is_password = normalised.has_value();
    if (!is_password) normalised = Secret::copy_of("no password", 11);

    // Memory first: a lease that waits for it would outlive its time.
    std::optional<Arenas::Lent> arena;
    arena.emplace(*parts_->arenas, parts_->parameters.memory);
    auto attempts = parts_->attempts(name, source);
    switch (attempts.reserve()) {
      case AttemptCounter::Reservation::granted: break;
      case AttemptCounter::Reservation::blocked: {
        const bool known = parts_->store->begin(store::Access::read)->find(name).has_value();
        return answered({}, known, "waiting");
      }
      case AttemptCounter::Reservation::crowded:
        return fail(Code::unavailable,
                    "other attempts on this account did not end in time; try again");
    }
    // In the trail the record of the attempt comes with its outcome, in one transaction.
    const auto settle = [&](Outcome outcome, const Account* account, const Noted& noted,
                            const AttemptCounter::Label& label = {}) {
      RealmChange change(
          *parts_, outcome == Outcome::wrong ? store::Access::write : store::Access::write_behind,
          RealmChange::Journal::later);
      // Nothing is written about whom somebody erased meanwhile. The same look for all names.
      const bool there =
          change.transaction().find(account != nullptr ? account->row.id : Uuid{}).has_value();
      const bool erased = account != nullptr && !there;
      attempts.settle(change.transaction(), erased ? Outcome::withdrawn : outcome, label);
      Noted full = noted;
      if (there) full.account = account->row.id;
      full.actor.source = source;
      full.actor.service = origin.service;
      full.actor.tty = origin.tty;
      change.note(full, false);
      change.commit();
    };
    // From here on an exception leaves the lease behind, which counts as a failure.
    std::optional<Account> account;
    const auto verifier = parts_->verifier_of(name, account);
    const bool matched = is_the_password(*parts_, verifier, is_password ? password : *normalised,
                                         *normalised, *arena);
    const bool right = matched && account && is_password;
    arena.reset();  // what follows may hash again

    if (!right) {
      const auto label = [&](const store::Subject& subject) {
        const bool by_source = !source.empty() && subject == parts_->source_subject(source);
        const bool everywhere = subject == parts_->vault()->subject(name);
        return parts_->label(subject, account && !by_source ? name : "", everywhere ? "" : source);
      };
      settle(Outcome::wrong, account ? &*account : nullptr,
             {.event = audit::Event::refused, .outcome = Code::refused}, label);
      return answered({}, account.has_value(), "wrong");
    }
    Standing standing = parts_->standing(*account);
    if (standing.code == Code::locked) {
      settle(Outcome::withdrawn, &*account,
             {.event = audit::Event::refused,
              .detail = word(standing.reason),
              .outcome = Code::locked});
      return answered({standing.code, standing}, true, word(standing.reason));
    }
    settle(Outcome::right, &*account,
           {.event = audit::Event::authenticated, .outcome = standing.code});
    // First, so that the history knows the password when it is marked.
    const bool foreign = !account->credential.verifier.recipe.empty();
    if (foreign) bring_up_to_date(*parts_, *account, standing, *normalised);
    if (became_known(*parts_, *account, *normalised)) {
      parts_->mark_compromised(foreign ? parts_->find(name).value_or(*account) : *account,
                               "the breach corpus knows it", {"login"});
      standing.code = Code::must_change;
      standing.reason = Reason::compromised;
      standing.too_early = false;
    } else if (!foreign) {
      bring_up_to_date(*parts_, *account, standing, *normalised);
    }
    return answered({standing.code, standing}, true,
                    standing.reason == Reason::none ? "" : word(standing.reason));
  });
  if (!answer && answer.error().code == Code::integrity)
    note_tampering(*parts_, name, origin, answer.error());
  return answer;
}

Expected<Standing> Realm::standing(std::string_view name, Means means) {
  return at_the_door([&]() -> Expected<Standing> {
    const auto account = parts_->find(name);
    if (!account) {
      // Hosts ask after a wrong password, and whoever gave it sees how long that takes.
      parts_->open_in_vain(name);
      return fail(Code::not_found, "there is no such account");
    }
    return parts_->standing(*account, means);
  });
}

}  // namespace cred::engine
