// The arguments of the module's line in a PAM service file.
#pragma once

#include <security/pam_modules.h>

namespace cred::pam {

// The strings belong to libpam and live as long as the handle.
struct Options {
  const char* realm = "system";
  const char* socket = nullptr;         // null: the built-in path
  const char* configuration = nullptr;  // for a credd that this call has to start
  const char* authtok_type = nullptr;   // null: not given
  int retry = 1;                        // tries at a new password
  bool use_first_pass = false;
  bool use_authtok = false;
  bool debug = false;
  bool nodelay = false;
  bool migrate = false;  // take what other modules found right, and nothing else

  // An argument that is unknown or makes no sense is logged and otherwise ignored,
  // so that a slip in a service file locks nobody out.
  static Options parse(pam_handle_t* pamh, int argc, const char** argv) noexcept;
};

}  // namespace cred::pam
