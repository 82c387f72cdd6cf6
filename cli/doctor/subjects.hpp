// What is looked at, one function a subject. Nothing is changed.
#pragma once

#include "cli/doctor/finding.hpp"
#include "cli/doctor/surroundings.hpp"
#include "engine/configuration.hpp"
#include "vault/root_key.hpp"

#include <vector>

namespace cred::doctor {

// What every subject gets. The directories of the configuration are filled in.
struct Patient {
  const Surroundings& surroundings;
  const engine::Configuration& configuration;
  const vault::AskSecret& ask;

  // Of the store's file; empty where it lies in none.
  std::string store_path() const;
};

// The files of the configuration alone: they are looked at even if they cannot be read.
void look_at_configuration_files(const Surroundings& surroundings, Report& report);
// Store, journal, anchor, backups, the socket's directory, the programs.
void look_at_permissions(const Patient& patient, Report& report);
// The root key's file. False: there is no use in opening the store with it.
bool look_at_root_key(const Patient& patient, Report& report);
// What the configuration names beside: lists of words, the breach corpus.
void look_at_data(const Patient& patient, Report& report);
void look_at_hash(const Patient& patient, Report& report);
void look_at_space(const Patient& patient, Report& report);
// Of the last change in the store, where it opened.
void look_at_clock(const Patient& patient, std::optional<Time> newest, Report& report);
void look_at_backups(const Patient& patient, Report& report);
void look_at_service(const Patient& patient, Report& report);
void look_at_pam(const Surroundings& surroundings, Report& report);

struct StoreState {
  std::optional<Time> newest;  // the last change; unset where no realm opened
  bool key_is_good = true;     // as far as can be told
};
// The store with all realms, their anchors and journals.
StoreState look_at_store(const Patient& patient, bool key_is_good, std::vector<Finding>& findings);

}  // namespace cred::doctor
