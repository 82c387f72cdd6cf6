// Stored credential strings.

#include "hash/phc.hpp"

#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto verifier = cred::hash::decode_phc(text);
  if (!verifier) return 0;
  if (!cred::hash::demandable(verifier->parameters)) std::abort();
  if (cred::hash::encode_phc(*verifier) != text) std::abort();
  return 0;
}
