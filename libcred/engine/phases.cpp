// The phases of a realm: in use, in grace, suspended, to be erased.

#include "engine/engine_shared.hpp"
#include "engine/realm_state.hpp"
#include "engine/store_check.hpp"
#include "engine/units.hpp"

#include <algorithm>
#include <filesystem>

namespace cred::engine {
namespace {

using days = std::chrono::days;
constexpr auto grace = days(30);
constexpr auto kept_suspended = days(30);

Expected<void> must_not_be_the_login_stack(std::string_view realm) {
  if (realm != system_realm) return {};
  return fail(Code::conflict, "realm system is the login stack's: nobody could log in any more");
}

}  // namespace

const char* word(Phase phase) noexcept {
  switch (phase) {
    case Phase::active: return "active";
    case Phase::grace: return "grace";
    case Phase::suspended: return "suspended";
    case Phase::due: return "to be erased";
  }
  return "active";
}

Dated phase_of(const Head& head, Time now) {
  if (head.suspended) return {Phase::suspended, std::nullopt};
  if (!head.expires || now < *head.expires) return {Phase::active, head.expires};
  const Time graced = *head.expires + (head.trial ? days(0) : grace);
  if (now < graced) return {Phase::grace, graced};
  const Time end = graced + kept_suspended;
  return now < end ? Dated{Phase::suspended, end} : Dated{Phase::due, std::nullopt};
}

Expected<RealmStatus> Realm::realm_status() {
  return at_the_door([&]() -> Expected<RealmStatus> {
    const RealmState state(*parts_, store::Access::read);
    const Head& head = state.head();
    const auto dated = phase_of(head, parts_->clock->now());
    return RealmStatus{head.realm,
                       parts_->store->row().id,
                       dated.phase,
                       dated.until,
                       head.trial,
                       head.suspended.has_value(),
                       head.accounts,
                       head.tombstones,
                       head.number,
                       head.time,
                       head.audit_number - head.audit_pruned};
  });
}

Expected<void> Realm::suspend(const std::string& reason, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    if (auto given = check_reason(reason); !given) return given;
    if (auto other = must_not_be_the_login_stack(name()); !other) return other;
    RealmChange change(*parts_);
    if (change.head().suspended)
      return fail(Code::conflict, "realm " + name() + " is suspended already");
    change.head().suspended = parts_->clock->now();
    change.note({.event = audit::Event::realm_suspended, .actor = actor, .detail = reason});
    change.commit();
    return {};
  });
}

Expected<void> Realm::resume(const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    RealmChange change(*parts_);
    if (!change.head().suspended && !change.head().expires)
      return fail(Code::conflict, "realm " + name() + " is neither suspended nor expired");
    change.head().suspended.reset();
    change.head().expires.reset();
    change.head().trial = false;
    change.note({.event = audit::Event::realm_resumed, .actor = actor});
    change.commit();
    return {};
  });
}

Expected<void> Realm::expire_realm(Time when, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    if (auto other = must_not_be_the_login_stack(name()); !other) return other;
    RealmChange change(*parts_);
    change.head().expires = when;
    change.note({.event = audit::Event::realm_expired,
                 .actor = actor,
                 .detail = "from " + print_time(when) + " on"});
    change.commit();
    return {};
  });
}

void Engine::Shared::bury_earlier_realms(const Realm::Parts& system) const {
  if (RealmState(system, store::Access::read).head().oldest_key != 0) return;
  const auto rows = store->erased_realms();
  RealmChange change(system);
  if (change.head().oldest_key != 0) return;  // another process was faster
  const auto tombstones = change.transaction().tombstones();
  for (const auto& row : vouched_for(rows, tombstones).forged) change.bury(row);
  // Without any, too: from now on no row counts without a tombstone.
  change.commit();
}

void Engine::Shared::remove_files_of(const Uuid& erased_realm) const {
  for (const std::string& directory :
       {configuration.journal_directory, configuration.anchor_directory}) {
    std::error_code error;
    std::filesystem::remove_all(directory + "/" + to_string(erased_realm), error);
    if (error)
      throw Failure(Code::unavailable, "the realm is erased, but not its files in " + directory +
                                           ": " + error.message() +
                                           "; credctl maintain tries again");
  }
}

Expected<void> Engine::erase_realm(std::string_view name, const Actor& actor) {
  return at_the_door([&]() -> Expected<void> {
    if (auto other = must_not_be_the_login_stack(name); !other) return other;
    const auto row = shared_->store->realm(name);
    if (!row) return fail(Code::not_found, "there is no realm '" + std::string(name) + "'");
    const Uuid id = row->row().id;
    auto system = realm(system_realm);
    if (!system) return tl::make_unexpected(system.error());
    {
      // First in the trail and the journal that stay, by id, for names of tenants go with
      // them: killed after the rows are gone, it could not be told any more.
      RealmChange change(*system->parts_);
      change.note({.event = audit::Event::realm_erased,
                   .actor = actor,
                   .detail = "the realm with the id " + to_string(id)});
      change.also(ErasedRealm{id, shared_->clock->now()});
      // An erasure that was killed has made it already.
      const auto tombstones = change.transaction().tombstones();
      if (std::ranges::none_of(tombstones, [&](const auto& t) { return t.account == id; }))
        change.bury(id);
      change.commit();
    }
    shared_->store->erase_realm(id, shared_->clock->now());
    {
      const std::lock_guard lock(shared_->mutex);
      shared_->keys.erase(id);
    }
    shared_->remove_files_of(id);
    shared_->store->scrub();
    return {};
  });
}

}  // namespace cred::engine
