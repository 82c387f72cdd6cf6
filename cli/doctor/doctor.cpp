#include "cli/doctor/doctor.hpp"

#include "cli/doctor/subjects.hpp"

#include <algorithm>

namespace cred::doctor {

std::string Patient::store_path() const {
  constexpr std::string_view scheme = "sqlite:";
  const std::string& url = configuration.store_url;
  return url.starts_with(scheme) ? url.substr(scheme.size()) : "";
}

std::vector<Finding> examine(const Surroundings& surroundings,
                             const Expected<engine::Configuration>& configuration,
                             const vault::AskSecret& ask) {
  std::vector<Finding> findings;
  const auto report = [&](const char* check) { return Report(findings, check); };
  Report configured = report("configuration");
  look_at_configuration_files(surroundings, configured);
  if (configuration) {
    engine::Configuration whole = *configuration;
    whole.fill_in_directories();
    // The doctor takes no older store for the one that is wanted.
    whole.accept_rollbacks = false;
    const Patient patient{surroundings, whole, ask};
    Report permissions = report("permissions");
    look_at_permissions(patient, permissions);
    Report keys = report("keys");
    const bool key_is_good = look_at_root_key(patient, keys);
    const StoreState store = look_at_store(patient, key_is_good, findings);
    Report clock = report("clock");
    look_at_clock(patient, store.newest, clock);
    Report backup = report("backup");
    if (store.key_is_good) look_at_backups(patient, backup);
    Report disk = report("disk");
    look_at_space(patient, disk);
    Report data = report("data");
    look_at_data(patient, data);
    Report service = report("service");
    look_at_service(patient, service);
    Report hash = report("hash");
    look_at_hash(patient, hash);
  } else {
    configured.error(configuration.error().message +
                         ". Store, keys, backups and credd were not looked at",
                     "edit " + surroundings.configuration + " (cred.conf(5))");
  }
  Report pam = report("pam");
  look_at_pam(surroundings, pam);
  return findings;
}

Code conclusion(const std::vector<Finding>& findings) {
  Code worst = Code::accepted;
  for (const Finding& finding : findings)
    if (finding.severity != Severity::note) worst = std::max(worst, finding.code);
  return worst;
}

}  // namespace cred::doctor
