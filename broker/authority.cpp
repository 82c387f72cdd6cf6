#include "broker/authority.hpp"

#include "engine/engine.hpp"

#include <cerrno>
#include <charconv>
#include <grp.h>
#include <pwd.h>
#include <syslog.h>
#include <vector>

namespace cred::broker {
namespace {

constexpr uid_t nobody_named = 0xffffffff;

// getpwuid_r and its like: `look_up` gets a buffer, which grows as long as it is too
// small.
template <typename LookUp>
void with_buffer(LookUp look_up) {
  std::vector<char> buffer(4096);
  while (look_up(buffer) == ERANGE && buffer.size() < std::size_t{1} << 20)
    buffer.resize(buffer.size() * 2);
}

bool is_login_of(std::string_view account, uid_t uid) {
  bool same = false;
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result = getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found);
    same = found != nullptr && account == found->pw_name;
    return result;
  });
  return same;
}

std::optional<unsigned> number(const std::string& text) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<uid_t> uid_of(const std::string& user) {
  std::optional<uid_t> uid = number(user);
  with_buffer([&](std::vector<char>& buffer) {
    passwd entry{};
    passwd* found = nullptr;
    const int result = getpwnam_r(user.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) uid = found->pw_uid;
    return result;
  });
  return uid;
}

std::optional<gid_t> gid_of(const std::string& name) {
  std::optional<gid_t> gid = number(name);
  with_buffer([&](std::vector<char>& buffer) {
    group entry{};
    group* found = nullptr;
    const int result = getgrnam_r(name.c_str(), &entry, buffer.data(), buffer.size(), &found);
    if (found != nullptr) gid = found->gr_gid;
    return result;
  });
  return gid;
}

void grants_nothing(const char* kind, const std::string& name, const std::string& realm) {
  syslog(LOG_ALERT, "there is no %s '%s', which the configuration of realm %s names", kind,
         name.c_str(), realm.c_str());
}

bool administers(const Peer& peer, const std::string& realm, const Grants& grants) {
  const auto granted = [&](gid_t group) {
    const auto realms = grants.administered.find(group);
    return realms != grants.administered.end() && realms->second.count(realm) > 0;
  };
  if (granted(peer.gid)) return true;
  for (const gid_t group : peer.groups)
    if (granted(group)) return true;
  return false;
}

}  // namespace

Grants grants_of(const engine::Configuration& configuration) {
  Grants grants;
  for (const auto& [realm, access] : configuration.realm_access) {
    for (const std::string& group : access.administrators) {
      if (const auto gid = gid_of(group))
        grants.administered[*gid].insert(realm);
      else
        grants_nothing("group", group, realm);
    }
    for (const std::string& user : access.services) {
      if (const auto uid = uid_of(user))
        grants.bound.emplace(*uid, realm);
      else
        grants_nothing("user", user, realm);
    }
  }
  return grants;
}

uid_t acting_uid(const Principal& principal, const wire::Request& request) {
  if (principal.peer.uid != 0) return principal.peer.uid;
  return principal.real ? *principal.real : request.real_uid;
}

std::string source_of(const Principal& principal, const wire::Request& request,
                      const Grants& grants) {
  const uid_t uid = acting_uid(principal, request);
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
  const bool reset = request.kind == wire::Kind::reset;
  if (principal.peer.uid == 0) return !reset || acting_uid(principal, request) == 0;
  const std::string realm = realm_of(principal, request, grants);
  const auto service = grants.bound.find(principal.peer.uid);
  if (service != grants.bound.end() && service->second == realm) return true;
  if (administers(principal.peer, realm, grants)) return true;
  return !reset && realm == engine::system_realm &&
         is_login_of(request.account, principal.peer.uid);
}

}  // namespace cred::broker
