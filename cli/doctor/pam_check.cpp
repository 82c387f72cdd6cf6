#include "cli/doctor/pam_check.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

namespace cred::doctor {
namespace {

constexpr std::string_view ours = "pam_cred";
constexpr std::string_view unix_module = "pam_unix";

// Modules that let somebody in by themselves. To a stranger they say no.
constexpr std::array<std::string_view, 26> authenticators{"pam_rootok",
                                                          "pam_sss",
                                                          "pam_ldap",
                                                          "pam_krb5",
                                                          "pam_winbind",
                                                          "pam_u2f",
                                                          "pam_google_authenticator",
                                                          "pam_oath",
                                                          "pam_fprintd",
                                                          "pam_yubico",
                                                          "pam_systemd_home",
                                                          "pam_userdb",
                                                          "pam_radius_auth",
                                                          "pam_tacplus",
                                                          "pam_kanidm",
                                                          "pam_himmelblau",
                                                          "pam_duo",
                                                          "pam_pkcs11",
                                                          "pam_p11",
                                                          "pam_ssh_agent_auth",
                                                          "pam_rhosts",
                                                          "pam_timestamp",
                                                          "pam_mysql",
                                                          "pam_pgsql",
                                                          "pam_unix2",
                                                          "pam_authd"};
// Modules that ask for the new password, so that those behind them need use_authtok.
constexpr std::array<std::string_view, 4> askers{"pam_pwquality", "pam_cracklib", "pam_passwdqc",
                                                 "pam_pwhistory"};

template <std::size_t size>
bool among(const std::array<std::string_view, size>& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

// How the two modules that know passwords answer in the case that is tried.
struct Case {
  Answer cred;
  Answer unix_answer;
  bool root = false;  // whom a stack may lead past ours
};

bool is_for_root(const PamLine& line) {
  return line.name() == "pam_succeed_if" && line.has("uid") && line.has("=") && line.has("0");
}

// Takes passwords that others found right, and decides nothing.
bool only_takes(const PamLine& line) { return line.name() == ours && line.has("migrate"); }

Answer denial(Facility facility) {
  switch (facility) {
    case Facility::auth: return Answer::auth_err;
    case Facility::account: return Answer::acct_expired;
    case Facility::password: return Answer::authtok_err;
    case Facility::session: break;
  }
  return Answer::session_err;
}

// What a module that is neither answers: it is in nobody's way, and lets nobody past.
Answer bystander(const Step& step) {
  const std::string name = step.line.name();
  if (name == "pam_deny") return denial(step.line.facility);
  if (name == "pam_permit") return Answer::success;
  if (name == "pam_warn") return Answer::ignore;
  if (name == "pam_faillock" && step.line.has("authfail")) return Answer::auth_err;
  if (step.line.facility == Facility::auth && among(authenticators, name)) return Answer::auth_err;
  // A condition that opens a way past others, such as pam_succeed_if for a group, does not
  // hold; one that everybody has to meet does.
  const auto kind = step.line.actions[static_cast<std::size_t>(Answer::success)].kind;
  const bool opens = kind == Action::Kind::done || kind == Action::Kind::jump;
  return opens && name != "pam_faillock" ? Answer::auth_err : Answer::success;
}

class Stack {
 public:
  explicit Stack(PamStack stack) : stack_(std::move(stack)) {}

  const PamStack& whole() const { return stack_; }
  std::optional<std::size_t> find(std::string_view module) const {
    for (std::size_t i = 0; i < stack_.steps.size(); ++i)
      if (is(i, module)) return i;
    return std::nullopt;
  }
  const PamLine& line(std::size_t at) const { return stack_.steps[at].line; }

  Verdict in(const Case& tried) const {
    return evaluate(stack_.steps, [&](const Step& step) {
      const std::string name = step.line.name();
      if (only_takes(step.line)) return Answer::ignore;
      if (tried.root && is_for_root(step.line)) return Answer::success;
      if (name == ours) return tried.cred;
      if (name == unix_module) return tried.unix_answer;
      return bystander(step);
    });
  }
  bool lets_in(const Case& tried) const { return in(tried).answer == Answer::success; }
  bool runs(const Case& tried, std::string_view module) const {
    const auto ran = in(tried).ran;
    return std::ranges::any_of(ran, [&](std::size_t at) { return is(at, module); });
  }

 private:
  bool is(std::size_t at, std::string_view module) const {
    const PamLine& line = stack_.steps[at].line;
    return line.kind == PamLine::Kind::module && line.name() == module && !only_takes(line);
  }
  PamStack stack_;
};

std::string place(const PamLine& line) { return line.file + ":" + std::to_string(line.number); }

// What was found in one stack: the first fault that there is, for the others follow from it.
struct Fault {
  Severity severity;
  std::string where;
  std::string what;
  std::string mend;
};

std::string mend_of(Facility facility, const std::string& file) {
  std::string line;
  switch (facility) {
    case Facility::auth:
      line =
          "auth [success=N default=ignore] pam_cred.so in front of pam_unix.so try_first_pass, "
          "then pam_deny.so and, N lines further on, pam_permit.so";
      break;
    case Facility::account:
      line =
          "account [success=ok new_authtok_reqd=ok user_unknown=ignore authinfo_unavail=ignore "
          "module_unknown=ignore default=bad] pam_cred.so in front of pam_unix.so";
      break;
    case Facility::password:
      line =
          "password [success=N user_unknown=ignore default=die] pam_cred.so in front of "
          "pam_unix.so, where N passes over it";
      break;
    case Facility::session: break;
  }
  return "edit " + file + " with a root shell kept open: " + line + " (pam_cred(8), EXAMPLES)";
}

std::optional<Fault> fault_of_auth(const Stack& stack) {
  const auto cred = stack.find(ours);
  if (!cred) return std::nullopt;
  const PamLine& line = stack.line(*cred);
  const auto fault = [&](Severity severity, std::string what) {
    return Fault{severity, place(line), std::move(what), mend_of(Facility::auth, line.file)};
  };
  constexpr std::array<std::pair<Answer, const char*>, 3> refusals{
      {{Answer::auth_err, "with any password"},
       {Answer::authinfo_unavail, "with any password while credd does not answer"},
       {Answer::module_unknown, "with any password where pam_cred.so cannot be loaded"}}};
  for (const auto& [answer, when] : refusals)
    if (stack.lets_in({answer, Answer::auth_err}))
      return fault(Severity::error, std::string("lets everybody in ") + when);
  const auto in_front = stack.find(unix_module);
  const bool behind_unix = in_front && *in_front < *cred;
  if (!stack.lets_in({Answer::success, Answer::auth_err}))
    return fault(Severity::error, behind_unix ? "lets nobody in by pam_cred.so: pam_unix.so, at " +
                                                    place(stack.line(*in_front)) +
                                                    ", is left in front of it and has to agree"
                                              : "lets nobody in, with the right password either");
  if (behind_unix)
    return fault(Severity::warning,
                 "pam_unix.so, at " + place(stack.line(*in_front)) +
                     ", is left in front: an old password in /etc/shadow still lets its owner in, "
                     "whatever pam_cred.so says");
  if (!in_front) return std::nullopt;
  constexpr std::array<std::pair<Answer, const char*>, 3> absences{
      {{Answer::user_unknown, "accounts that are in /etc/shadow alone, such as root, never get in"},
       {Answer::authinfo_unavail, "while credd does not answer nobody gets in, root neither"},
       {Answer::module_unknown,
        "where pam_cred.so cannot be loaded nobody gets in, root neither"}}};
  // A stack may keep those out whom credd would have to decide about, as long as root gets in.
  for (const auto& [answer, what] : absences)
    if (!stack.lets_in({answer, Answer::success, answer != Answer::user_unknown}))
      return fault(Severity::warning, what);
  return std::nullopt;
}

std::optional<Fault> fault_of_account(const Stack& stack) {
  const auto cred = stack.find(ours);
  if (!cred) return std::nullopt;
  const PamLine& line = stack.line(*cred);
  const auto fault = [&](Severity severity, std::string what) {
    return Fault{severity, place(line), std::move(what), mend_of(Facility::account, line.file)};
  };
  for (const Answer answer : {Answer::perm_denied, Answer::acct_expired, Answer::authtok_expired})
    if (stack.lets_in({answer, Answer::success}))
      return fault(Severity::error, "lets locked and disabled accounts in");
  if (stack.lets_in({Answer::new_authtok_reqd, Answer::success}))
    return fault(Severity::error,
                 "lets expired and compromised passwords in: nobody is asked to "
                 "change them");
  if (!stack.lets_in({Answer::success, Answer::success}))
    return fault(Severity::error, "lets nobody in, whom pam_cred.so takes either");
  if (stack.in({Answer::new_authtok_reqd, Answer::success}).answer != Answer::new_authtok_reqd)
    return fault(Severity::error,
                 "keeps those out whose password has to be changed, instead of "
                 "asking them to change it");
  if (!stack.find(unix_module)) return std::nullopt;
  constexpr std::array<std::pair<Answer, const char*>, 3> absences{
      {{Answer::user_unknown, "accounts that are in /etc/shadow alone, such as root, never get in"},
       {Answer::authinfo_unavail, "while credd does not answer nobody gets in, root neither"},
       {Answer::module_unknown,
        "where pam_cred.so cannot be loaded nobody gets in, root neither"}}};
  for (const auto& [answer, what] : absences)
    if (!stack.lets_in({answer, Answer::success})) return fault(Severity::warning, what);
  return std::nullopt;
}

// The first module that asks for the new password, of those in front of `before`.
std::optional<std::size_t> asker_before(const Stack& stack, std::size_t before) {
  for (std::size_t i = 0; i < before; ++i)
    if (stack.line(i).kind == PamLine::Kind::module &&
        (among(askers, stack.line(i).name()) || stack.line(i).name() == unix_module))
      return i;
  return std::nullopt;
}

std::optional<Fault> fault_of_password(const Stack& stack) {
  const auto cred = stack.find(ours);
  if (!cred) return std::nullopt;
  const PamLine& line = stack.line(*cred);
  const auto fault = [&](Severity severity, std::string what) {
    return Fault{severity, place(line), std::move(what), mend_of(Facility::password, line.file)};
  };
  const auto in_front = stack.find(unix_module);
  if (in_front && *in_front < *cred)
    return fault(Severity::error, "pam_unix.so, at " + place(stack.line(*in_front)) +
                                      ", is left in front: new passwords go to /etc/shadow");
  const auto asker = asker_before(stack, *cred);
  if (asker && !line.has("use_authtok"))
    return Fault{Severity::warning, place(line),
                 "lacks use_authtok: it asks for a new password once more, which " +
                     stack.line(*asker).name() + ".so, in front of it, never judges",
                 "edit " + line.file + ": add use_authtok to its line " +
                     std::to_string(line.number)};
  if (!asker && line.has("use_authtok"))
    return Fault{Severity::error, place(line),
                 "has use_authtok, and nothing in front of it asks for a new password: nobody can "
                 "change theirs",
                 "edit " + line.file + ": take use_authtok out of its line " +
                     std::to_string(line.number)};
  // No change is asked of pam_unix.so in front of which one was made, or refused.
  for (const Answer answer : {Answer::authtok_err, Answer::maxtries, Answer::authtok_lock_busy})
    if (const Case refused{answer, Answer::success};
        stack.runs(refused, unix_module) || stack.lets_in(refused))
      return fault(Severity::error,
                   stack.runs(refused, unix_module)
                       ? "a new password that pam_cred.so refuses is set in /etc/shadow"
                       : "a change that pam_cred.so refuses looks as if it were made");
  if (stack.runs({Answer::success, Answer::success}, unix_module))
    return fault(Severity::error, "a new password goes to /etc/shadow as well");
  if (!stack.lets_in({Answer::success, Answer::authtok_err}))
    return fault(Severity::error, "no change succeeds, not even one that pam_cred.so made");
  if (in_front && !stack.lets_in({Answer::user_unknown, Answer::success}))
    return fault(Severity::warning,
                 "accounts that are in /etc/shadow alone, such as root, cannot change their "
                 "password");
  return std::nullopt;
}

// Findings by what they say, with the services that they hold for.
class Gathering {
 public:
  void add(const Fault& fault, const std::string& service) {
    const std::string key = fault.where + ": " + fault.what;
    if (services_.find(key) == services_.end()) order_.push_back(fault);
    services_[key].insert(service);
  }
  void tell(Report& report) const {
    for (const Fault& fault : order_) {
      const std::string key = fault.where + ": " + fault.what;
      std::string names;
      for (const auto& name : services_.at(key)) names += (names.empty() ? "" : ", ") + name;
      const std::string message = key + " (" + names + ")";
      if (fault.severity == Severity::error)
        report.error(message, fault.mend);
      else
        report.warning(message, fault.mend);
    }
  }

 private:
  std::vector<Fault> order_;
  std::map<std::string, std::set<std::string>> services_;
};

class Judgement {
 public:
  Judgement(const PamFiles& files, Gathering& found) : files_(files), found_(found) {}

  void judge(const std::string& service) {
    const Stack auth = stack(service, Facility::auth);
    const Stack account = stack(service, Facility::account);
    const Stack password = stack(service, Facility::password);
    const bool names_ours = auth.find(ours) || account.find(ours) || password.find(ours);
    if (!names_ours) return;
    // All of them are told.
    bool unreadable = false;
    for (const Stack* each : {&auth, &account, &password})
      if (broken(*each, service)) unreadable = true;
    if (unreadable) return;
    if (const auto fault = fault_of_auth(auth)) found_.add(*fault, service);
    if (const auto fault = fault_of_account(account)) found_.add(*fault, service);
    if (const auto fault = fault_of_password(password)) found_.add(*fault, service);
    if (!auth.find(ours)) return;
    const auto missing = [&](const Stack& in, Facility facility, const char* what) {
      const auto& steps = in.whole().steps;
      const std::string file = steps.empty() ? "/etc/pam.d/" + service : steps.back().line.file;
      found_.add({Severity::error, file, what, mend_of(facility, file)}, service);
    };
    if (!account.find(ours))
      missing(account, Facility::account,
              "account does not name pam_cred.so, as auth does: locked and disabled accounts get "
              "in, and expired passwords");
    if (!password.find(ours) && password.find(unix_module))
      missing(password, Facility::password,
              "password does not name pam_cred.so, as auth does: a new password goes to "
              "/etc/shadow, and one that has to be changed stays");
  }

 private:
  // What a service says nothing of, `other` decides.
  Stack stack(const std::string& service, Facility facility) const {
    PamStack own = assemble(service, facility, files_);
    if (own.steps.empty() && service != "other") own = assemble("other", facility, files_);
    return Stack(std::move(own));
  }
  bool broken(const Stack& stack, const std::string& service) {
    for (const std::string& fault : stack.whole().faults) {
      const std::size_t end = fault.find(": ");
      const std::string where = fault.substr(0, end);
      found_.add({Severity::error, where,
                  "libpam cannot read this line, and lets nobody in: " + fault.substr(end + 2),
                  "edit " + where.substr(0, where.rfind(':')) + ": mend line " +
                      where.substr(where.rfind(':') + 1)},
                 service);
    }
    return !stack.whole().faults.empty();
  }

  const PamFiles& files_;
  Gathering& found_;
};

}  // namespace

void judge_pam(const std::vector<std::string>& services, const PamFiles& files, Report& report) {
  Gathering found;
  Judgement judgement(files, found);
  for (const std::string& service : services) judgement.judge(service);
  found.tell(report);
}

}  // namespace cred::doctor
