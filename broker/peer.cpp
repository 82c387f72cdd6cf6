#include "broker/peer.hpp"

#include <cerrno>
#include <sys/socket.h>

namespace cred::broker {
namespace {

std::vector<gid_t> groups_of(int fd) {
  std::vector<gid_t> groups(32);
  for (;;) {
    auto size = static_cast<socklen_t>(groups.size() * sizeof(gid_t));
    const int result = getsockopt(fd, SOL_SOCKET, SO_PEERGROUPS, groups.data(), &size);
    const std::size_t count = size / sizeof(gid_t);
    if (result == 0) {
      groups.resize(count);
      return groups;
    }
    if (errno != ERANGE || count <= groups.size()) return {};
    groups.resize(count);  // the kernel says how many there are
  }
}

}  // namespace

std::optional<Peer> peer_of(int fd) {
  ucred who{};
  socklen_t size = sizeof who;
  if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0 || size != sizeof who)
    return std::nullopt;
  return Peer{who.uid, who.gid, who.pid, groups_of(fd)};
}

}  // namespace cred::broker
