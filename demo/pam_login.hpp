// A small login program: what sshd and login do with PAM, with the answers of a
// person given beforehand.
#pragma once

#include <string>
#include <vector>

namespace demo {

struct Login {
  bool in = false;
  bool changed = false;  // the password was changed on the way in
  int authenticate = 0;  // PAM's codes, for the summary
  int account = 0;
};

// Asks PAM's service `login` in `services` to let `user` in. Prints what the user
// sees and types; the passwords of this demonstration are nobody's.
Login log_in(const std::string& services, const std::string& user,
             std::vector<std::string> answers);

std::string pam_text(int code);

}  // namespace demo
