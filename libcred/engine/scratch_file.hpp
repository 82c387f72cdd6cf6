// A file for a store that is being put together, of which one process at a time is at work
// and which nobody keeps: what a killed process left is taken over.
#pragma once

#include <string>

namespace cred::engine {

class ScratchFile {
 public:
  // Empty, mode 0600. Throws Failure: conflict (`what` is under way in another process),
  // configuration (no permission), unavailable.
  ScratchFile(std::string path, const std::string& what);
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;
  // Removes it; by then no connection to it is open.
  ~ScratchFile();

  const std::string& path() const { return path_; }
  // Empty again.
  void clear() const;
  // It has another name now and stays.
  void keep() { kept_ = true; }

 private:
  std::string path_;
  int fd_ = -1;
  bool kept_ = false;
};

}  // namespace cred::engine
