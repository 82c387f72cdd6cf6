// The clock, the disks, the data of the policy and the hash: what the store relies on.

#include "cli/doctor/subjects.hpp"
#include "engine/units.hpp"
#include "policy/breach_corpus.hpp"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fcntl.h>
#include <set>
#include <unistd.h>

namespace cred::doctor {
namespace {

// Two machines that follow the same clock differ by less.
constexpr auto tolerance = std::chrono::seconds(10);
// Below it nothing can be written soon; a change takes some KiB.
constexpr std::uint64_t least_space = std::uint64_t{64} * 1024 * 1024;
constexpr std::uint64_t least_files = 100;

}  // namespace

void look_at_clock(const Patient& patient, std::optional<Time> newest, Report& report) {
  const Time now = patient.surroundings.clock->now();
  if (newest && *newest > now + tolerance) {
    report.error("the clock was set back: it says " + engine::print_time(now) +
                     ", and the store was changed at " + engine::print_time(*newest),
                 "timedatectl set-ntp true, or set the clock by hand");
    return;
  }
  const auto synchronised = patient.surroundings.synchronised();
  if (!synchronised)
    report.warning("it cannot be told whether the clock follows another one", "timedatectl status");
  else if (!*synchronised)
    report.warning("the clock follows no other one: passwords expire, and waits end, when it says",
                   "timedatectl set-ntp true, or start chronyd");
}

void look_at_space(const Patient& patient, Report& report) {
  const auto& configuration = patient.configuration;
  std::set<std::uint64_t> seen;
  const std::string store = patient.store_path();
  for (const std::string& directory :
       {store.substr(0, store.rfind('/')), configuration.journal_directory,
        configuration.anchor_directory, configuration.backup_directory}) {
    std::error_code ignored;
    if (directory.empty() || !std::filesystem::exists(directory, ignored)) continue;
    const auto space = patient.surroundings.space(directory);
    if (!space) {
      report.warning("the space at " + directory + " cannot be told", "df " + directory);
      continue;
    }
    if (!seen.insert(space->file_system).second) continue;
    if (space->free < least_space)
      report.error("the disk of " + directory + " has " +
                       std::to_string(space->free / 1024 / 1024) +
                       " MiB left: when it is full nobody can log in, since attempts are counted",
                   "df " + directory + "; make room, or give it a disk of its own");
    else if (space->files < least_files)
      report.error("the disk of " + directory + " has room for " + std::to_string(space->files) +
                       " more files",
                   "df -i " + directory + "; remove files");
  }
}

void look_at_data(const Patient& patient, Report& report) {
  std::set<std::string> lists;
  std::set<std::string> corpora;
  const auto take = [&](const engine::Configuration::Policy& policy) {
    lists.insert(policy.options.banned_lists.begin(), policy.options.banned_lists.end());
    if (!policy.options.breach.empty()) corpora.insert(policy.options.breach);
  };
  take(patient.configuration.policy);
  for (const auto& [realm, policy] : patient.configuration.realm_policies) take(policy);
  for (const std::string& list : lists)
    if (access(list.c_str(), R_OK) != 0)
      report.error("the list of banned words " + list + " cannot be read: " + std::strerror(errno) +
                       ". No password can be set",
                   "put it back, or take it out of banned_lists");
  for (const std::string& corpus : corpora)
    if (access(corpus.c_str(), R_OK) != 0)
      report.error("the corpus of known passwords " + corpus +
                       " cannot be read: " + std::strerror(errno) + ". No password can be set",
                   "credctl breach build LIST --output " + corpus);
}

void look_at_hash(const Patient& patient, Report& report) {
  const auto argon2 = patient.surroundings.argon2();
  if (!argon2) {
    report.error("Argon2id: " + argon2.error().message,
                 argon2.error().code == Code::configuration
                     ? "unset CRED_ARGON2"
                     : "reinstall libsodium and libargon2, and look at the memory (memtest)");
    return;
  }
  if (!argon2->fault.empty())
    report.warning(argon2->fault + "; " + argon2->name + " computes instead, and more slowly",
                   "look at the processor and its microcode, and report it");
  else if (patient.surroundings.argon2_named)
    report.warning("CRED_ARGON2 is set: " + argon2->name +
                       " computes Argon2id, whatever is fastest",
                   "unset CRED_ARGON2");
  const auto& configuration = patient.configuration;
  if (configuration.memory_budget < configuration.hash.memory)
    report.error("broker.memory_budget is smaller than hash.memory: a hash does not fit into it",
                 "credctl calibrate, or edit " + patient.surroundings.configuration);
}

}  // namespace cred::doctor
