#include "broker/engine_source.hpp"

namespace cred::broker {

Expected<std::shared_ptr<engine::Engine>> EngineSource::open() const {
  const auto configuration = engine::load_configuration(path_);
  if (!configuration) return tl::make_unexpected(configuration.error());
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

Expected<void> EngineSource::reload() {
  auto opened = open();
  if (!opened) return tl::make_unexpected(opened.error());
  const std::lock_guard lock(mutex_);
  engine_ = std::move(*opened);
  return {};
}

}  // namespace cred::broker
