// cred.conf.

#include "engine/configuration.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  cred::engine::Configuration configuration;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (!cred::engine::apply_configuration(text, "fuzz", configuration)) return 0;
  // Whatever was taken keeps the promises about cost and contradictions.
  if (!cred::hash::acceptable(configuration.hash)) std::abort();
  if (!cred::policy::consistent(configuration.policy.options)) std::abort();
  return 0;
}
