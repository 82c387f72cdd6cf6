// The layout of an archive, which its writer and its reader share; docs/formats/backup.md.
#pragma once

#include "backup/archive.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <sodium.h>
#include <span>
#include <string>
#include <string_view>

namespace cred::backup {

inline constexpr std::string_view archive_magic = "CREDBKUP";
inline constexpr std::uint32_t archive_version = 1;
// Magic, version and the length of the wrapped key.
inline constexpr std::size_t preamble_bytes = 8 + 4 + 4;
inline constexpr std::size_t length_bytes = 4;
// Of plaintext; every part but the last is full.
inline constexpr std::size_t part_bytes = 256U * 1024;
inline constexpr std::size_t sealing_bytes = crypto_secretstream_xchacha20poly1305_ABYTES;
inline constexpr std::size_t stream_header_bytes =
    crypto_secretstream_xchacha20poly1305_HEADERBYTES;

static_assert(archive_key_bytes == crypto_secretstream_xchacha20poly1305_KEYBYTES);

// The state of the cipher, which holds the key, in memory for secrets.
class Stream {
 public:
  // Throws Failure: internal, when `key` has not 32 bytes.
  explicit Stream(const Secret& key);
  crypto_secretstream_xchacha20poly1305_state* get() noexcept {
    return reinterpret_cast<crypto_secretstream_xchacha20poly1305_state*>(state_.uchars());
  }

 private:
  Secret state_{sizeof(crypto_secretstream_xchacha20poly1305_state)};
};

// BLAKE2b-256 of what was written or read so far.
class Sum {
 public:
  Sum();
  void add(std::span<const std::byte> bytes);
  ArchiveSum finish();

 private:
  crypto_generichash_state state_;
  std::uint64_t bytes_ = 0;
};

inline const unsigned char* uchars(std::span<const std::byte> bytes) {
  return reinterpret_cast<const unsigned char*>(bytes.data());
}
inline unsigned char* writable_uchars(std::span<std::byte> bytes) {
  return reinterpret_cast<unsigned char*>(bytes.data());
}

}  // namespace cred::backup
