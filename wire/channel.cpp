#include "wire/channel.hpp"

#include "base/bytes.hpp"
#include "wire/message.hpp"

#include <cerrno>
#include <ctime>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace cred::wire {
namespace {

std::int64_t monotonic_ms() noexcept {
  timespec now{};
  (void)clock_gettime(CLOCK_MONOTONIC, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1000000;
}

std::int64_t deadline_after(int timeout_ms) noexcept {
  return timeout_ms < 0 ? -1 : monotonic_ms() + timeout_ms;
}

// Waits until `fd` is ready. A signal of the host's own must not end the wait.
Io ready(int fd, short events, std::int64_t deadline) noexcept {
  for (;;) {
    int wait = -1;
    if (deadline >= 0) {
      const std::int64_t left = deadline - monotonic_ms();
      if (left <= 0) return Io::late;
      wait = static_cast<int>(left);
    }
    pollfd p{fd, events, 0};
    const int n = poll(&p, 1, wait);
    if (n > 0) return Io::done;
    if (n == 0) return Io::late;
    if (errno != EINTR) return Io::broken;
  }
}

}  // namespace

Channel& Channel::operator=(Channel&& other) noexcept {
  if (this != &other) {
    if (fd_ >= 0) (void)close(fd_);
    fd_ = other.fd_;
    other.fd_ = -1;
  }
  return *this;
}

Channel::~Channel() {
  if (fd_ >= 0) (void)close(fd_);
}

Io Channel::transfer(bool sending, std::span<std::byte> bytes, std::int64_t deadline,
                     bool frame_start) noexcept {
  std::size_t moved = 0;
  while (moved < bytes.size()) {
    const auto rest = bytes.subspan(moved);
    const ssize_t n = sending ? ::send(fd_, rest.data(), rest.size(), MSG_NOSIGNAL | MSG_DONTWAIT)
                              : recv(fd_, rest.data(), rest.size(), MSG_DONTWAIT);
    if (n > 0) {
      moved += static_cast<std::size_t>(n);
      continue;
    }
    if (n == 0) return frame_start && moved == 0 ? Io::closed : Io::broken;
    if (errno == EINTR) continue;
    if (errno != EAGAIN && errno != EWOULDBLOCK) return Io::broken;
    const Io waited = ready(fd_, sending ? POLLOUT : POLLIN, deadline);
    if (waited != Io::done) return waited;
  }
  return Io::done;
}

Io Channel::send(const Secret& frame, int timeout_ms) noexcept {
  // send(2) only reads; the cast lets one loop serve both directions.
  auto* data = const_cast<std::byte*>(frame.bytes().data());
  return transfer(true, {data, frame.size()}, deadline_after(timeout_ms), true);
}

Io Channel::receive(Secret& body, int timeout_ms) noexcept {
  const std::int64_t deadline = deadline_after(timeout_ms);
  std::byte header[header_bytes];
  const Io head = transfer(false, header, deadline, true);
  if (head != Io::done) return head;
  const std::uint32_t length = Reader(header).u32();
  if (length == 0 || length > max_body_bytes) return Io::malformed;
  Secret buffer(length);
  if (!buffer.ok()) return Io::no_memory;
  const Io rest = transfer(false, buffer.writable(), deadline, false);
  if (rest != Io::done) return rest;
  body = static_cast<Secret&&>(buffer);
  return Io::done;
}

}  // namespace cred::wire
