// The engine that requests are answered by.
#pragma once

#include "audit/event_log.hpp"
#include "broker/authority.hpp"
#include "engine/engine.hpp"

#include <chrono>
#include <cstddef>
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
  // What the configuration that was read last grants; never null.
  std::shared_ptr<const Grants> grants() const;
  // For a service: each engine has memory ready for `most` hashes (Engine::keep_memory).
  // Before the first `get`.
  void keep_memory(std::size_t most) { kept_ = most; }
  // Engine::wipe_memory of the engine that there is.
  void wipe_memory(std::chrono::milliseconds age);
  // How many hashes of the configured cost the memory budget holds, at least one.
  std::size_t hashes_at_once() const;
  // Reads the configuration anew. With an error the engine before it stays.
  Expected<void> reload();
  // Tells the system's log; the engine does so by itself.
  void tell(audit::SecurityEvent event) const;

 private:
  struct Opened {
    std::shared_ptr<engine::Engine> engine;
    std::shared_ptr<const Grants> grants;
  };
  Expected<Opened> open() const;
  void use(Opened opened);

  const std::string path_;
  bool use_credential_ = false;
  std::size_t kept_ = 0;
  const audit::EventLog log_{"credd"};
  std::mutex opening_;        // held while a store is opened
  mutable std::mutex mutex_;  // held for a moment
  std::shared_ptr<engine::Engine> engine_;
  std::shared_ptr<const Grants> grants_ = std::make_shared<Grants>();
};

}  // namespace cred::broker
