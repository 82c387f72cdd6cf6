#include "cli/own_account.hpp"

#include "cli/account_view.hpp"
#include "cli/terminal.hpp"
#include "wire/broker_link.hpp"
#include "wire/message.hpp"

#include <cerrno>
#include <cstring>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr int reply_ms = 150'000;
constexpr int tries = 3;

struct Answer {
  Code code = Code::internal;
  engine::Reason reason = engine::Reason::none;
  std::optional<Time> due;
  std::vector<std::string> messages;
};

engine::Reason from_wire(wire::Reason reason) {
  switch (reason) {
    case wire::Reason::none: break;
    case wire::Reason::expired: return engine::Reason::expired;
    case wire::Reason::forced: return engine::Reason::forced;
    case wire::Reason::compromised: return engine::Reason::compromised;
    case wire::Reason::grace_over: return engine::Reason::grace_over;
    case wire::Reason::too_early: return engine::Reason::too_early;
    case wire::Reason::locked: return engine::Reason::locked;
    case wire::Reason::disabled: return engine::Reason::disabled;
    case wire::Reason::policy: return engine::Reason::policy;
    case wire::Reason::old_password: return engine::Reason::old_password;
    case wire::Reason::idle: return engine::Reason::idle;
  }
  return engine::Reason::none;
}

// Questions about the caller's account.
class Own {
 public:
  explicit Own(const Session& session) : session_(session) {
    if (const passwd* user = getpwuid(getuid())) name_ = user->pw_name;
  }
  const std::string& name() const { return name_; }

