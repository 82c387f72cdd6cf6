// An sshd of this machine's own, on a port of its own, and clients of it.
#pragma once

#include <string>
#include <vector>

inline constexpr char password_method[] = "password";
inline constexpr char keyboard_interactive[] = "keyboard-interactive";

// What the client types to log in; `rest` is its command, none for a shell. The first call
// starts sshd, whose PAM service is /etc/pam.d/sshd.
std::vector<std::string> ssh(const std::string& method, const std::string& name,
                             std::vector<std::string> rest = {"id", "-un"});

// Logs in and says whether the person's own command ran.
bool let_in(const std::string& method, const std::string& name, const std::string& password);
