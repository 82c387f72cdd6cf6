#include "cli/account_view.hpp"

#include "cli/credd_client.hpp"
#include "cli/desk.hpp"
#include "cli/own_account.hpp"

#include <nlohmann/json.hpp>

namespace cred::cli {
namespace {

void line(std::string& text, const std::string& label, const std::string& value) {
  if (value.empty()) return;
  if (!text.empty()) text += '\n';
  text += label + ":" + std::string(label.size() < 17 ? 17 - label.size() : 1, ' ') + value;
}

// A member's text, or that of a number; empty where it is null or missing.
std::string text_of(const nlohmann::json& object, const char* key) {
  const auto member = object.find(key);
  if (member == object.end() || member->is_null()) return {};
  return member->is_string() ? member->get<std::string>() : member->dump();
}

std::string parameters_text(const nlohmann::json& hash) {
  const std::string wrapped = text_of(hash, "wrapped");
  return "Argon2id, " + text_of(hash, "memory_kib") + " KiB, " + text_of(hash, "passes") +
         " passes, " + text_of(hash, "lanes") + " lanes" +
         (wrapped.empty() ? "" : ", over " + wrapped + " until the next login");
}

}  // namespace

std::string state_word(const nlohmann::json& status) {
  const std::string state = text_of(status, "state");
  return state == "active" && status.value("must_change", false) ? "must change" : state;
}

std::string due_text(const nlohmann::json& status) {
  const std::string due = text_of(status, "due");
  return due.empty() ? "never" : due;
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

std::string sentence_for(const std::string& reason) {
  for (int i = 0; i <= static_cast<int>(engine::Reason::old_password); ++i)
    if (reason == word(static_cast<engine::Reason>(i)))
      return reason_text(static_cast<engine::Reason>(i));
  return reason;
}

std::string session_text(const nlohmann::json& login) {
  std::string text = text_of(login, "at");
  const std::string host = text_of(login, "host");
  const std::string tty = text_of(login, "tty");
  if (!host.empty()) text += " from " + host;
  if (host.empty() && !tty.empty()) text += " on " + tty;
  return text + " (" + text_of(login, "service") + ")";
}

void profile_lines(std::string& text, const nlohmann::json& status) {
  const auto& p = status.at("profile");
  line(text, "Id", text_of(status, "id"));
  line(text, "Full name", text_of(p, "full_name"));
  line(text, "E-mail", text_of(p, "email"));
  line(text, "Birth date", text_of(p, "birth_date"));
  line(text, "Phone", text_of(p, "phone"));
  for (const auto& [key, value] : p.at("attributes").items()) line(text, key, value);
  line(text, "Added", text_of(p, "added"));
  line(text, "Passwords so far", text_of(status, "passwords"));
  line(text, "Hash", parameters_text(status.at("hash")));
}

std::string status_text(const nlohmann::json& status) {
  std::string text;
  line(text, "Account", text_of(status, "account"));
  line(text, "State", state_word(status));
  line(text, "Why", sentence_for(text_of(status, "reason")));
  line(text, "Password set", text_of(status, "set"));
  line(text, "Change due", due_text(status));
  line(text, "Attempts left", text_of(status, "attempts_left"));
  if (const std::string failures = text_of(status, "failures"); failures != "0")
    line(text, "Failures", failures);
  const std::string blocked = text_of(status, "blocked_until");
  line(text, "Waits until", blocked == "never" ? "an administrator unlocks it" : blocked);
  line(text, "Last login", text_of(status, "last_login"));
  if (const auto& last = status.at("last_session"); !last.is_null())
    line(text, "Last session", session_text(last));
  if (const std::string until = text_of(status, "exempt_until"); !until.empty())
    line(text, "Exempt until", until + ": " + text_of(status, "exempt_reason"));
  if (status.contains("profile")) profile_lines(text, status);
  return text;
}

}  // namespace

int show_account(const Session& session, const std::string& name, bool with_profile) {
  using engine::Operation;
  Desk desk(session);
  // What everybody may know of the own account takes no role.
  if (desk.through_credd() && !with_profile && name == own_login())
    return show_through_credd(session, name);
  administration::Command command{with_profile ? Operation::user_show : Operation::status};
  const auto outcome = desk.run(command.with("account", name));
  // Services have no role, and may ask about their realm all the same.
  if (desk.through_credd() && !with_profile && outcome.code == Code::configuration)
    return show_through_credd(session, name);
  return conclude(session, outcome,
                  outcome.code == Code::accepted ? status_text(outcome.details) : "");
}

}  // namespace cred::cli
