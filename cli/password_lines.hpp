// Reads a list of passwords, one a line, in blocks that are wiped.
#pragma once

#include "base/secret.hpp"

#include <cstdint>

namespace cred::cli {

// Unlike Secret::from_line it reads ahead, so nobody else can go on with the
// descriptor: for whole lists.
class PasswordLines {
 public:
  explicit PasswordLines(int fd) noexcept;
  // The next line, without its end (LF or CR LF). A line that is too long is
  // skipped whole.
  Secret::Line next(Secret& line) noexcept;
  // How many bytes were taken so far.
  std::uint64_t position() const { return position_; }

 private:
  // False: end of input, or an error, which `state` tells.
  bool fill(Secret::Line& state) noexcept;

  const int fd_;
  Secret block_;
  std::size_t from_ = 0;
  std::size_t to_ = 0;
  std::uint64_t position_ = 0;
};

}  // namespace cred::cli
