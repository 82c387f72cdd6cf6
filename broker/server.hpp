// credd as a service: many conversations at once on a Unix socket.
#pragma once

#include "base/error.hpp"

#include <cstddef>
#include <string>

namespace cred::broker {

struct ServerSettings {
  std::string configuration;  // a path, or empty for the built-in one
  int listener = -1;          // a listening socket that was handed over, or
  std::string socket_path;    // where to make one
};

// Serves until SIGTERM or SIGINT, or, on a listener that was handed over, until
// nobody was there for a minute. Requests under way are answered. SIGHUP reads the
// configuration anew. Errors: configuration (no socket can be made, another credd
// serves it).
Expected<void> serve(const ServerSettings& settings);

}  // namespace cred::broker
