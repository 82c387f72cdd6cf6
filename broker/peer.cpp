#include "broker/peer.hpp"

#include <sys/socket.h>

namespace cred::broker {

std::optional<Peer> peer_of(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || size != sizeof who)
    return std::nullopt;
  return Peer{who.uid, who.gid, who.pid};
}

}  // namespace cred::broker
