// Passwords that are suspected to be known to others: of one account, of several, of all
// that were set before a moment; and what became of them.

#include "audit/timestamp.hpp"
#include "engine/realm_state.hpp"
#include "engine/trail_rows.hpp"
#include "engine/units.hpp"

#include <algorithm>
#include <map>

namespace cred::engine {
namespace {

// What rows of one change may come to: they are an entry of the journal together.
constexpr std::size_t most_bytes = std::size_t{14} * 1024 * 1024;
constexpr std::size_t bytes_of_record = 1024;

void seal_anew(RealmChange& change, const Account& account, const Credential& credential) {
  const store::AccountRow& row = account.row;
  auto next = sealed_row(change.vault(), row.id, row.name, row.generation + 1, encode(credential),
                         change.open_field(row, vault::Field::profile),
                         change.open_field(row, vault::Field::history));
  if (!change.replace(std::move(next), row.generation))
    throw Failure(Code::conflict, "an account was changed meanwhile; nothing was changed here");
}

// About what it adds to the change.
std::size_t bytes_of_mark(const store::AccountRow& row, const Suspicion& suspicion) {
  return row.credential.size() + row.profile.size() + row.history.size() + bytes_of_record +
         suspicion.reason.size();
}

void mark(RealmChange& change, const Account& account, const Suspicion& suspicion,
          const Actor& actor) {
  Credential next = account.credential;
  next.demand = Demand::compromised;
  ++next.session_epoch;
  if (suspicion.lock && next.state == State::active) next.state = State::locked;
  seal_anew(change, account, next);
  change.note({.event = audit::Event::compromised,
               .account = account.row.id,
               .name = account.row.name,
               .actor = actor,
               .detail = suspicion.reason});
}

}  // namespace

Expected<Marked> Realm::compromise_list(const std::vector<std::string>& names,
                                        const Suspicion& suspicion, bool skip_unknown,
                                        const Actor& actor) {
  return at_the_door([&]() -> Expected<Marked> {
    if (auto given = check_reason(suspicion.reason); !given)
      return tl::make_unexpected(given.error());
    RealmChange change(*parts_);
    change.must_be_in_use();
    Marked marked;
    std::vector<Account> accounts;
    std::size_t bytes = 0;
    for (const auto& name : names) {
      auto account = change.find(name);
      if (!account) {
        marked.unknown.push_back(name);
        continue;
      }
      bytes += bytes_of_mark(account->row, suspicion);
      if (bytes > most_bytes && !suspicion.dry_run)
        return fail(Code::usage, "one change cannot mark more than the first " +
                                     std::to_string(marked.accounts.size()) +
                                     " of these accounts; nothing was changed. Give them in parts");
      marked.accounts.push_back(name);
      accounts.push_back(std::move(*account));
    }
    const bool refused = !marked.unknown.empty() && !skip_unknown;
    if (suspicion.dry_run || refused || accounts.empty()) return marked;
    for (const Account& account : accounts) mark(change, account, suspicion, actor);
    change.commit();
    return marked;
  });
}

Expected<void> Realm::compromise(std::string_view name, const std::string& reason, bool lock,
                                 const Actor& actor) {
  const auto marked = compromise_list({std::string(name)}, {reason, lock}, false, actor);
  if (!marked) return tl::make_unexpected(marked.error());
  if (!marked->unknown.empty())
    return fail(Code::not_found, "there is no account '" + std::string(name) + "'");
  return {};
}

namespace {

// Whether `newer` marks and locks whatever `older` does.
bool covers(const Wave& newer, const Wave& older) {
  return newer.before >= older.before && (newer.lock || !older.lock);
}

// Errors: usage.
Expected<void> add(std::vector<Wave>& waves, const Wave& wave) {
  std::erase_if(waves, [&](const Wave& older) { return covers(wave, older); });
  // One that locks anew says more than an older one, however much that covers.
  if (!wave.lock &&
      std::any_of(waves.begin(), waves.end(), [&](const Wave& w) { return covers(w, wave); }))
    return {};
  if (waves.size() >= most_waves)
    return fail(Code::usage,
                "the realm has 16 such marks already; give a later moment, which covers "
                "earlier ones");
  waves.push_back(wave);
  return {};
}

constexpr std::string_view words_before_time = "set before ";

// What the trail says of a wave. The moment is the first that it does not mark.
std::string text_of(const Wave& wave, const std::string& reason) {
  return std::string(words_before_time) + audit::timestamp(wave.before + Duration(1)) +
         (wave.lock ? ", locked: " : ": ") + reason;
}

std::optional<Time> before_of(std::string_view detail) {
  constexpr std::size_t length = 24;
  if (!detail.starts_with(words_before_time)) return std::nullopt;
  const auto moment = parse_moment(detail.substr(words_before_time.size(), length), {});
  if (!moment) return std::nullopt;
  return *moment - Duration(1);
}

// What was set, or unlocked, while the clock was ahead: no mark that is set now covers it.
void mark_those_ahead(RealmChange& change, std::optional<Time> before, Time now,
                      const Suspicion& suspicion, const Actor& actor) {
  constexpr std::size_t page = 256;
  std::size_t bytes = 0;
  for (std::string after;;) {
    const auto rows = change.transaction().list(after, page);
    if (rows.empty()) return;
    after = rows.back().name;
    for (const auto& row : rows) {
      const Credential credential = change.opened(row).credential;
      const bool meant = !before || credential.set_at < *before;
      const bool ahead =
          credential.set_at > now || (suspicion.lock && credential.unlocked_at >= now);
      if (!meant || !ahead) continue;
      bytes += bytes_of_mark(row, suspicion);
      if (bytes > most_bytes)
        throw Failure(Code::usage,
                      "the clock was set back, and more passwords are dated after now than one "
                      "change can mark; nothing was changed. Mark these with --from, in parts");
      if (const auto account = change.find(row.name)) mark(change, *account, suspicion, actor);
    }
  }
}

}  // namespace

Expected<Marked> Realm::compromise_before(std::optional<Time> before, const Suspicion& suspicion,
                                          const Actor& actor) {
  return at_the_door([&]() -> Expected<Marked> {
    if (auto given = check_reason(suspicion.reason); !given)
      return tl::make_unexpected(given.error());
    if (before && *before > parts_->clock->now())
      return fail(Code::usage, "the moment is in the future; passwords are marked that were set");
    Marked marked;
    if (suspicion.dry_run) {
      constexpr std::size_t page = 256;
      RealmState state(*parts_, store::Access::read);
      state.must_be_in_use();
      for (std::string after;;) {
        auto rows = state.transaction().list(after, page);
        if (rows.empty()) return marked;
        after = rows.back().name;
        for (auto& row : rows)
          if (const auto account = state.opened(std::move(row));
              !before || account.credential.set_at < *before)
            marked.accounts.push_back(account.row.name);
      }
    }
    RealmChange change(*parts_);
    change.must_be_in_use();
    const Time now = parts_->clock->now();
    const Wave wave{before ? *before - Duration(1) : now, now, suspicion.lock};
    if (change.head().time > now) mark_those_ahead(change, before, now, suspicion, actor);
    if (auto added = add(change.head().waves, wave); !added)
      return tl::make_unexpected(added.error());
    ++change.head().session_epoch;
    change.note({.event = audit::Event::compromised,
                 .actor = actor,
                 .detail = text_of(wave, suspicion.reason)});
    change.commit();
    return marked;
  });
}

namespace {

// When something befell an account.
struct Setting {
  Time at{};
  bool by_owner = false;
};
struct Past {
  std::vector<Setting> settings;  // of passwords, in the order of the trail
  std::vector<Time> marks;        // of the account alone
};

struct Trail {
  std::map<Uuid, Past> accounts;
  std::vector<Wave> waves;
};

Trail past_of(RealmState& state) {
  Trail trail;
  trail.waves = state.head().waves;
  each_row(state.transaction(), state.head().audit_pruned, [&](const store::AuditRow& row) {
    const auto record = value_or_throw(audit::decode(row.record));
    using audit::Event;
    if (record.event == Event::compromised && record.account == Uuid{} && !row.body.empty()) {
      // One that a newer wave covers is in the head no more.
      const Secret opened =
          value_or_throw(state.vault().open(place_of_body(row.number, row.account), row.body));
      const auto body = value_or_throw(audit::decode_body(opened.bytes()));
      if (const auto before = before_of(body.detail))
        trail.waves.push_back({*before, record.time, false});
    } else if (record.event == Event::compromised) {
      trail.accounts[record.account].marks.push_back(record.time);
    } else if (record.event == Event::enrolled || record.event == Event::changed ||
               record.event == Event::reset) {
      trail.accounts[record.account].settings.push_back(
          {record.time, record.event == Event::changed});
    }
    return true;
  });
  return trail;
}

// Whether the password that the account had then was set before the wave's moment. What the
// trail has no record of any more was set long ago.
bool hit(const Wave& wave, const Past& past, const Account& account, Time created) {
  if (created > wave.at) return false;
  std::optional<Time> set;
  for (const Setting& setting : past.settings)
    if (setting.at <= wave.at) set = setting.at;
  if (account.credential.set_at <= wave.at) set = account.credential.set_at;
  return !set || *set <= wave.before;
}

// Nothing: it was not marked since then.
std::optional<Aftermath> aftermath(const Trail& trail, const Account& account, Time created,
                                   std::optional<Time> since) {
  static const Past none;
  const auto found = trail.accounts.find(account.row.id);
  const Past& past = found != trail.accounts.end() ? found->second : none;
  std::optional<Time> marked;
  const auto mark = [&](Time at) {
    if ((!since || at >= *since) && (!marked || at > *marked)) marked = at;
  };
  for (const Time at : past.marks) mark(at);
  for (const Wave& wave : trail.waves)
    if (hit(wave, past, account, created)) mark(wave.at);
  const bool known_by_itself = account.compromised() && !since;
  if (!marked && !known_by_itself) return std::nullopt;
  Aftermath after;
  after.account = account.row.name;
  after.marked = marked;
  after.locked = account.state() == State::locked;
  if (account.compromised() || !marked) return after;
  for (const Setting& setting : past.settings) {
    if (setting.at <= *marked) continue;
    after.changed = setting.at;
    after.by_owner = setting.by_owner;
    return after;
  }
  after.changed = account.credential.set_at;
  after.by_owner = account.credential.set_by_owner;
  return after;
}

}  // namespace

Expected<std::vector<Aftermath>> Realm::compromised(std::optional<Time> since) {
  constexpr std::size_t page = 256;
  return at_the_door([&]() -> Expected<std::vector<Aftermath>> {
    RealmState state(*parts_, store::Access::read);
    const Trail trail = past_of(state);
    std::vector<Aftermath> all;
    for (std::string name;;) {
      auto rows = state.transaction().list(name, page);
      if (rows.empty()) return all;
      name = rows.back().name;
      for (auto& row : rows) {
        const Account account = state.opened(std::move(row));
        const Time created = state.profile(account).created_at;
        if (auto one = aftermath(trail, account, created, since)) all.push_back(std::move(*one));
      }
    }
  });
}

}  // namespace cred::engine
