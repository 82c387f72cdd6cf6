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

Expected<std::shared_ptr<engine::Engine>> EngineSource::open() const {
  auto configuration = engine::load_configuration(path_);
  if (!configuration) return tl::make_unexpected(configuration.error());
  if (use_credential_) configuration->root_key_url = "credential:root.key";
  auto opened = engine::Engine::open(*configuration, std::make_shared<SystemClock>());
  if (!opened) return tl::make_unexpected(opened.error());
  return std::make_shared<engine::Engine>(std::move(*opened));
}

Expected<std::shared_ptr<engine::Engine>> EngineSource::get() {
  const std::lock_guard lock(mutex_);
  if (engine_) return engine_;
  auto opened = open();
  if (opened) engine_ = *opened;
  return opened;
}

std::size_t EngineSource::hashes_at_once() const {
  const auto loaded = engine::load_configuration(path_);
  const engine::Configuration c = loaded ? *loaded : engine::Configuration();
  return std::max<std::size_t>(1, c.memory_budget / c.hash.memory);
}

Expected<void> EngineSource::reload() {
  auto opened = open();
  if (!opened) return tl::make_unexpected(opened.error());
  const std::lock_guard lock(mutex_);
  engine_ = std::move(*opened);
  return {};
}

}  // namespace cred::broker
