#include "broker/authority.hpp"

#include "administration/people.hpp"
#include "engine/engine.hpp"

#include <algorithm>
#include <syslog.h>

namespace cred::broker {
namespace {

using administration::gid_of;
using administration::login_of;
using administration::uid_of;

constexpr uid_t nobody_named = 0xffffffff;

void grants_nothing(const char* kind, const std::string& name, const std::string& where) {
  syslog(LOG_ALERT, "there is no %s '%s', which %s in the configuration names", kind, name.c_str(),
         where.c_str());
}

// Calls `visit` with each group of the peer.
template <typename Visit>
void each_group(const Peer& peer, Visit visit) {
  visit(peer.gid);
  for (const gid_t group : peer.groups)
    if (group != peer.gid) visit(group);
}

bool administers(const Peer& peer, const std::string& realm, const Grants& grants) {
  bool found = false;
  each_group(peer, [&](gid_t group) {
    const auto realms = grants.administered.find(group);
    found |= realms != grants.administered.end() && realms->second.count(realm) > 0;
  });
  return found;
}

bool holds(const Peer& peer, const engine::Grant& grant) {
  if (!grant.holder.starts_with('@')) return uid_of(grant.holder) == peer.uid;
  const auto group = gid_of(grant.holder.substr(1));
  bool member = false;
  if (group) each_group(peer, [&](gid_t own) { member |= own == *group; });
  return member;
}

// Those whom root's programs act for are asked by what they hold themselves.
bool is_root(const Principal& principal, std::uint32_t real_uid) {
  return principal.peer.uid == 0 && acting_uid(principal, real_uid) == 0;
}

}  // namespace

Grants grants_of(const engine::Configuration& configuration) {
  Grants grants;
  for (const auto& [realm, access] : configuration.realm_access) {
    for (const std::string& group : access.administrators) {
      if (const auto gid = gid_of(group))
        grants.administered[*gid].insert(realm);
      else
        grants_nothing("group", group, "realm." + realm);
    }
    for (const std::string& user : access.services) {
      if (const auto uid = uid_of(user))
        grants.bound.emplace(*uid, realm);
      else
        grants_nothing("user", user, "realm." + realm);
    }
  }
  for (const auto& [holder, roles] : configuration.admins) {
    const bool group = holder.starts_with('@');
    const std::string name = group ? holder.substr(1) : holder;
    const auto id = group ? gid_of(name) : uid_of(name);
    if (!id)
      grants_nothing(group ? "group" : "user", name, "[admins]");
    else
      for (const auto& [realm, role] : roles)
        (group ? grants.groups[*id] : grants.users[*id])[realm].insert(role);
  }
  return grants;
}

uid_t acting_uid(const Principal& principal, std::uint32_t real_uid) {
  if (principal.peer.uid != 0) return principal.peer.uid;
  return principal.real ? *principal.real : real_uid;
}

std::string source_of(const Principal& principal, const wire::Request& request,
                      const Grants& grants) {
  const uid_t uid = acting_uid(principal, request.real_uid);
  const bool for_others = uid == 0 || uid == nobody_named || grants.bound.count(uid) > 0;
  if (for_others && !request.source.rhost.empty())
    return "host " + std::string(request.source.rhost);
  return "uid " + std::to_string(uid == nobody_named ? principal.peer.uid : uid);
}

std::string realm_of(const Principal& principal, const wire::Request& request,
                     const Grants& grants) {
  if (!request.realm.empty()) return std::string(request.realm);
  const auto own = grants.bound.find(principal.peer.uid);
  return own == grants.bound.end() ? std::string(engine::system_realm) : own->second;
}

bool may(const Principal& principal, const wire::Request& request, const Grants& grants) {
  // Whoever may say what a password is becomes that person.
  if (request.kind == wire::Kind::enrol) return is_root(principal, request.real_uid);
  const bool reset = request.kind == wire::Kind::reset;
  if (principal.peer.uid == 0) return !reset || acting_uid(principal, request.real_uid) == 0;
  const std::string realm = realm_of(principal, request, grants);
  const auto service = grants.bound.find(principal.peer.uid);
  if (service != grants.bound.end() && service->second == realm) return true;
  if (administers(principal.peer, realm, grants))
    return !reset || realm != engine::system_realm ||
           !stands_above(std::string(request.account), engine::Role::helpdesk, grants, {});
  return !reset && realm == engine::system_realm && !request.account.empty() &&
         login_of(principal.peer.uid) == request.account;
}

std::optional<Authority> authority_for(const Principal& principal, std::uint32_t real_uid,
                                       const std::string& realm, engine::Operation operation,
                                       const Grants& grants,
                                       const std::vector<engine::Grant>& granted) {
  if (is_root(principal, real_uid)) return Authority{engine::Role::owner, true, {}, {}};
  // A program of root that acts for somebody else, such as one that is setuid, does not
  // lend its caller anything.
  if (principal.peer.uid == 0) return std::nullopt;
  const Peer& peer = principal.peer;
  std::set<engine::Role> held;
  const auto take = [&](const auto& table, auto key) {
    const auto entry = table.find(key);
    if (entry == table.end()) return;
    const auto roles = entry->second.find(realm);
    if (roles != entry->second.end()) held.insert(roles->second.begin(), roles->second.end());
  };
  take(grants.users, peer.uid);
  each_group(peer, [&](gid_t group) { take(grants.groups, group); });
  if (administers(peer, realm, grants)) held.insert(engine::Role::helpdesk);
  for (const engine::Role role : held)
    if (engine::allows(role, operation)) return Authority{role, false, {}, {}};
  // The last to end: what is granted under it may last as long.
  std::optional<Authority> best;
  for (const auto& grant : granted)
    if (engine::allows(grant.role, operation) && holds(peer, grant) &&
        (!best || grant.until > *best->until))
      best = Authority{grant.role, false, grant.number, grant.until};
  return best;
}

bool stands_above(const std::string& account, engine::Role role, const Grants& grants,
                  const std::vector<engine::Grant>& granted) {
  const auto groups = administration::groups_of(account);
  const auto uid = uid_of(account);
  if (groups.empty() || !uid || role == engine::Role::owner) return false;
  if (*uid == 0) return true;
  const auto more = [&](engine::Role theirs) {
    const auto operations = engine::all_operations();
    return std::any_of(operations.begin(), operations.end(), [&](engine::Operation operation) {
      return engine::allows(theirs, operation) && !engine::allows(role, operation);
    });
  };
  const auto any = [&](const auto& table, auto key) {
    const auto entry = table.find(key);
    if (entry == table.end()) return false;
    for (const auto& [realm, roles] : entry->second)
      if (std::any_of(roles.begin(), roles.end(), more)) return true;
    return false;
  };
  if (any(grants.users, *uid)) return true;
  if (std::any_of(groups.begin(), groups.end(),
                  [&](gid_t group) { return any(grants.groups, group); }))
    return true;
  const Peer they{*uid, groups.front(), 0, groups};
  return std::any_of(granted.begin(), granted.end(), [&](const engine::Grant& grant) {
    return more(grant.role) && holds(they, grant);
  });
}

}  // namespace cred::broker
