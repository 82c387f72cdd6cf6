// Keeping a process that handles secrets from leaking them.
#pragma once

namespace cred {

// No core dump, no ptrace by others of the same user, no file readable by others.
void harden_process() noexcept;

}  // namespace cred
