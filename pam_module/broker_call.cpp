#include "pam_module/broker_call.hpp"

#include "wire/broker_link.hpp"

#include <cerrno>
#include <cstring>
#include <syslog.h>
#include <unistd.h>

// Long enough for a place in credd's queue: attempts wait for memory there.
#ifndef CRED_PAM_REPLY_TIMEOUT_MS
#define CRED_PAM_REPLY_TIMEOUT_MS 150000
#endif

namespace cred::pam {
namespace {

const char* trouble(wire::Io outcome) noexcept {
  switch (outcome) {
    case wire::Io::closed: return "it closed the connection without an answer";
    case wire::Io::broken: return "the connection broke";
    case wire::Io::malformed: return "its answer is malformed";
    case wire::Io::late: return "no answer in time";
    case wire::Io::no_memory: return "no memory";
    case wire::Io::done: break;
  }
  return "no trouble";
}

// What only tells something must not hold up a login that has been decided.
constexpr int notice_timeout_ms =
    CRED_PAM_REPLY_TIMEOUT_MS < 10000 ? CRED_PAM_REPLY_TIMEOUT_MS : 10000;

Heard exchange(const Session& session, const wire::Request& request, Answer& answer) noexcept {
  const Secret frame = wire::encode(request);
  if (!frame.ok()) {
    session.log(LOG_CRIT, "no memory for a request to credd");
    return Heard::no_memory;
  }
  if (frame.empty()) {
    session.log(LOG_ERR, "a request does not fit into a message to credd");
    return Heard::failed;
  }
  const Options& options = session.options();
  wire::Channel channel = wire::connect({options.socket, nullptr, options.configuration});
  if (!channel.open()) {
    session.log(LOG_ERR, "cannot reach credd: %s", std::strerror(errno));
    return Heard::unavailable;
  }
  Secret body;
  const int timeout =
      request.kind == wire::Kind::session ? notice_timeout_ms : CRED_PAM_REPLY_TIMEOUT_MS;
  wire::Io outcome = channel.send(frame, timeout);
  if (outcome == wire::Io::done) outcome = channel.receive(body, timeout);
  if (outcome != wire::Io::done) {
    session.log(outcome == wire::Io::no_memory ? LOG_CRIT : LOG_ERR, "credd: %s", trouble(outcome));
    if (outcome == wire::Io::no_memory) return Heard::no_memory;
    return outcome == wire::Io::malformed ? Heard::failed : Heard::unavailable;
  }
  std::memcpy(answer.body, body.bytes().data(), body.size());
  if (wire::decode({answer.body, body.size()}, answer.reply)) return Heard::decision;
  session.log(LOG_ERR, "credd: %s", trouble(wire::Io::malformed));
  return Heard::failed;
}

}  // namespace

wire::Request request_for(const Session& session, wire::Kind kind,
                          std::string_view account) noexcept {
  wire::Request request;
  request.kind = kind;
  request.real_uid = getuid();
  request.realm = session.options().realm;
  request.account = account;
  request.source = session.source();
  return request;
}

Heard ask_credd(const Session& session, const wire::Request& request, Answer& answer) noexcept {
  const Heard heard = exchange(session, request, answer);
  if (heard != Heard::decision) return heard;
  const wire::Reply& reply = answer.reply;
  session.debug("request %d: %s, reason %d", static_cast<int>(request.kind), word(reply.code),
                static_cast<int>(reply.reason));
  switch (reply.code) {
    case Code::configuration:
    case Code::integrity:
      session.log(LOG_ALERT, "credd reports trouble: %s", word(reply.code));
      return Heard::failed;
    case Code::internal:
      session.log(LOG_ERR, "credd reports trouble: %s", word(reply.code));
      return Heard::failed;
    case Code::unavailable:
      session.log(LOG_ERR, "credd reports trouble: %s", word(reply.code));
      return Heard::unavailable;
    default: return Heard::decision;
  }
}

void show(const Session& session, const wire::Reply& reply) noexcept {
  for (std::size_t i = 0; i < reply.messages; ++i)
    session.info("%.*s", static_cast<int>(reply.message[i].size()), reply.message[i].data());
}

}  // namespace cred::pam
