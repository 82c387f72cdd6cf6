#include "pam_module/session.hpp"

#include "base/language.hpp"

#include <cstdarg>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <libintl.h>
#include <syslog.h>
#include <unistd.h>

#include <security/pam_ext.h>
#include <security/pam_modutil.h>

namespace cred::pam {
namespace {

constexpr unsigned failure_delay_us = 2'000'000;
constexpr const char* password_mark = "pam_cred_password";
constexpr const char* unknown_mark = "pam_cred_unknown";

std::string_view cut(std::string_view text) noexcept {
  if (text.size() <= wire::max_text_bytes) return text;
  std::size_t size = wire::max_text_bytes;
  // Not inside a UTF-8 sequence.
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xc0U) == 0x80U) --size;
  return {text.data(), size};
}

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; }

// No path, no record separator and no option may be made of a name.
bool is_name(std::string_view name) noexcept {
  if (name.empty() || name.size() > wire::max_text_bytes) return false;
  if (name.front() == '-' || name.front() == '+' || name == "." || name == "..") return false;
  for (const char c : name)
    if (is_control(c) || c == '/' || c == ':') return false;
  return true;
}

void discard(char* answer) noexcept {
  if (answer == nullptr) return;
  wipe(answer, std::strlen(answer));
  std::free(answer);
}

// Equal in time that depends on the lengths alone.
bool same(const char* left, std::span<const std::byte> right) noexcept {
  const std::size_t size = std::strlen(left);
  if (size != right.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < size; ++i)
    difference |= static_cast<unsigned char>(left[i]) ^ std::to_integer<unsigned>(right[i]);
  return difference == 0;
}

}  // namespace

const char* translated(const char* text) noexcept { return dgettext("Linux-PAM", text); }

Printable::Printable(std::string_view value) noexcept {
  const std::string_view shown = cut(value);
  for (std::size_t i = 0; i < shown.size(); ++i)
    text_[i] = is_control(shown[i]) || shown[i] == ' ' ? '?' : shown[i];
  text_[shown.size()] = '\0';
}

int Session::user(std::string_view& name) const noexcept {
  const char* given = nullptr;
  const int result = pam_get_user(pamh_, &given, nullptr);
  if (result == PAM_CONV_AGAIN) return PAM_INCOMPLETE;
  if (result != PAM_SUCCESS) return result;
  if (given == nullptr || !is_name(given)) {
    debug("no account can have this name");
    return PAM_USER_UNKNOWN;
  }
  name = given;
  return PAM_SUCCESS;
}

std::string_view Session::item(int type) const noexcept {
  const void* value = nullptr;
  if (pam_get_item(pamh_, type, &value) != PAM_SUCCESS || value == nullptr) return {};
  return static_cast<const char*>(value);
}

wire::Source Session::source() const noexcept {
  // A login service keeps the environment of the session-to-be in the PAM handle.
  const auto variable = [this](const char* name) -> const char* {
    const char* value = pam_getenv(pamh_, name);
    return value != nullptr ? value : std::getenv(name);
  };
  return {cut(item(PAM_SERVICE)), cut(item(PAM_TTY)), cut(item(PAM_RHOST)), cut(item(PAM_RUSER)),
          wanted_language(variable)};
}

Occasion Session::occasion() const noexcept {
  const std::string_view service = item(PAM_SERVICE);
  for (const std::string_view job : {"cron", "crond", "anacron", "atd", "systemd-user"})
    if (service == job) return Occasion::job;
  for (const std::string_view inside :
       {"su", "su-l", "sudo", "sudo-i", "runuser", "runuser-l", "polkit-1", "pkexec", "doas"})
    if (service == inside) return Occasion::inside;
  return Occasion::login;
}

void Session::note_password() const noexcept {
  // Nothing is behind the pointer, so nothing needs a clean-up that might be unmapped.
  (void)pam_set_data(pamh_, password_mark, pamh_, nullptr);
}

bool Session::passwordless() const noexcept {
  const void* mark = nullptr;
  if (pam_get_data(pamh_, password_mark, &mark) == PAM_SUCCESS) return false;
  if (occasion() == Occasion::job) return true;
  // sshd lists the methods that succeeded, but when it comes to ask about the account without
  // those of this very moment.
  const char* methods = sshd_methods();
  return methods != nullptr && !names_password(methods);
}

const char* Session::sshd_methods() const noexcept {
  // Elsewhere a user's own environment file might set the variable (ExposeAuthInfo in
  // sshd_config(5)).
  return item(PAM_SERVICE).starts_with("sshd") ? pam_getenv(pamh_, "SSH_AUTH_INFO_0") : nullptr;
}

bool names_password(const char* methods) noexcept {
  for (const char* line = methods; line != nullptr;) {
    const std::string_view method = line;
    if (method.starts_with("password") || method.starts_with("keyboard-interactive")) return true;
    line = std::strchr(line, '\n');
    if (line != nullptr) ++line;
  }
  return false;
}

void Session::note_unknown(bool unknown) const noexcept {
  (void)pam_set_data(pamh_, unknown_mark, unknown ? pamh_ : nullptr, nullptr);
}

bool Session::noted_unknown() const noexcept {
  const void* mark = nullptr;
  return pam_get_data(pamh_, unknown_mark, &mark) == PAM_SUCCESS && mark != nullptr;
}

bool Session::is_set(int type) const noexcept { return item(type).data() != nullptr; }

