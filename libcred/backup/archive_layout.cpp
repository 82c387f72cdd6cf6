#include "backup/archive_layout.hpp"

#include "base/hexadecimal.hpp"

#include <array>

namespace cred::backup {
namespace {

// Which also chooses the fast code for this processor.
void initialise() {
  if (sodium_init() < 0) throw Failure(Code::internal, "libsodium could not be initialised");
}

}  // namespace

Stream::Stream(const Secret& key) {
  initialise();
  if (key.size() != archive_key_bytes)
    throw Failure(Code::internal, "the key of an archive has " + std::to_string(key.size()) +
                                      " bytes instead of 32");
  if (!state_.ok()) throw Failure(Code::unavailable, "no memory for the key of an archive");
}

Sum::Sum() {
  initialise();
  (void)crypto_generichash_init(&state_, nullptr, 0, crypto_generichash_BYTES);
}

void Sum::add(std::span<const std::byte> bytes) {
  (void)crypto_generichash_update(&state_, uchars(bytes), bytes.size());
  bytes_ += bytes.size();
}

ArchiveSum Sum::finish() {
  std::array<unsigned char, crypto_generichash_BYTES> digest{};
  (void)crypto_generichash_final(&state_, digest.data(), digest.size());
  return {bytes_, hexadecimal(std::as_bytes(std::span(digest)))};
}

}  // namespace cred::backup
