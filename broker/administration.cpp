#include "broker/administration.hpp"

#include "administration/people.hpp"
#include "base/translate.hpp"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <syslog.h>

namespace cred::broker {
namespace {

using administration::Command;
using administration::Outcome;

// Lines of JSON on their way, a part at a time: the answer is never held as a whole.
class Lines {
 public:
  explicit Lines(const SendPart& send) : send_(send) {}

  bool add(const nlohmann::json& object) {
    text_ += object.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
    text_ += '\n';
    while (read_ && text_.size() >= wire::max_part_bytes) flush(wire::max_part_bytes);
    return read_;
  }
  bool end() {
    if (!text_.empty()) flush(text_.size());
    return read_;
  }

 private:
  void flush(std::size_t size) {
    if (read_) read_ = send_(wire::encode(wire::Part{std::as_bytes(std::span(text_).first(size))}));
    text_.erase(0, size);
  }
  const SendPart& send_;
  std::string text_;
  bool read_ = true;
};

// Unset: it is no command, or not written as one.
std::optional<Command> command_of(const wire::Order& order) {
  const auto operation = engine::operation_of(order.command);
  if (!operation) return std::nullopt;
  Command command{*operation};
  for (std::size_t i = 0; i < order.arguments; ++i) {
    const std::string_view argument = order.argument[i];
    const auto equals = argument.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    (void)command.with(std::string(argument.substr(0, equals)),
                       std::string(argument.substr(equals + 1)));
  }
  return command;
}

// "audit show since=7d": what narrows a look down, but the account, which has its own place.
std::string text_of(const Command& command) {
  constexpr std::size_t longest = 64;
  std::string text = word(command.operation);
  for (const char* key : {"since", "until", "event", "outcome"})
    if (const auto value = command.argument(key); !value.empty())
      text += std::string(" ") + key + "=" + std::string(value.substr(0, longest));
  return text;
}

std::string right_of(const Authority& authority) {
  if (authority.root) return {};
  return word(authority.role) +
         (authority.grant ? " by grant " + std::to_string(*authority.grant) : std::string());
}

}  // namespace

void note_refusal(EngineSource& engine, Refusals& refusals, uid_t uid, const std::string& realm,
                  const std::string& what, std::string_view account) {
  const auto count = refusals.note(uid, std::chrono::steady_clock::now());
  if (!count) return;
  const std::string who = "uid " + std::to_string(uid);
  syslog(LOG_WARNING, "%s may not ask %s of realm %s", who.c_str(), what.c_str(), realm.c_str());
  std::string detail = "asked " + what + " in realm '" + realm + "'";
  const auto opened = engine.get();
  if (!opened) return;
  // A name that is no account's may be a password typed in the wrong place.
  if (auto asked = (*opened)->realm(realm); asked && asked->standing(account))
    detail += ", account '" + std::string(account) + "'";
  if (*count > 1) detail += ", and " + std::to_string(*count - 1) + " times more";
  auto system = (*opened)->realm(engine::system_realm);
  if (!system) return;
  if (const auto noted = system->note_refusal({who}, detail); !noted)
    syslog(LOG_ALERT, "a refusal is not in the trail: %s", noted.error().message.c_str());
}

std::optional<Authority> Administration::authority(const wire::Order& order,
                                                   engine::Operation operation) {
  const auto grants = engine_.grants();
  if (auto configured = authority_for(principal_, order.real_uid, realm_, operation, *grants, {}))
    return configured;
  const auto engine = engine_.get();
  if (!engine) return std::nullopt;
  auto realm = (*engine)->realm(realm_);
  if (!realm) return std::nullopt;
  // The trail tells when one ended, and the clock cannot bring it back.
  if (const auto ended = realm->end_grants(); !ended)
    syslog(LOG_ALERT, "grants of realm %s do not end: %s", realm_.c_str(),
           ended.error().message.c_str());
  const auto granted = realm->grants();
  if (!granted) return std::nullopt;
  return authority_for(principal_, order.real_uid, realm_, operation, *grants, *granted);
}

bool Administration::reaches_up(const Command& command, const Authority& authority) const {
  if (authority.root || realm_ != engine::system_realm || engine::reads(command.operation) ||
      command.account().empty())
    return false;
  std::vector<engine::Grant> granted;
  const auto engine = engine_.get();
  const auto realms = engine ? (*engine)->realms() : tl::make_unexpected(engine.error());
  if (!realms) return true;
  for (const auto& name : *realms) {
    auto realm = (*engine)->realm(name);
    // What is not known to be harmless is not done.
    const auto grants = realm ? realm->grants() : tl::make_unexpected(realm.error());
    if (!grants) return true;
    granted.insert(granted.end(), grants->begin(), grants->end());
  }
  return stands_above(std::string(command.account()), authority.role, *engine_.grants(), granted);
}

Expected<void> Administration::note(audit::Event event, const Command& command,
                                    const engine::Actor& actor, const std::string& what,
                                    Code outcome) {
  const auto engine = engine_.get();
  if (!engine) return tl::make_unexpected(engine.error());
  auto realm = (*engine)->realm(realm_);
  if (!realm) return tl::make_unexpected(realm.error());
  return realm->note_use(event, command.account(), actor, what, outcome);
}

Expected<void> Administration::note_look(const Command& command, const Authority& authority,
                                         const engine::Actor& actor) {
  const bool reads = engine::reads(command.operation);
  std::string what = text_of(command);
  if (reads) {
    const auto count = looks_.note(std::to_string(uid_) + '/' + realm_ + '/' + what + '/' +
                                       std::string(command.account()),
                                   std::chrono::steady_clock::now());
    if (!count) return {};
    if (*count > 1) what += ", and " + std::to_string(*count - 1) + " times more";
  }
  if (authority.grant)
    if (auto noted = note(audit::Event::grant_used, command, actor, what); !noted) return noted;
  return reads ? note(audit::Event::viewed, command, actor, what) : Expected<void>();
}

Outcome Administration::for_client(Outcome outcome) const {
  if (outcome.code != Code::configuration && outcome.code != Code::unavailable &&
      outcome.code != Code::internal)
    return outcome;
  syslog(outcome.code == Code::unavailable ? LOG_ERR : LOG_ALERT, "realm %s: %s", realm_.c_str(),
         outcome.message().c_str());
  return Outcome::failed({outcome.code, "credd could not do it; the system log says why"});
}

Outcome Administration::perform(const wire::Order& order, const Command& command,
                                const Authority& authority, const administration::Row& row) {
  const std::string login = administration::login_of(uid_);
  const std::string uid = "uid " + std::to_string(uid_);
  const engine::Actor actor{uid + (login.empty() ? "" : " (" + login + ")") + " by credctl",
                            uid_,
                            uid,
                            "credctl",
                            std::string(order.tty),
                            right_of(authority)};
  const auto engine = engine_.get();
  if (!engine) return Outcome::failed(engine.error());
  if (!authority.root)
    if (const auto noted = note_look(command, authority, actor); !noted)
      return Outcome::failed(noted.error());
  // What a service sets is its user's own choice, as in a reset.
  const auto grants = engine_.grants();
  const auto bound = grants->bound.find(principal_.peer.uid);
  const bool serves = bound != grants->bound.end() && bound->second == realm_;
  const administration::Desk desk{
      **engine, realm_, actor, authority.root || serves, authority.until, {}};
  const Secret password = Secret::copy_of(order.password);
  if (!password.ok()) return Outcome::failed({Code::unavailable, "out of memory"});
  auto outcome =
      administration::perform(desk, command, password.empty() ? nullptr : &password, row);
  // What was done has a record of its own; what was tried in vain has this one.
  if (!authority.root && outcome.code != Code::accepted && !engine::reads(command.operation) &&
      looks_.note(uid + '/' + realm_ + "/vain/" + word(command.operation),
                  std::chrono::steady_clock::now()))
    (void)note(audit::Event::viewed, command, actor,
               std::string("tried in vain: ") + word(command.operation), outcome.code);
  return outcome;
}

Outcome Administration::perform(const wire::Order& order, const administration::Row& row) {
  const auto command = command_of(order);
  if (!command) return Outcome::failed({Code::usage, "credd does not know this command"});
  realm_ = order.realm.empty() ? std::string(engine::system_realm) : std::string(order.realm);
  uid_ = acting_uid(principal_, order.real_uid);
  const auto held = authority(order, command->operation);
  const bool above = held && reaches_up(*command, *held);
  if (held && !above) return for_client(perform(order, *command, *held, row));
  note_refusal(engine_, refusals_, uid_, realm_,
               std::string("for '") + word(command->operation) + "'", command->account());
  if (above)
    return Outcome::failed(
        {Code::configuration, "you may not do this to '" + std::string(command->account()) +
                                  "', who may do more than you: it takes role owner"});
  return Outcome::failed({Code::configuration, "you may not do this in realm " + realm_ +
                                                   ": it takes role " +
                                                   engine::roles_for(command->operation)});
}

Secret Administration::answer(std::span<const std::byte> body, const SendPart& send) {
  wire::Order order;
  if (!wire::decode(body, order)) {
    wire::Reply reply;
    reply.code = Code::usage;
    return wire::encode(reply);
  }
  speak(order.language);
  Lines lines(send);
  Outcome outcome;
  try {
    outcome = perform(order, [&](const nlohmann::json& row) { return lines.add(row); });
  } catch (const std::exception& error) {
    outcome = for_client(Outcome::failed({Code::internal, error.what()}));
  }
  if (!lines.add(outcome.details) || !lines.end()) return {};
  return wire::encode(wire::Result{outcome.code, outcome.password.bytes()});
}

}  // namespace cred::broker
