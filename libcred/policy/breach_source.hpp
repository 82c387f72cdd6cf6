// The public form of leaked passwords: a line "SHA1-HEX:COUNT" for each, sorted or
// not, plain or gzip. Hashes of leaks are no secrets.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace cred::policy {

enum class BreachLine : std::uint8_t {
  hash,
  nothing,  // an empty line, or a count of 0, which pads answers of the public service
  malformed,
};
// The first 64 bits of a line's hash. The line has no newline; a carriage return at its
// end does not count, nor does a missing count.
BreachLine parse_breach_line(std::string_view line, std::uint64_t& prefix);

class BreachSource {
 public:
  // A file, or standard input for "-". Throws Failure: configuration.
  explicit BreachSource(const std::string& path);
  BreachSource(const BreachSource&) = delete;
  BreachSource& operator=(const BreachSource&) = delete;
  ~BreachSource();

  // The next hash; false at the end. Throws Failure, with the line's number: usage
  // (malformed), unavailable (reading failed, gzip damaged or cut short).
  bool next(std::uint64_t& prefix);

  // How far reading has come in the file, compressed or not, and its size; a size of
  // 0 is not known.
  std::uint64_t position() const;
  std::uint64_t size() const { return size_; }

 private:
  bool line(std::string_view& text);
  bool fill();

  std::string name_;
  void* stream_ = nullptr;  // a gzFile
  std::uint64_t size_ = 0;
  std::uint64_t number_ = 0;  // of the line
  std::vector<char> buffer_;
  std::size_t at_ = 0;
  std::size_t have_ = 0;
  bool ended_ = false;
};

}  // namespace cred::policy
