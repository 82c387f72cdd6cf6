#include "cli/account_view.hpp"

#include "cli/own_account.hpp"
#include "engine/units.hpp"

#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

void line(std::string& text, const std::string& label, const std::string& value) {
  if (value.empty()) return;
  if (!text.empty()) text += '\n';
  text += label + ":" + std::string(label.size() < 17 ? 17 - label.size() : 1, ' ') + value;
}

std::string parameters_text(const hash::Parameters& p) {
  return "Argon2id, " + std::to_string(p.memory) + " KiB, " + std::to_string(p.passes) +
         " passes, " + std::to_string(p.lanes) + " lanes";
}

}  // namespace

std::string state_word(const engine::Status& status) {
  switch (status.state) {
    case engine::State::locked: return "locked";
    case engine::State::disabled: return "disabled";
    case engine::State::active: break;
  }
  return status.standing.code == Code::must_change ? "must change" : "active";
}

std::string due_text(const engine::Standing& standing) {
  return standing.due ? engine::print_time(*standing.due) : "never";
}

std::string reason_text(engine::Reason reason) {
  switch (reason) {
    case engine::Reason::expired: return "it has expired";
    case engine::Reason::forced: return "an administrator asks for it";
    case engine::Reason::compromised: return "it may be known to others";
    case engine::Reason::grace_over:
      return "it expired too long ago; an administrator must reset it";
    case engine::Reason::one_time_over:
      return "it was set for one login, whose time is over; an administrator must reset it";
    case engine::Reason::idle:
      return "it was not used for too long; an administrator must reset the password";
    case engine::Reason::too_early: return "it was changed too recently";
    case engine::Reason::locked: return "the account is locked";
    case engine::Reason::disabled: return "the account is disabled";
    case engine::Reason::policy: return "the policy refuses the new one";
    case engine::Reason::old_password: return "the current password is wrong";
    case engine::Reason::none: break;
  }
  return "";
}

namespace {

std::string session_text(const engine::Login& login) {
  std::string text = engine::print_time(login.at);
  if (!login.host.empty()) text += " from " + login.host;
  if (login.host.empty() && !login.tty.empty()) text += " on " + login.tty;
  return text + " (" + login.service + ")";
}

nlohmann::json session_json(const engine::LastLogin& last) {
  if (!last.login) return nullptr;
  return {{"at", engine::print_time(last.login->at)},
          {"host", last.login->host},
          {"tty", last.login->tty},
          {"service", last.login->service},
          {"failures_since", last.failures_since}};
}

}  // namespace

nlohmann::json status_json(const engine::Status& s) {
  nlohmann::json j{{"account", s.name},
                   {"id", to_string(s.id)},
                   {"generation", s.generation},
                   {"state", s.state == engine::State::active   ? "active"
                             : s.state == engine::State::locked ? "locked"
                                                                : "disabled"},
                   {"must_change", s.standing.code == Code::must_change},
                   {"reason", word(s.standing.reason)},
                   {"set", engine::print_time(s.standing.set_at)},
                   {"due", nullptr},
                   {"warn", s.standing.warn},
                   {"passwords", s.passwords},
                   {"failures", s.failures},
                   {"attempts_left", s.attempts_left},
                   {"blocked_until", nullptr}};
  if (s.standing.due) j["due"] = engine::print_time(*s.standing.due);
  if (s.blocked_until)
    j["blocked_until"] =
        *s.blocked_until == Time::max() ? "never" : engine::print_time(*s.blocked_until);
  j["last_login"] = s.last_login ? nlohmann::json(engine::print_time(*s.last_login)) : nullptr;
  j["last_session"] = session_json(s.last_session);
  j["session_epoch"] = s.session_epoch;
  j["exempt_until"] =
      s.exempt_until ? nlohmann::json(engine::print_time(*s.exempt_until)) : nullptr;
  if (s.exempt_until) j["exempt_reason"] = s.exempt_reason;
  return j;
}

nlohmann::json profile_json(const engine::Profile& p) {
  return {{"full_name", p.full_name},   {"email", p.email},
          {"birth_date", p.birth_date}, {"phone", p.phone},
          {"attributes", p.attributes}, {"added", engine::print_time(p.created_at)}};
}

int show_account(const Session& session, const std::string& name, bool with_profile) {
  auto realm = session.realm();
  // Others than root cannot open the store.
  if (!realm && !with_profile && Session::lacks_rights(realm.error()))
    return show_through_credd(session, name);
  if (!realm) return session.fail(realm.error());
  const auto status = realm->status(name);
  if (!status) return session.fail(status.error());
  auto details = status_json(*status);
  std::string text;
  line(text, "Account", status->name);
  line(text, "State", state_word(*status));
  line(text, "Why", reason_text(status->standing.reason));
  line(text, "Password set", engine::print_time(status->standing.set_at));
  line(text, "Change due", due_text(status->standing));
  line(text, "Attempts left", std::to_string(status->attempts_left));
  line(text, "Failures", status->failures == 0 ? "" : std::to_string(status->failures));
  if (status->blocked_until)
    line(text, "Waits until",
         *status->blocked_until == Time::max() ? "an administrator unlocks it"
                                               : engine::print_time(*status->blocked_until));
  if (status->last_login) line(text, "Last login", engine::print_time(*status->last_login));
  if (const auto& session_before = status->last_session.login)
    line(text, "Last session", session_text(*session_before));
  if (status->exempt_until)
    line(text, "Exempt until",
         engine::print_time(*status->exempt_until) + ": " + status->exempt_reason);
  if (with_profile) {
    const auto& p = status->profile;
    line(text, "Id", to_string(status->id));
    line(text, "Full name", p.full_name);
    line(text, "E-mail", p.email);
    line(text, "Birth date", p.birth_date);
    line(text, "Phone", p.phone);
    for (const auto& [key, value] : p.attributes) line(text, key, value);
    line(text, "Added", engine::print_time(p.created_at));
    line(text, "Passwords so far", std::to_string(status->passwords));
    line(
        text, "Hash",
        parameters_text(status->parameters) +
            (status->wrapped.empty() ? "" : ", over " + status->wrapped + " until the next login"));
    details["profile"] = profile_json(p);
    details["hash"] = {
        {"memory_kib", status->parameters.memory},
        {"passes", status->parameters.passes},
        {"lanes", status->parameters.lanes},
        {"wrapped", status->wrapped.empty() ? nlohmann::json() : nlohmann::json(status->wrapped)}};
  }
  return session.finish(Code::accepted, text, details);
}

}  // namespace cred::cli
