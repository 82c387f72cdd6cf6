#include "policy/clauses.hpp"

#include <algorithm>
#include <array>

namespace cred::policy {
namespace {

using std::chrono::hours;
using std::chrono::minutes;

constexpr hours day(24);

struct Clause {
  const char* preset;
  const char* option;
  const char* name;
  const char* says;
  bool (*kept)(const Options&);
};

constexpr const char* nist_passwords = "SP 800-63B-4 §3.1.1.2";
constexpr const char* no_composition =
    "says verifiers shall not impose composition rules on passwords";

constexpr std::array clauses{
    Clause{
        "quarterly", "max_age", "rule 1", "asks for a change at least each quarter",
        [](const Options& o) { return o.each_quarter || (o.max_age && *o.max_age <= day * 92); }},
    Clause{"quarterly", "min_alphanumeric", "rule 6", "asks for at least eight letters and digits",
           [](const Options& o) { return o.min_alphanumeric >= 8; }},
    Clause{"quarterly", "min_upper", "rule 7", "asks for an upper-case letter",
           [](const Options& o) { return o.min_upper >= 1; }},
    Clause{"quarterly", "min_lower", "rule 7", "asks for a lower-case letter",
           [](const Options& o) { return o.min_lower >= 1; }},
    Clause{"quarterly", "history", "rule 8", "forbids the reuse of every earlier password",
           [](const Options& o) { return o.history == all_earlier; }},
    Clause{"quarterly", "history_similar", "rule 8", "forbids near copies of earlier passwords",
           [](const Options& o) { return o.history_similar; }},
    Clause{"quarterly", "personal", "rule 9", "forbids passwords based on personal data",
           [](const Options& o) { return o.personal; }},
    Clause{"quarterly", "family_names", "rule 9", "forbids passwords based on family names",
           [](const Options& o) { return o.family_names; }},
    Clause{"quarterly", "match", "rule 9",
           "forbids passwords based on such words, not only those that are one",
           [](const Options& o) { return o.match == Match::core; }},

    Clause{"nist-800-63b-4", "min_length", nist_passwords,
           "says a password that is the only factor shall have at least 15 characters",
           [](const Options& o) { return o.min_length >= 15; }},
    Clause{"nist-800-63b-4", "max_length", nist_passwords,
           "says at least 64 characters should be permitted",
           [](const Options& o) { return o.max_length >= 64; }},
    Clause{"nist-800-63b-4", "min_alphanumeric", nist_passwords, no_composition,
           [](const Options& o) { return o.min_alphanumeric == 0; }},
    Clause{"nist-800-63b-4", "min_letter", nist_passwords, no_composition,
           [](const Options& o) { return o.min_letter == 0; }},
    Clause{"nist-800-63b-4", "min_upper", nist_passwords, no_composition,
           [](const Options& o) { return o.min_upper == 0; }},
    Clause{"nist-800-63b-4", "min_lower", nist_passwords, no_composition,
           [](const Options& o) { return o.min_lower == 0; }},
    Clause{"nist-800-63b-4", "min_digit", nist_passwords, no_composition,
           [](const Options& o) { return o.min_digit == 0; }},
    Clause{"nist-800-63b-4", "min_symbol", nist_passwords, no_composition,
           [](const Options& o) { return o.min_symbol == 0; }},
    Clause{"nist-800-63b-4", "max_repeat", nist_passwords, no_composition,
           [](const Options& o) { return o.max_repeat == 0; }},
    Clause{"nist-800-63b-4", "max_sequence", nist_passwords, no_composition,
           [](const Options& o) { return o.max_sequence == 0; }},
    Clause{"nist-800-63b-4", "match", nist_passwords,
           "says the entire password shall be compared with the blocklist, not parts of it",
           [](const Options& o) { return o.match == Match::whole; }},
    Clause{"nist-800-63b-4", "max_age", nist_passwords,
           "says verifiers shall not require periodic change",
           [](const Options& o) { return !o.periodic(); }},
    Clause{"nist-800-63b-4", "max_failures", "SP 800-63B-4 §3.2.2",
           "says no more than 100 failures in a row shall be allowed",
           [](const Options& o) { return o.max_failures >= 1 && o.max_failures <= 100; }},

    Clause{"pci-dss-4", "min_length", "PCI DSS 8.3.6", "asks for at least 12 characters",
           [](const Options& o) { return o.min_length >= 12; }},
    Clause{"pci-dss-4", "min_letter", "PCI DSS 8.3.6", "asks for alphabetic characters",
           [](const Options& o) { return o.min_letter + o.min_upper + o.min_lower >= 1; }},
    Clause{"pci-dss-4", "min_digit", "PCI DSS 8.3.6", "asks for numeric characters",
           [](const Options& o) { return o.min_digit >= 1; }},
    Clause{"pci-dss-4", "history", "PCI DSS 8.3.7", "forbids the last four passwords",
           [](const Options& o) { return o.history >= 4; }},
    Clause{"pci-dss-4", "max_age", "PCI DSS 8.3.9",
           "asks for a change at least every 90 days where the password is the only factor",
           [](const Options& o) { return o.max_age && *o.max_age <= day * 90; }},
    Clause{"pci-dss-4", "max_failures", "PCI DSS 8.3.4",
           "asks for a lockout after at most 10 failures",
           [](const Options& o) { return o.max_failures >= 1 && o.max_failures <= 10; }},
    Clause{"pci-dss-4", "lockout", "PCI DSS 8.3.4", "asks for a lockout of at least 30 minutes",
           [](const Options& o) {
             return o.max_failures >= 1 && (!o.lockout || *o.lockout >= minutes(30));
           }},
    Clause{"pci-dss-4", "max_idle", "PCI DSS 8.2.6",
           "asks that accounts unused for 90 days are disabled",
           [](const Options& o) { return o.max_idle && *o.max_idle <= day * 90; }},

    Clause{"bsi-orp4", "min_length", "ORP.4.A22",
           "asks for passwords that are not easy to guess; "
           "below 8 characters none is",
           [](const Options& o) { return o.min_length >= 8; }},
    Clause{"bsi-orp4", "personal", "ORP.4.A8", "forbids passwords that are easy to guess",
           [](const Options& o) { return o.personal; }},
    Clause{"bsi-orp4", "family_names", "ORP.4.A8", "forbids passwords that are easy to guess",
           [](const Options& o) { return o.family_names; }},
    Clause{"bsi-orp4", "match", "ORP.4.A8", "forbids passwords that are easy to guess",
           [](const Options& o) { return o.match == Match::core; }},
    Clause{"bsi-orp4", "max_age", "ORP.4.A23",
           "says that a change should be asked for with cause, not by the calendar",
           [](const Options& o) { return !o.periodic(); }},
};

// What an option serves beyond the clauses that can be departed from.
struct Service {
  const char* preset;
  const char* option;
  const char* clause;
};
constexpr std::array services{
    Service{"quarterly", "min_length", "rule 6"},
    Service{"quarterly", "min_digit", "rule 6"},
    Service{"quarterly", "min_changed", "rule 8"},
    Service{"quarterly", "banned_words", "rule 9"},
    Service{"quarterly", "banned_lists", "rule 9"},
    Service{"quarterly", "breach", "rule 4"},
    Service{"quarterly", "warn", "rule 1"},
    Service{"quarterly", "grace", "rule 1"},
    Service{"quarterly", "expiry_stops_all", "rule 1"},
    Service{"nist-800-63b-4", "banned_words", nist_passwords},
    Service{"nist-800-63b-4", "banned_lists", nist_passwords},
    Service{"nist-800-63b-4", "breach", nist_passwords},
    Service{"nist-800-63b-4", "lockout", "SP 800-63B-4 §3.2.2"},
    Service{"pci-dss-4", "warn", "PCI DSS 8.3.9"},
    Service{"bsi-orp4", "banned_words", "ORP.4.A8"},
    Service{"bsi-orp4", "banned_lists", "ORP.4.A8"},
    Service{"bsi-orp4", "breach", "ORP.4.A23"},
};

}  // namespace

std::string clause(const std::string& preset, const std::string& option) {
  const auto of = [&](const auto& entry) {
    return entry.preset == preset && entry.option == option;
  };
  if (const auto found = std::find_if(clauses.begin(), clauses.end(), of); found != clauses.end())
    return found->name;
  const auto found = std::find_if(services.begin(), services.end(), of);
  return found == services.end() ? "" : found->clause;
}

Expected<std::vector<Departure>> departures(const Options& effective, const std::string& name) {
  if (const auto known = preset(name); !known) return tl::make_unexpected(known.error());
  std::vector<Departure> found;
  for (const Clause& c : clauses)
    if (c.preset == name && !c.kept(effective)) found.push_back({c.option, c.name, c.says});
  return found;
}

}  // namespace cred::policy