std::span<const std::byte> Session::secret(int type) const noexcept {
  return std::as_bytes(std::span(item(type)));
}

int Session::converse(int style, const char* text, char** answer) const noexcept {
  const void* found = nullptr;
  if (pam_get_item(pamh_, PAM_CONV, &found) != PAM_SUCCESS || found == nullptr) return PAM_CONV_ERR;
  const auto* conversation = static_cast<const pam_conv*>(found);
  if (conversation->conv == nullptr) return PAM_CONV_ERR;
  // One message a call: Linux-PAM and Solaris read an array of several differently.
  const pam_message message{style, text};
  const pam_message* messages = &message;
  pam_response* response = nullptr;
  const int result = conversation->conv(1, &messages, &response, conversation->appdata_ptr);
  if (result == PAM_CONV_AGAIN) return PAM_INCOMPLETE;
  if (result == PAM_BUF_ERR) return PAM_BUF_ERR;
  // After a failure the response may be anything.
  if (result != PAM_SUCCESS) return PAM_CONV_ERR;
  if (response == nullptr) return PAM_SUCCESS;
  if (answer != nullptr)
    *answer = response->resp;
  else
    discard(response->resp);
  std::free(response);
  return PAM_SUCCESS;
}

int Session::prompt(Prompt prompt, char** answer) const noexcept {
  const char* text = nullptr;
  const char* type = "";
  if (prompt != Prompt::password) {
    // An argument counts for the modules that follow as well, as libpam has it.
    if (options_.authtok_type != nullptr)
      (void)pam_set_item(pamh_, PAM_AUTHTOK_TYPE, options_.authtok_type);
    const std::string_view set = item(PAM_AUTHTOK_TYPE);
    if (set.data() != nullptr) type = set.data();
  }
  const bool typed = *type != '\0';
  char line[PAM_MAX_MSG_SIZE];
  switch (prompt) {
    case Prompt::password: text = translated("Password: "); break;
    case Prompt::current:
      if (!typed)
        text = translated("Current password: ");
      else
        (void)std::snprintf(line, sizeof line, translated("Current %s password: "), type);
      break;
    case Prompt::fresh:
      if (!typed)
        text = translated("New password: ");
      else
        (void)std::snprintf(line, sizeof line, translated("New %s password: "), type);
      break;
    case Prompt::retype:
      if (!typed)
        text = translated("Retype new password: ");
      else
        (void)std::snprintf(line, sizeof line, translated("Retype new %s password: "), type);
      break;
  }
  const int result = converse(PAM_PROMPT_ECHO_OFF, text != nullptr ? text : line, answer);
  if (result != PAM_SUCCESS) return result;
  return *answer != nullptr ? PAM_SUCCESS : PAM_AUTHTOK_RECOVERY_ERR;
}

int Session::ask(int type, Prompt which) const noexcept {
  char* answer = nullptr;
  int result = prompt(which, &answer);
  if (result == PAM_SUCCESS) result = pam_set_item(pamh_, type, answer);
  discard(answer);
  return result;
}

int Session::ask_again() const noexcept {
  char* answer = nullptr;
  int result = prompt(Prompt::retype, &answer);
  if (result == PAM_SUCCESS && !same(answer, secret(PAM_AUTHTOK))) result = PAM_TRY_AGAIN;
  discard(answer);
  return result;
}

void Session::tell(int style, const char* format, va_list values) const noexcept {
  if (has(PAM_SILENT)) return;
  char line[PAM_MAX_MSG_SIZE];
  (void)std::vsnprintf(line, sizeof line, format, values);
  // A terminal obeys control characters.
  for (char* c = line; *c != '\0'; ++c)
    if (is_control(*c)) *c = ' ';
  (void)converse(style, line, nullptr);
}

void Session::info(const char* format, ...) const noexcept {
  va_list values;
  va_start(values, format);
  tell(PAM_TEXT_INFO, format, values);
  va_end(values);
}

void Session::error(const char* format, ...) const noexcept {
  va_list values;
  va_start(values, format);
  tell(PAM_ERROR_MSG, format, values);
  va_end(values);
}

void Session::log(int priority, const char* format, ...) const noexcept {
  va_list values;
  va_start(values, format);
  pam_vsyslog(pamh_, priority, format, values);
  va_end(values);
}

void Session::debug(const char* format, ...) const noexcept {
  if (!options_.debug) return;
  va_list values;
  va_start(values, format);
  pam_vsyslog(pamh_, LOG_DEBUG, format, values);
  va_end(values);
}

void Session::note_failure(std::string_view name) const noexcept {
  if (!options_.nodelay) (void)pam_fail_delay(pamh_, failure_delay_us);
  const char* login = pam_modutil_getlogin(pamh_);
  const Printable logname(login != nullptr ? login : "");
  const Printable tty(item(PAM_TTY));
  const Printable ruser(item(PAM_RUSER));
  const Printable rhost(item(PAM_RHOST));
  const Printable user(name);
  log(LOG_NOTICE, "authentication failure; logname=%s uid=%d euid=%d tty=%s ruser=%s rhost=%s %s%s",
      logname.c_str(), static_cast<int>(getuid()), static_cast<int>(geteuid()), tty.c_str(),
      ruser.c_str(), rhost.c_str(), name.empty() ? "" : " user=", user.c_str());
}

}  // namespace cred::pam
