// Who may do what: decided by the kernel's word on the caller.
#pragma once

#include "broker/peer.hpp"
#include "engine/configuration.hpp"
#include "engine/grants.hpp"
#include "wire/message.hpp"

#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace cred::broker {

struct Principal {
  Peer peer;  // the effective uid, and groups
  // The real uid, where the kernel tells it too: of the process that started
  // `credd --stdio`. Else a caller that runs as root states it.
  std::optional<uid_t> real{};
};

// What the configuration grants to others than root.
struct Grants {
  std::map<gid_t, std::set<std::string>> administered;  // realms, by their members' group
  std::map<uid_t, std::string> bound;                   // a service's realm
  // Roles by realm, of [admins].
  using Roles = std::map<std::string, std::set<engine::Role>>;
  std::map<uid_t, Roles> users;
  std::map<gid_t, Roles> groups;
};

// Looks the names of users and groups up. One that there is not grants nothing, and is
// logged.
Grants grants_of(const engine::Configuration& configuration);

// The one who acts: of effective and real uid the one that is not root.
uid_t acting_uid(const Principal& principal, std::uint32_t real_uid);

// Where an attempt comes from, for counting and for turns: the person's uid; for
// programs that act for nobody else, such as sshd, and for services the host that they
// name.
std::string source_of(const Principal& principal, const wire::Request& request,
                      const Grants& grants);

// The realm that is asked about: the one that is named, or the caller's own.
std::string realm_of(const Principal& principal, const wire::Request& request,
                     const Grants& grants);

// Root's programs ask about everybody, but only root in person resets, or enrols. A service asks
// about its realm, a member of an administrators' group about the group's realms.
// Everybody else asks about, and changes, their own account in realm `system`.
bool may(const Principal& principal, const wire::Request& request, const Grants& grants);

// By what right somebody administers.
struct Authority {
  engine::Role role{};
  bool root = false;                   // in person
  std::optional<std::uint64_t> grant;  // its number, where the role is held by one
  std::optional<Time> until;           // its end
};

// The first role that allows it: of the configuration, then of `granted`, the grants of the
// realm in force. Root in person is an owner. Members of a group of `administrators` have
// role helpdesk. Unset: it is not allowed.
std::optional<Authority> authority_for(const Principal& principal, std::uint32_t real_uid,
                                       const std::string& realm, engine::Operation operation,
                                       const Grants& grants,
                                       const std::vector<engine::Grant>& granted);

// Whether `account` of realm `system` is the login of root, or of somebody who may do in any
// realm what `role` does not allow: whoever sets such a password could become that person.
// `granted`: the grants of all realms in force.
bool stands_above(const std::string& account, engine::Role role, const Grants& grants,
                  const std::vector<engine::Grant>& granted);

}  // namespace cred::broker
