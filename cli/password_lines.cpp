#include "cli/password_lines.hpp"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace cred::cli {
namespace {

constexpr std::size_t block_bytes = 65536;
// A line of the greatest length, and the CR that belongs to its end.
constexpr std::size_t most = max_password_bytes + 1;

}  // namespace

PasswordLines::PasswordLines(int fd) noexcept : fd_(fd), block_(block_bytes) {}

bool PasswordLines::fill(Secret::Line& state) noexcept {
  ssize_t got = 0;
  do got = read(fd_, block_.uchars(), block_.size());
  while (got < 0 && errno == EINTR);
  state = got < 0 ? Secret::Line::failed : Secret::Line::end;
  if (got <= 0) return false;
  from_ = 0;
  to_ = static_cast<std::size_t>(got);
  position_ += to_;
  return true;
}

Secret::Line PasswordLines::next(Secret& line) noexcept {
  Secret buffer(most);
  if (!block_.ok() || !buffer.ok()) {
    errno = ENOMEM;
    return Secret::Line::failed;
  }
  std::size_t length = 0;
  bool began = false;
  bool too_long = false;
  for (bool ended = false; !ended;) {
    auto state = Secret::Line::end;
    if (from_ == to_ && !fill(state)) {
      if (state == Secret::Line::failed || !began) return state;
      break;
    }
    began = true;
    const unsigned char* first = block_.uchars() + from_;
    const unsigned char* last = block_.uchars() + to_;
    const unsigned char* newline = std::find(first, last, '\n');
    ended = newline != last;
    const auto bytes = static_cast<std::size_t>(newline - first);
    from_ += bytes + (ended ? 1 : 0);
    const std::size_t taken = std::min(bytes, most - length);
    std::memcpy(buffer.uchars() + length, first, taken);
    length += taken;
    too_long |= taken < bytes;
  }
  if (!too_long && length > 0 && buffer.uchars()[length - 1] == '\r') --length;
  if (too_long || length > max_password_bytes) return Secret::Line::too_long;
  buffer.shrink(length);
  line = std::move(buffer);
  return Secret::Line::read;
}

}  // namespace cred::cli
