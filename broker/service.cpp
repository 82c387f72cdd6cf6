#include "broker/service.hpp"

#include "administration/people.hpp"
#include "base/translate.hpp"
#include "broker/notices.hpp"

#include <algorithm>
#include <syslog.h>

namespace cred::broker {
namespace {

// The wire has reasons of its own: it must not change when the engine does.
wire::Reason to_wire(engine::Reason reason) {
  switch (reason) {
    case engine::Reason::none: break;
    case engine::Reason::expired: return wire::Reason::expired;
    case engine::Reason::forced: return wire::Reason::forced;
    case engine::Reason::compromised: return wire::Reason::compromised;
    case engine::Reason::grace_over: return wire::Reason::grace_over;
    case engine::Reason::too_early: return wire::Reason::too_early;
    case engine::Reason::locked: return wire::Reason::locked;
    case engine::Reason::disabled: return wire::Reason::disabled;
    case engine::Reason::idle: return wire::Reason::idle;
    // To its owner it is the same: the password's time is over.
    case engine::Reason::one_time_over: return wire::Reason::grace_over;
    case engine::Reason::policy: return wire::Reason::policy;
    case engine::Reason::old_password: return wire::Reason::old_password;
  }
  return wire::Reason::none;
}

wire::Reply to_wire(const engine::Standing& standing, Time now) {
  wire::Reply reply;
  reply.code = standing.code;
  reply.reason = to_wire(standing.reason);
  if (standing.code == Code::accepted && standing.too_early) reply.reason = wire::Reason::too_early;
  if (standing.due) {
    using days = std::chrono::duration<std::int64_t, std::ratio<86400>>;
    reply.due = std::chrono::floor<std::chrono::seconds>(*standing.due).time_since_epoch().count();
    reply.warn = standing.warn;
    if (*standing.due > now)
      reply.days_left =
          static_cast<std::uint32_t>(std::chrono::ceil<days>(*standing.due - now).count());
  }
  return reply;
}

std::vector<std::string> sentences(const std::vector<policy::Verdict>& verdicts) {
  std::vector<std::string> lines;
  for (const auto* verdict : engine::violations(verdicts)) lines.push_back(*verdict->violation);
  return lines;
}

Secret secret_of(std::span<const std::byte> bytes) {
  Secret secret = Secret::copy_of(bytes);
  if (!secret.ok()) throw std::bad_alloc();
  return secret;
}

bool worth_a_log_line(Code code) {
  return code == Code::configuration || code == Code::unavailable || code == Code::integrity ||
         code == Code::internal;
}

}  // namespace

Expected<engine::Realm> Service::realm(std::string_view name) {
  const auto engine = engine_.get();
  if (!engine) return tl::make_unexpected(engine.error());
  return (*engine)->realm(name);
}

Service::Answer Service::failed(const wire::Request& request, const Error& error) const {
  if (worth_a_log_line(error.code)) {
    syslog(error.code == Code::unavailable ? LOG_ERR : LOG_ALERT, "realm %s: %s",
           realm_name_.c_str(), error.message.c_str());
    audit::SecurityEvent event;
    event.event = "trouble";
    event.outcome = word(error.code);
    event.realm = realm_name_;
    event.source = source_;
    event.service = request.source.service;
    event.detail = error.message;
    engine_.tell(std::move(event));
  }
  Answer answer;
  answer.reply.code = error.code;
  // A password that is none: its owner can mend that. The rest is for the log.
  if (error.code == Code::usage || error.code == Code::conflict)
    answer.messages.push_back(error.message);
  return answer;
}

namespace {

const char* what_is_asked(wire::Kind kind) {
  switch (kind) {
    case wire::Kind::authenticate: return "to verify a password";
    case wire::Kind::account: return "about an account";
    case wire::Kind::check: return "to try a new password";
    case wire::Kind::change: return "to change a password";
    case wire::Kind::reset: return "to reset a password";
    case wire::Kind::rules: return "for the policy";
    case wire::Kind::session: return "to begin a session";
    case wire::Kind::enrol: return "to enrol a password";
  }
  return "for something unknown";
}

}  // namespace

// The caller is told no more than that; the trail of realm `system` says who asked
// for what.
Service::Answer Service::refused(const wire::Request& request) {
  note_refusal(engine_, refusals_, acting_uid(principal_, request.real_uid), realm_name_,
               what_is_asked(request.kind), request.account);
  Answer answer;
  answer.reply.code = Code::configuration;
  return answer;
}

Service::Answer Service::check(engine::Realm& realm, const wire::Request& request) {
  const Secret old = secret_of(request.old_password);
  const auto report = realm.check(request.account, old.empty() ? nullptr : &old,
                                  secret_of(request.password), engine::Realm::Depth::rules);
  if (!report) return failed(request, report.error());
  Answer answer;
  answer.messages = sentences(report->verdicts);
  answer.reply.code = answer.messages.empty() ? Code::accepted : Code::refused;
  answer.reply.reason = answer.messages.empty() ? wire::Reason::none : wire::Reason::policy;
  if (!report->strength) return answer;
  answer.reply.strength = static_cast<std::uint8_t>(report->strength->score);
  if (answer.messages.empty() && report->strength->score < policy::good_score)
    answer.messages.push_back(policy::advice(*report->strength));
  return answer;
}

// Only programs of root begin sessions; others may look, but not put a login of their
// own over the last one.
Service::Answer Service::begin_session(engine::Realm& realm, const wire::Request& request) {
  const auto last = principal_.peer.uid == 0 ? realm.begin_session(request.account, origin(request),
                                                                   request.source.rhost)
                                             : realm.last_login(request.account);
  if (!last) return failed(request, last.error());
  Answer answer;
  answer.reply.code = Code::accepted;
  answer.messages = notices(*last);
  return answer;
}

// A password that an administrator set is known to two. Of a service it is its user's, who
// may have forgotten the one before; root itself chooses.
bool Service::must_change(const wire::Request& request) const {
  const bool service = engine_.grants()->bound.count(principal_.peer.uid) > 0;
  return request.must_change || (principal_.peer.uid != 0 && !service);
}

engine::Actor Service::actor_of(const wire::Request& request) const {
  const uid_t uid = acting_uid(principal_, request.real_uid);
  return {"uid " + std::to_string(uid) +
              (request.source.service.empty() ? "" : " by " + std::string(request.source.service)),
          uid, source_, std::string(request.source.service), std::string(request.source.tty)};
}

Service::Answer Service::change(engine::Realm& realm, const wire::Request& request) {
  const Secret next = secret_of(request.password);
  const engine::Actor actor = actor_of(request);
  const bool reset = request.kind == wire::Kind::reset;
  const auto changed = reset ? realm.reset(request.account, next, must_change(request), actor)
                             : realm.change(request.account, secret_of(request.old_password), next,
                                            actor, origin(request));
  if (!changed) return failed(request, changed.error());
  Answer answer;
  answer.reply.code = changed->code;
  answer.reply.reason = to_wire(changed->reason);
  answer.messages = sentences(changed->verdicts);
  return answer;
}

// The password of a login that another module of the stack decided.
Service::Answer Service::enrol(engine::Realm& realm, const wire::Request& request) {
  engine::Profile profile;
  if (realm_name_ == engine::system_realm)
    profile.full_name = administration::full_name_of(std::string(request.account));
  const auto taken =
      realm.enrol_known(request.account, profile, secret_of(request.password), actor_of(request));
  if (!taken) return failed(request, taken.error());
  Answer answer;
  answer.reply.code = taken->code;
  answer.reply.reason = to_wire(taken->reason);
  return answer;
}

Service::Answer Service::answer(const wire::Request& request) {
  const auto grants = engine_.grants();
  realm_name_ = realm_of(principal_, request, *grants);
  source_ = source_of(principal_, request, *grants);
  if (!may(principal_, request, *grants)) return refused(request);
  auto opened = realm(realm_name_);
  if (!opened) {
    // A realm that is not there is the stack's mistake, not an unknown user.
    Error error = opened.error();
    if (error.code == Code::not_found) error.code = Code::configuration;
    return failed(request, error);
  }
  Answer answer;
  const Time now = SystemClock().now();
  switch (request.kind) {
    case wire::Kind::authenticate: {
      const auto result =
          opened->authenticate(request.account, secret_of(request.password), origin(request));
      if (!result) return failed(request, result.error());
      answer.reply = to_wire(result->standing, now);
      answer.reply.code = result->code;
      break;
    }
    case wire::Kind::account: {
      const auto standing = opened->standing(
          request.account, request.passwordless ? engine::Means::other : engine::Means::password);
      if (!standing) return failed(request, standing.error());
      answer.reply = to_wire(*standing, now);
      answer.messages = notices(*standing, answer.reply.days_left);
      break;
    }
    case wire::Kind::check: return check(*opened, request);
    case wire::Kind::session: return begin_session(*opened, request);
    case wire::Kind::rules:
      answer.reply.code = Code::accepted;
      answer.messages = opened->policy().requirements();
      break;
    case wire::Kind::change:
    case wire::Kind::reset: return change(*opened, request);
    case wire::Kind::enrol: return enrol(*opened, request);
  }
  return answer;
}

Secret Service::answer(std::span<const std::byte> body, const SendPart& send) {
  if (wire::is_order(body))
    return Administration(engine_, refusals_, looks_, principal_).answer(body, send);
  wire::Request request;
  Answer answer;
  if (!wire::decode(body, request)) {
    answer.reply.code = Code::usage;
  } else {
    speak(request.source.language);
    try {
      answer = this->answer(request);
    } catch (const std::bad_alloc&) {
      answer = failed(request, {Code::unavailable, "out of memory"});
    } catch (const std::exception& error) {
      answer = failed(request, {Code::internal, error.what()});
    }
  }
  const std::size_t count = std::min(answer.messages.size(), wire::max_messages);
  answer.reply.messages = static_cast<std::uint16_t>(count);
  for (std::size_t i = 0; i < count; ++i)
    answer.reply.message[i] =
        std::string_view(answer.messages[i]).substr(0, wire::max_message_bytes);
  return wire::encode(answer.reply);
}

}  // namespace cred::broker
