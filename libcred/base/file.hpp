// Files that administrators keep: read whole, and looked at for changes.
#pragma once

#include "base/error.hpp"

#include <string>
#include <sys/stat.h>

namespace cred {

// A regular file of at most `largest` bytes. Errors, which do not repeat the path:
// configuration (cannot be read), integrity (too large).
Expected<std::string> read_file(const std::string& path, std::size_t largest);

// Whether nothing has been written between two looks at a path.
inline bool same_file(const struct stat& a, const struct stat& b) {
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino && a.st_size == b.st_size &&
         a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec;
}

}  // namespace cred
