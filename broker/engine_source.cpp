#include "broker/engine_source.hpp"

#include <algorithm>
#include <cstdlib>
#include <unistd.h>

namespace cred::broker {

EngineSource::EngineSource(std::string configuration) : path_(std::move(configuration)) {
  const char* directory = secure_getenv("CREDENTIALS_DIRECTORY");
  use_credential_ =
      directory != nullptr && access((std::string(directory) + "/root.key").c_str(), R_OK) == 0;
}

Expected<EngineSource::Opened> EngineSource::open() const {
  auto configuration = engine::load_configuration(path_);
  if (!configuration) return tl::make_unexpected(configuration.error());
  if (use_credential_) configuration->root_key_url = "credential:root.key";
  auto opened = engine::Engine::open(*configuration, std::make_shared<SystemClock>(), log_);
  if (!opened) return tl::make_unexpected(opened.error());
  if (kept_ > 0) opened->keep_memory(kept_);
  return Opened{std::make_shared<engine::Engine>(std::move(*opened)),
                std::make_shared<Grants>(grants_of(*configuration))};
}

void EngineSource::use(Opened opened) {
  const std::lock_guard lock(mutex_);
  engine_ = std::move(opened.engine);
  grants_ = std::move(opened.grants);
}

Expected<std::shared_ptr<engine::Engine>> EngineSource::get() {
  const auto current = [this] {
    const std::lock_guard lock(mutex_);
    return engine_;
  };
  if (auto engine = current()) return engine;
  const std::lock_guard lock(opening_);
  if (auto engine = current()) return engine;
  auto opened = open();
  if (!opened) return tl::make_unexpected(opened.error());
  use(std::move(*opened));
  return current();
}

std::shared_ptr<const Grants> EngineSource::grants() const {
  const std::lock_guard lock(mutex_);
  return grants_;
}

std::size_t EngineSource::hashes_at_once() const {
  const auto loaded = engine::load_configuration(path_);
  const engine::Configuration c = loaded ? *loaded : engine::Configuration();
  return std::max<std::size_t>(1, c.memory_budget / c.hash.memory);
}

void EngineSource::wipe_memory(std::chrono::milliseconds age) {
  std::shared_ptr<engine::Engine> engine;
  {
    const std::lock_guard lock(mutex_);
    engine = engine_;
  }
  if (engine) engine->wipe_memory(age);
}

Expected<void> EngineSource::reload() {
  const std::lock_guard lock(opening_);
  auto opened = open();
  if (!opened) return tl::make_unexpected(opened.error());
  use(std::move(*opened));
  return {};
}

void EngineSource::tell(audit::SecurityEvent event) const {
  event.time = SystemClock().now();
  log_(event);
}

}  // namespace cred::broker
