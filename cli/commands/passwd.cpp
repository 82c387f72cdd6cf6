#include "base/language.hpp"
#include "cli/account_view.hpp"
#include "cli/commands/commands.hpp"
#include "cli/password_source.hpp"
#include "cli/terminal.hpp"
#include "wire/broker_link.hpp"
#include "wire/message.hpp"

#include <CLI/CLI.hpp>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <nlohmann/json.hpp>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr int reply_ms = 150'000;

int reset(const Session& session, const std::string& name, const PasswordSource& source) {
  auto realm = session.realm();
  if (!realm) return session.fail(realm.error());
  const auto status = realm->status(name);
  if (!status) return session.fail(status.error());
  const auto password = source.get(*realm, name, status->profile);
  if (!password) return session.fail(password.error());
  const auto changed = realm->reset(name, *password, source.change_required(), session.actor());
  if (!changed) return session.fail(changed.error());
  if (changed->code == Code::refused)
    return session.refuse("the password of " + name + " is unchanged", changed->verdicts);
  if (source.generate)
    if (auto shown = show_once(name, *password); !shown) return session.fail(shown.error());
  return session.finish(Code::accepted, "The password of " + name + " is changed.",
                        {{"account", name}});
}

std::string wire_reason(wire::Reason reason) {
  switch (reason) {
    case wire::Reason::old_password: return reason_text(engine::Reason::old_password);
    case wire::Reason::too_early: return reason_text(engine::Reason::too_early);
    case wire::Reason::locked: return reason_text(engine::Reason::locked);
    case wire::Reason::disabled: return reason_text(engine::Reason::disabled);
    case wire::Reason::idle: return reason_text(engine::Reason::idle);
    case wire::Reason::grace_over: return reason_text(engine::Reason::grace_over);
    default: return "refused";
  }
}

int report(const Session& session, const wire::Reply& reply) {
  if (reply.code == Code::accepted)
    return session.finish(Code::accepted, "Your password is changed.", {});
  if (reply.reason == wire::Reason::policy) {
    std::vector<policy::Verdict> verdicts;
    for (std::size_t i = 0; i < reply.messages; ++i)
      verdicts.push_back({"policy", "", std::string(reply.message[i])});
    return session.refuse("your password is unchanged", verdicts);
  }
  if (reply.messages > 0) return session.fail({reply.code, std::string(reply.message[0])});
  return session.fail({reply.code, "your password is unchanged: " + wire_reason(reply.reason)});
}

// The caller's own, through the broker, which asks for the current one.
int change_own(const Session& session, bool from_stdin) {
  const passwd* user = getpwuid(getuid());
  if (user == nullptr) return session.fail({Code::not_found, "you have no login name"});
  const std::string name = user->pw_name;
  const auto old = from_stdin ? password_from_stdin("current password") : ask("Current password: ");
  if (!old) return session.fail(old.error());
  const auto next = from_stdin ? password_from_stdin("new password") : ask_for_new();
  if (!next) return session.fail(next.error());
  if (old->empty()) return session.fail({Code::usage, "the current password is empty"});

  wire::Request request;
  request.kind = wire::Kind::change;
  request.realm = session.realm_name;
  request.account = name;
  request.source.service = "credctl";
  request.source.language = wanted_language(std::getenv);
  request.old_password = old->bytes();
  request.password = next->bytes();
  const auto configuration = session.configuration();
  if (!configuration) return session.fail(configuration.error());
  wire::Broker broker;
  broker.socket = configuration->broker_socket.c_str();
  if (!session.config.empty()) broker.configuration = session.config.c_str();
  auto channel = wire::connect(broker);
  if (!channel.open())
    return session.fail(
        {Code::unavailable, std::string("credd cannot be reached: ") + std::strerror(errno)});
  Secret body;
  wire::Reply reply;
  if (channel.send(wire::encode(request), reply_ms) != wire::Io::done ||
      channel.receive(body, reply_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
    return session.fail({Code::unavailable, "credd did not answer; see the system log"});
  return report(session, reply);
}

}  // namespace

void add_passwd(CLI::App& program, const Session& session, Action& action) {
  auto* command = program.add_subcommand(
      "passwd", "Reset an account's password, or change your own when NAME is left out");
  auto name = std::make_shared<std::string>();
  auto source = std::make_shared<PasswordSource>();
  command->add_option("NAME", *name, "Login name");
  source->add_options(*command);
  command->footer(
      "Example: credctl passwd alice --generate\n"
      "With --stdin and no NAME, two lines: the current and the new password.");
  command->callback([&session, &action, name, source] {
    action = [&session, name, source] {
      if (!name->empty()) return reset(session, *name, *source);
      if (source->generate || source->must_change)
        return session.fail({Code::usage, "--generate and --must-change need a NAME"});
      return change_own(session, source->from_stdin);
    };
  });
}

}  // namespace cred::cli
