// Reaching credd: through its socket when one answers, otherwise by starting
// `credd --stdio` for one conversation. Leaves the host as it was: no SIGCHLD, no
// child to reap, no descriptor without CLOEXEC, an empty environment.
#pragma once

#include "wire/channel.hpp"

namespace cred::wire {

// Where a caller finds credd. Null: the built-in path.
struct Broker {
  const char* socket = nullptr;
  const char* program = nullptr;
  const char* configuration = nullptr;  // passed to a started credd as --config
};

// An open channel, or a closed one with errno set to the reason.
Channel connect(const Broker& broker) noexcept;

}  // namespace cred::wire
