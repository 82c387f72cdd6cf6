// What people are told at a login, in their language.
#pragma once

#include "engine/engine.hpp"

#include <string>
#include <vector>

namespace cred::broker {

// Of a password that will have to be changed soon, or should be and does not stop this
// login. `days_left` until it is due, rounded up.
std::vector<std::string> notices(const engine::Standing& standing, unsigned days_left);

// When and from where the last login was, and how many failures came since.
std::vector<std::string> notices(const engine::LastLogin& last);

}  // namespace cred::broker
