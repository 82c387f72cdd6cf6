// Frames over a connected Unix stream socket, with a deadline. Needs libc alone.
#pragma once

#include "base/secret.hpp"

#include <cstdint>
#include <span>

namespace cred::wire {

enum class Io : std::uint8_t {
  done,
  closed,     // the peer closed before the first byte of a frame
  broken,     // it closed inside a frame, or the socket failed
  malformed,  // a length of nought or past max_body_bytes
  late,       // the deadline passed
  no_memory,
};

// Owns a descriptor.
class Channel {
 public:
  Channel() noexcept = default;
  explicit Channel(int fd) noexcept : fd_(fd) {}
  Channel(Channel&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  Channel& operator=(Channel&& other) noexcept;
  Channel(const Channel&) = delete;
  Channel& operator=(const Channel&) = delete;
  ~Channel();

  bool open() const noexcept { return fd_ >= 0; }
  int fd() const noexcept { return fd_; }

  // Sends a whole frame, as `encode` made it. Never raises SIGPIPE.
  Io send(const Secret& frame, int timeout_ms) noexcept;
  // Receives one frame and leaves its body in `body`. `timeout_ms` < 0: no limit.
  Io receive(Secret& body, int timeout_ms) noexcept;

 private:
  Io transfer(bool sending, std::span<std::byte> bytes, std::int64_t deadline,
              bool frame_start) noexcept;
  int fd_ = -1;
};

}  // namespace cred::wire
