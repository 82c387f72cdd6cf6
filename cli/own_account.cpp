#include "cli/own_account.hpp"

#include "cli/account_view.hpp"
#include "cli/credd_client.hpp"
#include "cli/terminal.hpp"
#include "engine/units.hpp"

#include <cctype>
#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

constexpr int tries = 3;

// `whose` is a password, such as "your password".
int report(const Session& session, const CreddAnswer& answer, const std::string& whose) {
  const std::string unchanged = whose + " is unchanged";
  if (answer.code == Code::accepted) {
    std::string changed = whose + " is changed.";
    changed.front() = static_cast<char>(std::toupper(changed.front()));
    return session.finish(Code::accepted, changed, {});
  }
  if (answer.reason == engine::Reason::policy) {
    std::vector<policy::Verdict> verdicts;
    for (const auto& message : answer.messages) verdicts.push_back({"policy", "", message, {}});
    return session.refuse(unchanged, verdicts);
  }
  if (!answer.messages.empty()) return session.fail({answer.code, answer.messages.front()});
  if (answer.code == Code::configuration)
    return session.fail({answer.code, unchanged + ": you may not do this"});
  const std::string why = reason_text(answer.reason);
  return session.fail({answer.code, unchanged + (why.empty() ? "" : ": " + why)});
}

constexpr const char* yours = "your password";

const char* strength_word(unsigned score) {
  constexpr const char* words[] = {"very weak", "weak", "fair", "good", "strong"};
  return words[score < 4 ? score : 4];
}

int from_two_lines(const Session& session, const CreddClient& own) {
  const auto old = password_from_stdin("current password");
  if (!old) return session.fail(old.error());
  const auto next = password_from_stdin("new password");
  if (!next) return session.fail(next.error());
  if (old->empty()) return session.fail({Code::usage, "the current password is empty"});
  const auto changed = own.ask(wire::Kind::change, &*old, &*next);
  return changed ? report(session, *changed, yours) : session.fail(changed.error());
}

// Says what is to be mended in the new password. False: nothing is.
bool to_mend(const CreddAnswer& answer) {
  if (answer.code != Code::usage && answer.reason != engine::Reason::policy) return false;
  tell("That password is not taken:\n");
  for (const auto& message : answer.messages) tell("  - " + message + "\n");
  return true;
}

}  // namespace

int change_own_password(const Session& session, bool from_stdin) {
  const CreddClient own(session, own_login());
  if (from_stdin) return from_two_lines(session, own);

  const auto rules = own.ask(wire::Kind::rules);
  if (!rules) return session.fail(rules.error());
  if (rules->code != Code::accepted) return report(session, *rules, yours);
  tell("What a new password of " + own.account() + " has to be:\n");
  for (const auto& rule : rules->messages) tell("  - " + rule + "\n");
  const auto old = ask("Current password: ");
  if (!old) return session.fail(old.error());
  if (old->empty()) return session.fail({Code::usage, "the current password is empty"});
  const auto verified = own.ask(wire::Kind::authenticate, nullptr, &*old);
  if (!verified) return session.fail(verified.error());
  if (verified->code == Code::refused)
    return session.fail({Code::refused, std::string(yours) + " is unchanged: " +
                                            reason_text(engine::Reason::old_password)});
  if (verified->code != Code::accepted && verified->code != Code::must_change)
    return report(session, *verified, yours);

  for (int i = 0; i < tries; ++i) {
    const auto next = ask("New password: ");
    if (!next) return session.fail(next.error());
    const auto checked = own.ask(wire::Kind::check, &*old, &*next);
    if (!checked) return session.fail(checked.error());
    if (to_mend(*checked)) continue;
    if (checked->code != Code::accepted) return report(session, *checked, yours);
    if (checked->strength)
      tell(std::string("Strength: ") + strength_word(*checked->strength) + " (" +
           std::to_string(*checked->strength) + " of 4)\n");
    for (const auto& advice : checked->messages) tell(advice + "\n");
    const auto again = ask("Retype new password: ");
    if (!again) return session.fail(again.error());
    if (!next->equals(*again)) {
      tell("The two passwords differ.\n");
      continue;
    }
    const auto changed = own.ask(wire::Kind::change, &*old, &*next);
    if (!changed) return session.fail(changed.error());
    if (!to_mend(*changed)) return report(session, *changed, yours);
  }
  return session.fail({Code::refused, "your password is unchanged after three tries"});
}

int reset_through_credd(const Session& session, const std::string& name, const Secret& password,
                        bool must_change) {
  const CreddClient account(session, name);
  const auto reset = account.ask(wire::Kind::reset, nullptr, &password, must_change);
  if (reset && reset->code == Code::not_found)
    return session.fail({reset->code, "there is no account '" + name + "'"});
  return reset ? report(session, *reset, "the password of " + name) : session.fail(reset.error());
}

int show_through_credd(const Session& session, const std::string& name) {
  const CreddClient own(session, name);
  const auto answer = own.ask(wire::Kind::account);
  if (!answer) return session.fail(answer.error());
  if (answer->code == Code::not_found)
    return session.fail(
        {answer->code, "there is no account '" + name + "' in realm " + session.realm_name});
  if (answer->code == Code::configuration)
    return session.fail({answer->code, "you may not ask about '" + name + "'"});
  const bool must_change = answer->code == Code::must_change;
  if (answer->code != Code::accepted && !must_change && answer->code != Code::locked)
    return session.fail({answer->code, "credd does not tell; see the system log"});
  const char* state = answer->reason == engine::Reason::locked     ? "locked"
                      : answer->reason == engine::Reason::disabled ? "disabled"
                                                                   : "active";
  const std::string why =
      answer->reason == engine::Reason::too_early ? "" : reason_text(answer->reason);
  nlohmann::json details{
      {"account", own.account()}, {"state", state}, {"must_change", must_change}};
  details["due"] =
      answer->due ? nlohmann::json(engine::print_time(*answer->due)) : nlohmann::json();
  if (!why.empty()) details["reason"] = engine::word(answer->reason);
  return session.finish(Code::accepted,
                        "Account:          " + own.account() + "\nState:            " + state +
                            (why.empty() ? "" : " (" + why + ")") +
                            "\nChange due:       " + due_text(details),
                        details);
}

}  // namespace cred::cli
