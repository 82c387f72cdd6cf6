// The files of /etc/pam.d as lines: pam.conf(5), and Debian's @include.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cred::doctor {

enum class Facility : std::uint8_t { auth, account, password, session };
const char* word(Facility facility) noexcept;

// What a module returns, in the order of libpam's codes.
enum class Answer : std::uint8_t {
  success,
  open_err,
  symbol_err,
  service_err,
  system_err,
  buf_err,
  perm_denied,
  auth_err,
  cred_insufficient,
  authinfo_unavail,
  user_unknown,
  maxtries,
  new_authtok_reqd,
  acct_expired,
  session_err,
  cred_unavail,
  cred_expired,
  cred_err,
  no_module_data,
  conv_err,
  authtok_err,
  authtok_recover_err,
  authtok_lock_busy,
  authtok_disable_aging,
  try_again,
  ignore,
  abort,
  authtok_expired,
  module_unknown,
  bad_item,
  conv_again,
  incomplete,
};
inline constexpr std::size_t answers = 32;
// As it stands in square brackets.
std::string_view word(Answer answer) noexcept;

struct Action {
  enum class Kind : std::uint8_t { unset, ignore, ok, done, bad, die, reset, jump };
  Kind kind = Kind::unset;
  unsigned count = 0;  // of modules that a jump passes over
};
using Actions = std::array<Action, answers>;

struct PamLine {
  enum class Kind : std::uint8_t {
    module,
    include,   // the lines of this facility from another file
    substack,  // the same, as a stack in the stack
    all,       // @include: the lines of every facility
    broken,    // libpam lets it fail
  };
  Kind kind = Kind::broken;
  Facility facility = Facility::auth;
  Actions actions{};
  std::string control;  // as it was written
  std::string module;   // its path as it was written, or the other file's
  std::vector<std::string> arguments;
  std::string file;
  std::size_t number = 0;  // of the line, from 1
  std::string fault;       // of a broken one

  // "pam_unix" of "/lib/security/pam_unix.so".
  std::string name() const;
  bool has(std::string_view argument) const;
};

// Files beyond these bounds are none that a person wrote.
inline constexpr std::size_t largest_pam_file = std::size_t{256} * 1024;
inline constexpr std::size_t most_pam_lines = 2000;

// Every line that says something; `file` names it in the lines. Nothing: the text is past
// the bounds.
std::optional<std::vector<PamLine>> parse_pam_file(std::string_view text, const std::string& file);

}  // namespace cred::doctor
