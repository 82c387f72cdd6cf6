// cred.conf: TOML, every key with a default. cred.conf(5) describes each.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "engine/roles.hpp"
#include "hash/parameters.hpp"
#include "policy/options.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cred::engine {

struct AttemptLimits {
  std::uint32_t threshold = 5;                // failures before the first delay
  Duration delay = std::chrono::seconds(30);  // doubles with every further failure
  Duration longest_delay = std::chrono::hours(1);
  Duration lease = std::chrono::seconds(20);      // how long an attempt may stay open
  Duration patience = std::chrono::seconds(120);  // how long one waits for others' outcomes
  // From the realm's policy: the failures after which nothing is looked at for
  // `lockout`, or until an administrator forgets them. 0: off.
  std::uint32_t max_failures = 0;
  std::optional<Duration> lockout;
};

// Where each option of a policy was set: "file:line". What is missing came from the
// preset.
using Origins = std::map<std::string, std::string>;

struct Configuration {
  std::string store_url;
  std::string root_key_url;
  // Of the store's journal, anchor and backups, each in a directory of its own; empty in a
  // configuration that was read: beside the store.
  std::string journal_directory;
  std::string anchor_directory;
  std::string backup_directory;
  Duration backup_retention = std::chrono::days(7);
  // How long a retired data key is kept: a backup may be as old as the retention, and the
  // one before it is kept.
  Duration retired_key_retention() const { return 2 * backup_retention; }
  Duration audit_retention = std::chrono::days(400);
  bool accept_rollbacks = false;  // reported, and used all the same
  hash::Parameters hash;
  AttemptLimits attempts;
  std::string broker_socket;
  std::uint32_t memory_budget = 256 * 1024;  // KiB for the hashes of a service at once
  struct Policy {
    policy::Options options;
    Origins origins;
  };
  Policy policy;
  std::map<std::string, Policy> realm_policies;
  // Who may ask credd about a realm without being root.
  struct Access {
    std::vector<std::string> administrators;  // groups, whose members have role helpdesk in it
    std::vector<std::string> services;        // users, whose programs serve it alone
  };
  std::map<std::string, Access> realm_access;
  // Roles by realm, of users and of groups, which have an '@' before their names.
  std::map<std::string, std::map<std::string, Role>> admins;

  Configuration();
  // Where nothing else was said: directories beside the store.
  void fill_in_directories();
  const Policy& policy_of(std::string_view realm) const;
};

// Reads `path` and then `path`.d/*.conf in the order of their names. An empty
// `path` means the built-in one, which may be missing: then everything has its
// default. Errors: configuration, with file, line and the nearest right name.
Expected<Configuration> load_configuration(const std::string& path);

// Reads one file's text; `origin` names it in errors.
Expected<void> apply_configuration(std::string_view text, const std::string& origin,
                                   Configuration& configuration);

}  // namespace cred::engine
