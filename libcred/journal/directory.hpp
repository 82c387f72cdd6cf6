// A directory whose files belong to its owner whoever makes them.
#pragma once

#include "base/descriptor.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <sys/stat.h>
#include <vector>

namespace cred::journal {

// Throws by errno: configuration where permission or the kind of file is wrong,
// unavailable otherwise.
[[noreturn]] void fail_by_errno(const std::string& what);

// Fewer bytes only at the end of the file. `path` is for the error.
std::size_t read_at(const Descriptor& file, std::uint64_t at, std::span<std::byte> into,
                    const std::string& path);
void write_at(const Descriptor& file, std::uint64_t at, std::span<const std::byte> bytes,
              const std::string& path);
// One at a time has the file's lock, until it closes or unlocks it.
void lock_file(const Descriptor& file, const std::string& path);
struct stat status_of(const Descriptor& file, const std::string& path);

class Directory {
 public:
  // None where there is none.
  static std::optional<Directory> existing(const std::string& path);
  // Makes it with mode 0700 where it is missing.
  static Directory made(const std::string& path);

  const std::string& path() const noexcept { return path_; }
  std::string path_of(const std::string& name) const { return path_ + '/' + name; }
  const Descriptor& descriptor() const noexcept { return fd_; }

  // A regular file; none where there is none.
  Descriptor open(const std::string& name, int flags) const;
  // Empty, mode 0600, to read and write; none where the name is taken.
  Descriptor create(const std::string& name) const;
  // Whether `name` still is the open file `file`.
  bool names_file(const std::string& name, const Descriptor& file) const;
  std::vector<std::string> names() const;
  void rename(const std::string& from, const std::string& to) const;
  // A name that is missing is as good.
  void remove(const std::string& name) const;
  void sync() const;

 private:
  Directory(std::string path, Descriptor fd) : path_(std::move(path)), fd_(std::move(fd)) {}
  std::string path_;
  Descriptor fd_;
};

}  // namespace cred::journal
