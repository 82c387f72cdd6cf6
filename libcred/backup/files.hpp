// The files of a backup directory: how they are opened, and how a new one is written
// beside its place first. Of this room alone.
#pragma once

#include "base/descriptor.hpp"
#include "base/error.hpp"

#include <cstddef>
#include <span>
#include <string>

namespace cred::backup {

// Throws the Failure for errno: "<what> <path>: <reason>".
[[noreturn]] void failed(const std::string& what, const std::string& path);

// A regular file, to be read from its beginning. Throws Failure: not_found, configuration,
// unavailable.
Descriptor open_for_reading(const std::string& path);

// Up to buffer.size() bytes, less only at the end of the file. Throws Failure: unavailable.
std::size_t read_up_to(const Descriptor& fd, std::span<std::byte> buffer, const std::string& path);

// What was created, renamed or removed in it is on disk when this returns.
void sync_directory(const std::string& directory);

// The directory that holds `path`, with or without a slash at its end.
std::string directory_of(const std::string& path);

// What root made in another user's directory belongs to that user.
void give_to_owner_of_directory(const Descriptor& made, const std::string& path);

// Removes a `.part` unless its writer lives: false if it does.
bool remove_left_over(const std::string& part);

// `<path>.part`, locked while its writer lives, and removed with this object unless it
// was put in its place.
class NewFile {
 public:
  explicit NewFile(std::string path);
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile();

  void write(std::span<const std::byte> bytes);
  enum class Existing { keep, replace };
  // On disk, under its name, when this returns. Throws conflict when a file of that name
  // exists and is to be kept.
  void put_in_place(Existing existing);

 private:
  std::string path_;
  std::string part_;
  Descriptor fd_;
  bool in_place_ = false;
};

}  // namespace cred::backup
