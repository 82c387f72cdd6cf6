// What rotating the root key needs; for the engine's own files.
#pragma once

#include <string>

namespace cred::engine {

// Held by whoever exchanges the root key, alone; shared by whoever wraps new keys with it.
class RootLock {
 public:
  enum class Kind { alone, shared };
  enum class Wait { yes, no };
  // On the directory of the store. Throws Failure: configuration, unavailable.
  RootLock(const std::string& store_url, Kind kind, Wait wait = Wait::yes);
  RootLock(const RootLock&) = delete;
  RootLock& operator=(const RootLock&) = delete;
  ~RootLock();
  // False: somebody else has it, and was not waited for.
  bool held() const { return held_; }

 private:
  int fd_ = -1;
  bool held_ = false;
};

}  // namespace cred::engine
