// Who may do what: decided by the kernel's word on the caller.
#pragma once

#include "wire/message.hpp"

#include <optional>
#include <string>
#include <sys/types.h>

namespace cred::broker {

struct Principal {
  uid_t uid = 0;  // effective
  // The real uid, where the kernel tells it too: of the process that started
  // `credd --stdio`. Else a caller that runs as root states it.
  std::optional<uid_t> real{};
};

// The one who acts: of effective and real uid the one that is not root.
uid_t acting_uid(const Principal& principal, const wire::Request& request);

// Where an attempt comes from, for counting and for turns: the person's uid; for
// programs that act for nobody else, such as sshd, the host that they name.
std::string source_of(const Principal& principal, const wire::Request& request);

// Root's programs ask about everybody, but only root in person resets. Everybody else
// asks about, and changes, their own account in realm `system`.
bool may(const Principal& principal, const wire::Request& request);

}  // namespace cred::broker