  Expected<Answer> ask(wire::Kind kind, const Secret* old_password = nullptr,
                       const Secret* password = nullptr) const {
    if (name_.empty()) return cred::fail(Code::not_found, "you have no login name");
    const auto configuration = session_.configuration();
    if (!configuration) return tl::make_unexpected(configuration.error());
    wire::Request request;
    request.kind = kind;
    request.real_uid = getuid();
    request.realm = session_.realm_name;
    request.account = name_;
    request.source.service = "credctl";
    request.source.language = session_.languages;
    if (old_password != nullptr) request.old_password = old_password->bytes();
    if (password != nullptr) request.password = password->bytes();
    wire::Broker broker;
    broker.socket = configuration->broker_socket.c_str();
    if (!session_.config.empty()) broker.configuration = session_.config.c_str();
    auto channel = wire::connect(broker);
    if (!channel.open())
      return cred::fail(Code::unavailable,
                        std::string("credd cannot be reached: ") + std::strerror(errno));
    Secret body;
    wire::Reply reply;
    if (channel.send(wire::encode(request), reply_ms) != wire::Io::done ||
        channel.receive(body, reply_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
      return cred::fail(Code::unavailable, "credd did not answer; see the system log");
    Answer answer{reply.code, from_wire(reply.reason), std::nullopt, {}};
    if (reply.due >= 0) answer.due = Time(std::chrono::seconds(reply.due));
    for (std::size_t i = 0; i < reply.messages; ++i) answer.messages.emplace_back(reply.message[i]);
    return answer;
  }

 private:
  const Session& session_;
  std::string name_;
};

int report(const Session& session, const Answer& answer) {
  if (answer.code == Code::accepted)
    return session.finish(Code::accepted, "Your password is changed.", {});
  if (answer.reason == engine::Reason::policy) {
    std::vector<policy::Verdict> verdicts;
    for (const auto& message : answer.messages) verdicts.push_back({"policy", "", message, {}});
    return session.refuse("your password is unchanged", verdicts);
  }
  if (!answer.messages.empty()) return session.fail({answer.code, answer.messages.front()});
  const std::string why = reason_text(answer.reason);
  return session.fail(
      {answer.code, "your password is unchanged" + (why.empty() ? "" : ": " + why)});
}

int from_two_lines(const Session& session, const Own& own) {
  const auto old = password_from_stdin("current password");
  if (!old) return session.fail(old.error());
  const auto next = password_from_stdin("new password");
  if (!next) return session.fail(next.error());
  if (old->empty()) return session.fail({Code::usage, "the current password is empty"});
  const auto changed = own.ask(wire::Kind::change, &*old, &*next);
  return changed ? report(session, *changed) : session.fail(changed.error());
}

// Says what is to be mended in the new password. False: nothing is.
bool to_mend(const Answer& answer) {
  if (answer.code != Code::usage && answer.reason != engine::Reason::policy) return false;
  tell("That password is not taken:\n");
  for (const auto& message : answer.messages) tell("  - " + message + "\n");
  return true;
}

}  // namespace

int change_own_password(const Session& session, bool from_stdin) {
  const Own own(session);
  if (from_stdin) return from_two_lines(session, own);

  const auto rules = own.ask(wire::Kind::rules);
  if (!rules) return session.fail(rules.error());
  if (rules->code != Code::accepted) return report(session, *rules);
  tell("What a new password of " + own.name() + " has to be:\n");
  for (const auto& rule : rules->messages) tell("  - " + rule + "\n");
  const auto old = ask("Current password: ");
  if (!old) return session.fail(old.error());
  if (old->empty()) return session.fail({Code::usage, "the current password is empty"});
  const auto verified = own.ask(wire::Kind::authenticate, nullptr, &*old);
  if (!verified) return session.fail(verified.error());
  if (verified->code == Code::refused)
    return report(session, {Code::refused, engine::Reason::old_password, std::nullopt, {}});
  if (verified->code != Code::accepted && verified->code != Code::must_change)
    return report(session, *verified);

  for (int i = 0; i < tries; ++i) {
    const auto next = ask("New password: ");
    if (!next) return session.fail(next.error());
    const auto checked = own.ask(wire::Kind::check, &*old, &*next);
    if (!checked) return session.fail(checked.error());
    if (to_mend(*checked)) continue;
    if (checked->code != Code::accepted) return report(session, *checked);
    for (const auto& advice : checked->messages) tell(advice + "\n");
    const auto again = ask("Retype new password: ");
    if (!again) return session.fail(again.error());
    if (!next->equals(*again)) {
      tell("The two passwords differ.\n");
      continue;
    }
    const auto changed = own.ask(wire::Kind::change, &*old, &*next);
    if (!changed) return session.fail(changed.error());
    if (!to_mend(*changed)) return report(session, *changed);
  }
  return session.fail({Code::refused, "your password is unchanged after three tries"});
}

int show_own_account(const Session& session) {
  const Own own(session);
  const auto answer = own.ask(wire::Kind::account);
  if (!answer) return session.fail(answer.error());
  if (answer->code == Code::not_found)
    return session.fail({answer->code, "you have no account in realm " + session.realm_name});
  const bool must_change = answer->code == Code::must_change;
  if (answer->code != Code::accepted && !must_change && answer->code != Code::locked)
    return session.fail({answer->code, "credd does not tell; see the system log"});
  const char* state = answer->reason == engine::Reason::locked     ? "locked"
                      : answer->reason == engine::Reason::disabled ? "disabled"
                                                                   : "active";
  const std::string why =
      answer->reason == engine::Reason::too_early ? "" : reason_text(answer->reason);
  engine::Standing standing;
  standing.due = answer->due;
  nlohmann::json details{{"account", own.name()}, {"state", state}, {"must_change", must_change}};
  details["due"] = answer->due ? nlohmann::json(due_text(standing)) : nlohmann::json();
  if (!why.empty()) details["reason"] = engine::word(answer->reason);
  return session.finish(Code::accepted,
                        "Account:          " + own.name() + "\nState:            " + state +
                            (why.empty() ? "" : " (" + why + ")") +
                            "\nChange due:       " + due_text(standing),
                        details);
}

}  // namespace cred::cli
