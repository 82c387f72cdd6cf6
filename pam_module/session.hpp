// One call of the host: its items, its conversation, its log.
//
// The conversation function is the host's code and may not come back: it may
// longjmp or be cancelled. So nothing that needs releasing is held across it; a
// password stays in the PAM item, which libpam wipes.
#pragma once

#include "pam_module/options.hpp"
#include "wire/message.hpp"

#include <cstddef>
#include <span>
#include <string_view>

namespace cred::pam {

// A value as it may stand in a log line: no control character and no blank, so
// that nobody forges a line or a field.
class Printable {
 public:
  explicit Printable(std::string_view value) noexcept;
  const char* c_str() const noexcept { return text_; }

 private:
  char text_[wire::max_text_bytes + 1];
};

enum class Prompt : unsigned char { password, current, fresh, retype };

// What the host is for, as far as libcred treats it differently.
enum class Occasion : unsigned char {
  login,  // a person comes in: sshd, login, a greeter, a locker
  job,    // nobody is there: cron, at, a user's service manager
  inside  // somebody who has logged in becomes somebody else: su, sudo
};

class Session {
 public:
  Session(pam_handle_t* pamh, int flags, const Options& options) noexcept
      : pamh_(pamh), flags_(flags), options_(options) {}

  pam_handle_t* handle() const noexcept { return pamh_; }
  const Options& options() const noexcept { return options_; }
  bool has(int flag) const noexcept { return (flags_ & flag) != 0; }

  // The account's name. PAM_USER_UNKNOWN for a name that no account can have.
  int user(std::string_view& name) const noexcept;
  // An item as text, empty when unset; valid until the item is set again.
  std::string_view item(int type) const noexcept;
  // Where the request comes from, each part cut to what a message carries.
  wire::Source source() const noexcept;
  Occasion occasion() const noexcept;
  // Whether no password was given for this: a job, or sshd took a key.
  bool passwordless() const noexcept;
  // The methods by which sshd let the person in, one a line: none of them yet while it asks
  // about the account, all when the session begins. Null: it has not told, or it is not sshd.
  const char* sshd_methods() const noexcept;
  // Remembers, as long as the handle lives, that a password is what was asked for.
  void note_password() const noexcept;

  // Whether the first pass of a change found no such account. A hint for the second one, so
  // that it asks for no password that another module will ask for: stacks may skip the first.
  void note_unknown(bool unknown) const noexcept;
  bool noted_unknown() const noexcept;

  // A password item (PAM_AUTHTOK or PAM_OLDAUTHTOK): whether it is set, its
  // bytes, and a way to forget it.
  bool is_set(int type) const noexcept;
  std::span<const std::byte> secret(int type) const noexcept;
  void forget(int type) const noexcept { (void)pam_set_item(pamh_, type, nullptr); }

  // Asks and leaves the answer in `type`. PAM_AUTHTOK_RECOVERY_ERR: no answer.
  int ask(int type, Prompt prompt) const noexcept;
  // Asks for PAM_AUTHTOK once more. PAM_TRY_AGAIN: another answer.
  int ask_again() const noexcept;

  // Texts for the person; nothing under PAM_SILENT. Cut to PAM_MAX_MSG_SIZE.
  void info(const char* format, ...) const noexcept __attribute__((format(printf, 2, 3)));
  void error(const char* format, ...) const noexcept __attribute__((format(printf, 2, 3)));

  void log(int priority, const char* format, ...) const noexcept
      __attribute__((format(printf, 3, 4)));
  void debug(const char* format, ...) const noexcept __attribute__((format(printf, 2, 3)));

  // What follows a wrong password: the delay and the line that log watchers know.
  // `name` is empty for an unknown account: it may be a password typed too early.
  void note_failure(std::string_view name) const noexcept;

 private:
  int converse(int style, const char* text, char** answer) const noexcept;
  int prompt(Prompt prompt, char** answer) const noexcept;
  void tell(int style, const char* format, __builtin_va_list values) const noexcept;

  pam_handle_t* pamh_;
  int flags_;
  const Options& options_;
};

// Whether a password is among the methods of `sshd_methods`.
bool names_password(const char* methods) noexcept;

// `text` in the language of the host, from Linux-PAM's own catalogue.
const char* translated(const char* text) noexcept __attribute__((format_arg(1)));

}  // namespace cred::pam
