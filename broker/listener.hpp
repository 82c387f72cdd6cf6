// The socket that credd serves: handed over by systemd, or made here.
#pragma once

#include "base/error.hpp"

#include <string>

namespace cred::broker {

// The listening socket that systemd started this process with (sd_listen_fds(3)), or
// -1. Clears the variables, so that no child takes it for its own.
int inherited_listener();

// Makes a listening socket that everybody may connect to: who may do what is decided
// by the kernel's word on the peer. Replaces a socket that nobody listens on. Errors:
// configuration (no permission, path too long, another credd listens).
Expected<int> make_listener(const std::string& path);

}  // namespace cred::broker
