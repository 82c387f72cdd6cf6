#include "policy/options.hpp"

#include <algorithm>

namespace cred::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

// SP 800-63B-4: §3.1.1.2 for the length, the blocklist and what must not be asked;
// §3.2.2 for the hundred failures.
Options nist() {
  Options o;
  o.preset = "nist-800-63b-4";
  o.min_length = 15;
  o.min_alphanumeric = o.min_upper = o.min_lower = o.min_digit = 0;
  o.min_changed = 0;
  o.family_names = false;
  o.history = 0;
  o.history_similar = false;
  o.match = Match::whole;
  o.max_age.reset();
  o.max_failures = 100;
  return o;
}

// PCI DSS 4.0.1, requirements 8.2.6 (idle), 8.3.4 (failures), 8.3.6 (strength),
// 8.3.7 (reuse) and 8.3.9 (age).
Options pci() {
  Options o;
  o.preset = "pci-dss-4";
  o.min_length = 12;
  o.min_alphanumeric = o.min_upper = o.min_lower = 0;
  o.min_letter = 1;
  o.history = 4;
  o.history_similar = false;
  o.family_names = false;
  o.max_idle = hours(24 * 90);
  o.max_failures = 10;
  o.lockout = minutes(30);
  return o;
}

// BSI IT-Grundschutz, ORP.4.A8, A22 and A23 (edition 2023).
Options bsi() {
  Options o;
  o.preset = "bsi-orp4";
  o.min_length = 12;
  o.min_alphanumeric = 0;
  o.max_age.reset();
  return o;
}

tl::unexpected<Error> contradiction(const std::string& what) {
  return fail(Code::configuration, "policy: " + what);
}

}  // namespace

const std::vector<std::string>& presets() {
  static const std::vector<std::string> names{"quarterly", "nist-800-63b-4", "pci-dss-4",
                                              "bsi-orp4"};
  return names;
}

Expected<Options> preset(const std::string& name) {
  if (name == "quarterly") return Options{};
  if (name == "nist-800-63b-4") return nist();
  if (name == "pci-dss-4") return pci();
  if (name == "bsi-orp4") return bsi();
  return fail(Code::configuration,
              "there is no policy preset '" + name +
                  "'; use 'quarterly', 'nist-800-63b-4', 'pci-dss-4' or 'bsi-orp4'");
}

Expected<void> consistent(const Options& o) {
  if (o.min_length > o.max_length) return contradiction("min_length is above max_length");
  if (o.min_alphanumeric > o.max_length)
    return contradiction("min_alphanumeric is above max_length");
  if (std::max(o.min_letter, o.min_upper + o.min_lower) + o.min_digit + o.min_symbol > o.max_length)
    return contradiction(
        "min_upper, min_lower (or min_letter), min_digit and min_symbol together are above "
        "max_length");
  if (o.max_repeat == 1)
    return contradiction(
        "max_repeat = 1 would refuse nearly every doubled "
        "letter; use 2 or more, or 0 for off");
  if (o.max_sequence == 1 || o.max_sequence == 2)
    return contradiction(
        "max_sequence below 3 would refuse ordinary words; use 3 or more, or 0 "
        "for off");
  if (o.max_age && o.min_age >= *o.max_age) return contradiction("min_age is not below max_age");
  if (o.max_age && o.warn > *o.max_age) return contradiction("warn is above max_age");
  if (o.each_quarter && o.min_age > hours(24 * 60))
    return contradiction("min_age above 60d leaves no time to change within a quarter");
  if (o.each_quarter && o.warn > hours(24 * 60))
    return contradiction("warn above 60d would warn nearly all the quarter");
  if (o.grace && !o.periodic()) return contradiction("grace needs a max_age to follow");
  if (o.history_similar && o.history == 0)
    return contradiction("history_similar = true needs a history, and history is 0; set both");
  if (o.lockout && o.max_failures == 0) return contradiction("lockout needs max_failures above 0");
  if (o.history == 0 && o.preset == "quarterly")
    return contradiction(
        "history = 0 contradicts the preset 'quarterly', whose rule 8 forbids every reuse");
  return {};
}

}  // namespace cred::policy
