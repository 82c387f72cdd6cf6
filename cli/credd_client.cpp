#include "cli/credd_client.hpp"

#include "wire/broker_link.hpp"

#include <cerrno>
#include <cstring>
#include <pwd.h>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr int reply_ms = 150'000;

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

}  // namespace

std::string own_login() {
  const passwd* user = getpwuid(getuid());
  return user != nullptr ? user->pw_name : "";
}

Expected<CreddAnswer> CreddClient::ask(wire::Kind kind, const Secret* old_password,
                                       const Secret* password, bool must_change) const {
  if (account_.empty()) return cred::fail(Code::not_found, "you have no login name");
  const auto configuration = session_.configuration();
  if (!configuration) return tl::make_unexpected(configuration.error());
  wire::Request request;
  request.kind = kind;
  request.real_uid = getuid();
  request.must_change = must_change;
  request.realm = session_.realm_name;
  request.account = account_;
  request.source.service = "credctl";
  request.source.language = session_.languages;
  if (old_password != nullptr) request.old_password = old_password->bytes();
  if (password != nullptr) request.password = password->bytes();
  const Secret frame = wire::encode(request);
  if (frame.empty()) return cred::fail(Code::usage, "the name or the password is too long");
  wire::Broker broker;
  broker.socket = configuration->broker_socket.c_str();
  if (!session_.config.empty()) broker.configuration = session_.config.c_str();
  auto channel = wire::connect(broker);
  if (!channel.open())
    return cred::fail(Code::unavailable,
                      std::string("credd cannot be reached: ") + std::strerror(errno));
  Secret body;
  wire::Reply reply;
  if (channel.send(frame, reply_ms) != wire::Io::done ||
      channel.receive(body, reply_ms) != wire::Io::done || !wire::decode(body.bytes(), reply))
    return cred::fail(Code::unavailable, "credd did not answer; see the system log");
  CreddAnswer answer;
  answer.code = reply.code;
  answer.reason = from_wire(reply.reason);
  if (reply.due >= 0) answer.due = Time(std::chrono::seconds(reply.due));
  if (reply.strength != wire::unknown_strength) answer.strength = reply.strength;
  for (std::size_t i = 0; i < reply.messages; ++i) answer.messages.emplace_back(reply.message[i]);
  return answer;
}

}  // namespace cred::cli
