// A kept root key of arbitrary bytes is passed over, and nothing but the key whose name the
// file has is found in it. Sealed as libcred does, the input is a key if it has its length.

#include "base/hexadecimal.hpp"
#include "vault/root_archive.hpp"
#include "vault/root_key.hpp"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

using namespace cred;

namespace {

Secret key_of(std::byte value) {
  Secret key(vault::key_bytes);
  for (std::byte& b : key.writable()) b = value;
  return key;
}

// What was kept is of this key, under that one.
const Secret& old_key() {
  static const Secret key = key_of(std::byte{1});
  return key;
}
const Secret& next_key() {
  static const Secret key = key_of(std::byte{2});
  return key;
}

class Directory {
 public:
  Directory() {
    std::string name = std::filesystem::temp_directory_path() / "fuzz_root_archive.XXXXXX";
    if (mkdtemp(name.data()) == nullptr) std::abort();
    path_ = name;
  }
  ~Directory() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  std::string path() const { return path_; }
  void put(const char* bytes, std::size_t size) const {
    const std::string file = path_ + "/root-" + hexadecimal(vault::id_of(old_key())) + ".sealed";
    std::filesystem::remove(file);
    std::ofstream(file, std::ios::binary).write(bytes, static_cast<std::streamsize>(size));
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  }

 private:
  std::string path_;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto opened = vault::unwrap_old_root(next_key(), bytes);
  if (!opened && opened.error().code != Code::integrity) std::abort();
  if (opened && opened->size() != vault::key_bytes) std::abort();

  static const Directory directory;
  directory.put(reinterpret_cast<const char*>(data), size);
  const auto found = vault::old_roots(directory.path(), next_key());
  if (!found) std::abort();
  const bool is_it = opened && opened->equals(old_key());
  if (found->size() != (is_it ? 1U : 0U)) std::abort();
  if (is_it && !found->front().equals(old_key())) std::abort();

  const Secret content = Secret::copy_of(bytes);
  const auto again = vault::unwrap_old_root(next_key(), vault::wrap_old_root(next_key(), content));
  if (again.has_value() != (size == vault::key_bytes)) std::abort();
  if (again && !again->equals(content)) std::abort();
  return 0;
}
