#include "policy/breach_source.hpp"

#include "base/error.hpp"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

namespace cred::policy {
namespace {

constexpr std::size_t hash_digits = 40;
constexpr std::size_t prefix_digits = 16;
constexpr std::size_t longest_line = 256;
constexpr std::size_t buffer_bytes = 1024 * 1024;

gzFile stream_of(void* stream) { return static_cast<gzFile>(stream); }

int digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

}  // namespace

BreachLine parse_breach_line(std::string_view line, std::uint64_t& prefix) {
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  if (line.empty()) return BreachLine::nothing;
  if (line.size() < hash_digits) return BreachLine::malformed;
  prefix = 0;
  for (std::size_t i = 0; i < hash_digits; ++i) {
    const int value = digit(line[i]);
    if (value < 0) return BreachLine::malformed;
    if (i < prefix_digits) prefix = prefix << 4U | static_cast<std::uint64_t>(value);
  }
  std::string_view count = line.substr(hash_digits);
  if (count.empty()) return BreachLine::hash;
  if (count.front() != ':' || count.size() < 2) return BreachLine::malformed;
  bool zero = true;
  for (const char c : count.substr(1)) {
    if (c < '0' || c > '9') return BreachLine::malformed;
    zero = zero && c == '0';
  }
  return zero ? BreachLine::nothing : BreachLine::hash;
}

BreachSource::BreachSource(const std::string& path)
    : name_(path == "-" ? "standard input" : path), buffer_(buffer_bytes) {
  const int fd = path == "-" ? dup(STDIN_FILENO) : open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat info {};
  if (fd < 0 || fstat(fd, &info) != 0 || S_ISDIR(info.st_mode)) {
    if (fd >= 0) errno = EISDIR;
    const std::string reason = std::strerror(errno);
    if (fd >= 0) (void)close(fd);
    throw Failure(Code::configuration, "cannot read " + name_ + ": " + reason);
  }
  if (S_ISREG(info.st_mode)) size_ = static_cast<std::uint64_t>(info.st_size);
  gzFile stream = gzdopen(fd, "rb");  // reads what is not gzip as it is
  if (stream == nullptr) {
    (void)close(fd);
    throw Failure(Code::unavailable, "no memory to read " + name_);
  }
  (void)gzbuffer(stream, static_cast<unsigned>(buffer_bytes / 4));
  stream_ = stream;
}

BreachSource::~BreachSource() { (void)gzclose_r(stream_of(stream_)); }

std::uint64_t BreachSource::position() const {
  const z_off_t offset = gzoffset(stream_of(stream_));
  return offset < 0 ? 0 : static_cast<std::uint64_t>(offset);
}

// Brings in more behind what is not read yet.
bool BreachSource::fill() {
  if (ended_) return false;
  std::memmove(buffer_.data(), buffer_.data() + at_, have_ - at_);
  have_ -= at_;
  at_ = 0;
  const int got = gzread(stream_of(stream_), buffer_.data() + have_,
                         static_cast<unsigned>(buffer_.size() - have_));
  int error = Z_OK;
  const char* reason = gzerror(stream_of(stream_), &error);
  // Z_BUF_ERROR comes with the last bytes of a gzip file that ends too early.
  if (got < 0 || error != Z_OK)
    throw Failure(Code::unavailable, name_ + ", after line " + std::to_string(number_) + ": " +
                                         (error == Z_BUF_ERROR ? "the gzip file ends too early"
                                          : error == Z_ERRNO   ? std::strerror(errno)
                                                               : reason));
  ended_ = got == 0;
  have_ += static_cast<std::size_t>(got);
  return got > 0;
}

bool BreachSource::line(std::string_view& text) {
  for (;;) {
    const char* begin = buffer_.data() + at_;
    const auto* newline = static_cast<const char*>(std::memchr(begin, '\n', have_ - at_));
    if (newline != nullptr || (ended_ && at_ < have_)) {
      const char* end = newline != nullptr ? newline : buffer_.data() + have_;
      text = {begin, static_cast<std::size_t>(end - begin)};
      at_ += text.size() + (newline != nullptr ? 1 : 0);
      ++number_;
      return true;
    }
    if (have_ - at_ > longest_line)
      throw Failure(Code::usage, name_ + ":" + std::to_string(number_ + 1) +
                                     ": the line is too long for SHA1-HEX:COUNT");
    if (!fill() && at_ == have_) return false;
  }
}

bool BreachSource::next(std::uint64_t& prefix) {
  std::string_view text;
  while (line(text)) {
    switch (parse_breach_line(text, prefix)) {
      case BreachLine::hash: return true;
      case BreachLine::nothing: break;
      case BreachLine::malformed:
        throw Failure(Code::usage, name_ + ":" + std::to_string(number_) +
                                       ": the line is not SHA1-HEX:COUNT, with 40 hexadecimal "
                                       "digits and a number");
    }
  }
  return false;
}

}  // namespace cred::policy
