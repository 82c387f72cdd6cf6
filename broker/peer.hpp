// Who is at the other end of a connection: the kernel's word.
#pragma once

#include <optional>
#include <sys/types.h>
#include <vector>

namespace cred::broker {

struct Peer {
  uid_t uid = 0;  // effective
  gid_t gid = 0;
  pid_t pid = 0;
  std::vector<gid_t> groups{};  // supplementary; empty before Linux 4.13
};

// SO_PEERCRED and SO_PEERGROUPS: what it was when the peer connected. Unset: not a
// connected Unix socket.
std::optional<Peer> peer_of(int fd);

}  // namespace cred::broker
