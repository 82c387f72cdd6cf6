// Who is at the other end of a connection: the kernel's word.
#pragma once

#include <optional>
#include <sys/types.h>

namespace cred::broker {

struct Peer {
  uid_t uid = 0;
  gid_t gid = 0;
  pid_t pid = 0;
};

// SO_PEERCRED: what it was when the peer connected. Unset: not a connected Unix socket.
std::optional<Peer> peer_of(int fd);

}  // namespace cred::broker
