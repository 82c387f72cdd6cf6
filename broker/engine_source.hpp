// The engine that requests are answered by.
#pragma once

#include "engine/engine.hpp"

#include <memory>
#include <mutex>
#include <string>

namespace cred::broker {

// Safe to use from several threads.
class EngineSource {
 public:
  // `configuration`: a path, or empty for the built-in one. A credential `root.key` of
  // systemd's is the root key, whatever the configuration says: that is for callers who
  // are root.
  explicit EngineSource(std::string configuration);

  // Opens it when it is not open yet, or was not to be opened last time: a store that
  // comes back is found again. Errors: as Engine::open and load_configuration.
  Expected<std::shared_ptr<engine::Engine>> get();
  // How many hashes of the configured cost the memory budget holds, at least one.
  std::size_t hashes_at_once() const;
  // Reads the configuration anew. With an error the engine before it stays.
  Expected<void> reload();

 private:
  Expected<std::shared_ptr<engine::Engine>> open() const;

  const std::string path_;
  bool use_credential_ = false;
  std::mutex mutex_;
  std::shared_ptr<engine::Engine> engine_;
};

}  // namespace cred::broker
