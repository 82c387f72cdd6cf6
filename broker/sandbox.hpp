// What credd as a service may still ask of the kernel: files, Unix sockets and threads.
#pragma once

#include "base/error.hpp"

namespace cred::broker {

// `reached` where the store is on a server.
enum class Network { closed, reached };

// From now on, for this thread and those that it starts: no program is executed, no
// process started, no network reached unless it is told so, no memory both writable and executable,
// and no system call made beyond a list. What is not allowed fails with EPERM. systemd's unit does
// the same and more; this is for machines without it. Cannot be undone. Errors: configuration (the
// kernel has no seccomp).
Expected<void> enter_sandbox(Network network = Network::closed);

}  // namespace cred::broker
