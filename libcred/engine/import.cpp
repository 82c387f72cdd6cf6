// Accounts of another system: their hashes are wrapped, and the first right login replaces
// them (authenticate.cpp).

#include "engine/import.hpp"

#include "engine/realm_state.hpp"
#include "hash/foreign.hpp"

#include <algorithm>

namespace cred::engine {
namespace {

using Came = Imported::Outcome;

std::string_view text_of(const Wiped<char>& characters) {
  return {characters.data(), characters.size()};
}

Imported refused(std::string why) { return {.outcome = Came::refused, .why = std::move(why)}; }

// An account on its way: what it is stored with is made of `foreign` or is `native`.
struct Arrival {
  const ImportedAccount* account = nullptr;
  Imported result{};
  std::optional<hash::Verifier> native{};
  hash::Foreign foreign{};
  std::vector<hash::Foreign> earlier{};
};

hash::Verifier wrapped(const Realm::Parts& parts, const hash::Foreign& foreign) {
  Arenas::Lent arena(*parts.arenas, parts.parameters.memory);
  return value_or_throw(hash::wrap(foreign, parts.parameters, *arena));
}

void read_earlier(Arrival& arrival) {
  const auto& earlier = arrival.account->earlier;
  const std::size_t left =
      earlier.size() > most_imported_history ? earlier.size() - most_imported_history : 0;
  arrival.result.earlier_left = left;
  if (left > 0) arrival.result.earlier_why = "more than 24 earlier passwords are not taken";
  for (std::size_t i = left; i < earlier.size(); ++i) {
    auto foreign = hash::read_foreign(text_of(earlier[i]));
    if (foreign) {
      arrival.earlier.push_back(std::move(*foreign));
      continue;
    }
    ++arrival.result.earlier_left;
    arrival.result.earlier_why = foreign.error().message;
  }
}

// What can be said without the store and without a hash.
Arrival read(const hash::Parameters& usual, const ImportedAccount& account) {
  Arrival arrival{&account};
  if (auto named = check_name(account.name); !named) {
    arrival.result = refused(named.error().message);
    return arrival;
  }
  if (auto right = check_profile(account.profile); !right) {
    arrival.result = refused(right.error().message);
    return arrival;
  }
  arrival.result.outcome = Came::taken;
  if (account.notation == Notation::by_prefix)
    arrival.native = hash::native(text_of(account.hash), usual);
  if (!arrival.native) {
    auto foreign = account.notation == Notation::nt ? hash::read_nt_hash(text_of(account.hash))
                                                    : hash::read_foreign(text_of(account.hash));
    if (!foreign) {
      arrival.result = refused(foreign.error().message);
      return arrival;
    }
    arrival.foreign = std::move(*foreign);
  }
  arrival.result.scheme =
      arrival.native ? "argon2id" : std::string(hash::scheme_of(arrival.foreign.recipe));
  read_earlier(arrival);
  return arrival;
}

bool same_hash(const Realm::Parts& parts, const Arrival& arrival, const hash::Verifier& stored) {
  // It has logged in since, or was reset: what it came with is gone, as it should be.
  if (stored.recipe.empty())
    return !arrival.native ||
           (stored.salt == arrival.native->salt && stored.tag == arrival.native->tag);
  if (stored.recipe != arrival.foreign.recipe) return false;
  // Only without a salt can two recipes be equal that are of two passwords.
  if (hash::is_salted(stored.recipe)) return true;
  Arenas::Lent arena(*parts.arenas, stored.parameters.memory);
  return value_or_throw(hash::is_wrapping_of(stored, arrival.foreign, *arena));
}

Imported meet(const Realm::Parts& parts, const Arrival& arrival, const hash::Verifier& stored) {
  Imported result = arrival.result;
  if (same_hash(parts, arrival, stored)) {
    result.outcome = Came::there;
    return result;
  }
  result.outcome = Came::refused;
  result.why = "there is an account of that name with another password";
  return result;
}

History history_of(const Realm::Parts& parts, const Arrival& arrival) {
  History history;
  std::uint32_t number = 0;
  for (const auto& foreign : arrival.earlier) {
    const auto verifier = wrapped(parts, foreign);
    history.push_back(group_of(verifier, ++number));
  }
  // A wrapped one goes into the history when its owner has told it; this one is not asked for.
  if (arrival.native) history.push_back(group_of(*arrival.native, ++number));
  return history;
}

// Sealed, with everything that costs a hash done.
store::AccountRow row_of(const Realm::Parts& parts, const Arrival& arrival) {
  const ImportedAccount& account = *arrival.account;
  const Time now = parts.clock->now();
  Credential credential;
  credential.verifier = arrival.native ? *arrival.native : wrapped(parts, arrival.foreign);
  credential.set_at = std::min(account.set_at.value_or(now), now);
  credential.state = account.state;
  credential.demand = account.must_change ? Demand::forced : Demand::none;
  credential.set_by_owner = true;
  Profile profile = account.profile;
  profile.created_at = now;
  return sealed_row(*parts.vault(), new_account_id(), account.name, 1, encode(credential),
                    encode(profile), encode(history_of(parts, arrival)));
}

}  // namespace

HistoryGroup group_of(const hash::Verifier& verifier, std::uint32_t number) {
  HistoryGroup group;
  group.parameters = verifier.parameters;
  group.salt = verifier.salt;
  group.recipe = verifier.recipe;
  group.tags.push_back({number, false, verifier.tag});
  return group;
}

std::vector<Imported> judge_import(std::span<const ImportedAccount> accounts,
                                   const hash::Parameters& usual) {
  std::vector<Imported> results;
  for (const auto& account : accounts) results.push_back(read(usual, account).result);
  return results;
}

Expected<std::vector<Imported>> Realm::import_accounts(std::span<const ImportedAccount> accounts,
                                                       bool dry_run, const Actor& actor) {
  return at_the_door([&]() -> Expected<std::vector<Imported>> {
    if (accounts.size() > most_imported_at_once)
      return fail(Code::usage, "at most 64 accounts are imported at once");
    std::vector<Arrival> arrivals;
    std::vector<std::optional<hash::Verifier>> stored(accounts.size());
    for (const auto& account : accounts) arrivals.push_back(read(parts_->parameters, account));
    {
      RealmState state(*parts_, store::Access::read);
      state.must_be_in_use();
      for (std::size_t i = 0; i < arrivals.size(); ++i) {
        if (arrivals[i].result.outcome == Came::refused) continue;
        if (auto there = state.find(accounts[i].name))
          stored[i] = std::move(there->credential.verifier);
      }
    }
    // No transaction is open while Argon2 runs.
    std::vector<std::pair<std::size_t, store::AccountRow>> rows;
    for (std::size_t i = 0; i < arrivals.size(); ++i) {
      Arrival& arrival = arrivals[i];
      if (stored[i])
        arrival.result = meet(*parts_, arrival, *stored[i]);
      else if (arrival.result.outcome == Came::taken && !dry_run)
        rows.emplace_back(i, row_of(*parts_, arrival));
    }
    if (!rows.empty()) {
      RealmChange change(*parts_);
      change.must_be_in_use();
      bool changed = false;
      for (auto& [i, row] : rows) {
        const Uuid id = row.id;
        Imported& result = arrivals[i].result;
        if (!change.insert(std::move(row))) {
          result.outcome = Came::refused;
          result.why = "there is an account of that name";
          continue;
        }
        change.note({.event = audit::Event::imported,
                     .account = id,
                     .name = accounts[i].name,
                     .actor = actor,
                     .detail = result.scheme});
        changed = true;
      }
      if (changed) change.commit();
    }
    std::vector<Imported> results;
    for (auto& arrival : arrivals) results.push_back(std::move(arrival.result));
    return results;
  });
}

}  // namespace cred::engine
