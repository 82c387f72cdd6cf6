#include "base/file.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace cred {

Expected<std::string> read_file(const std::string& path, std::size_t largest) {
  const auto unreadable = [](int reason) {
    return fail(Code::configuration, std::string("cannot be read: ") + std::strerror(reason));
  };
  // Not waiting for a writer where somebody put a pipe.
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return unreadable(errno);
  std::string text;
  std::vector<char> chunk(65536);
  ssize_t got = 0;
  while ((got = read(fd, chunk.data(), chunk.size())) > 0 && text.size() <= largest)
    text.append(chunk.data(), static_cast<std::size_t>(got));
  const int reason = errno;
  (void)close(fd);
  if (got < 0) return unreadable(reason);
  if (text.size() > largest)
    return fail(Code::integrity,
                "is larger than " + std::to_string(largest / 1024 / 1024) + " MiB");
  return text;
}

}  // namespace cred
