// The file of a root key that is made of a passphrase: refused, or within bounds and
// written again byte for byte.

#include "vault/key_source.hpp"

#include <algorithm>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::span bytes(reinterpret_cast<const std::byte*>(data), size);
  const auto file = cred::vault::parse_passphrase_file(bytes);
  if (!file) return 0;
  if (file->memory_kib < 8 || file->memory_kib > 1024 * 1024) std::abort();
  if (file->passes < 1 || file->passes > 10) std::abort();
  const auto again = cred::vault::bytes_of(*file);
  if (!std::equal(again.begin(), again.end(), bytes.begin(), bytes.end())) std::abort();
  return 0;
}
