// The manifest of a backup: what an archive holds, in clear and signed, so that backups
// can be listed, compared and checked without opening them. docs/formats/backup.md.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cred::backup {

inline constexpr std::size_t signing_seed_bytes = 32;
inline constexpr std::size_t max_manifest_bytes = 8U * 1024 * 1024;

using PublicKey = std::array<std::byte, 32>;

// Texts are UTF-8 of at most 1,024 bytes without control characters, numbers at most
// 2^53 - 1, times from 1970 to 9999.
struct Manifest {
  struct Realm {
    std::string id;    // UUID, 8-4-4-4-12 in lower case
    std::string name;  // not empty
    std::uint64_t accounts = 0;
    std::uint64_t audit_records = 0;
    std::uint64_t erased = 0;
    std::uint64_t last_number = 0;  // of the trail
    std::uint64_t change = 0;       // number of the last one that is in it
    std::string digest;             // lower-case hexadecimal digits; the caller's
    Time time{};                    // of the state that was saved
    bool operator==(const Realm&) const = default;
  };

  Time created{};
  std::string root_key_id;
  std::string software;  // who wrote it, with its version
  std::string archive;   // a file name in the manifest's directory
  std::uint64_t bytes = 0;
  std::string digest;         // BLAKE2b-256 of the archive: 64 lower-case hexadecimal digits
  std::vector<Realm> realms;  // no id twice
  std::optional<std::string> restored_from;
  bool operator==(const Manifest&) const = default;
};

struct SignedManifest {
  Manifest manifest;
  PublicKey public_key{};
};

// Of the Ed25519 key pair that `seed` (32 bytes) makes. Throws Failure: internal.
PublicKey public_key_of(const Secret& seed);

// The text of the manifest's file. Throws Failure: internal, when a member is not as
// described above, or the seed has not 32 bytes.
std::string encode(const Manifest& manifest, const Secret& seed);

// Takes exactly what encode() makes. Without `expected` a manifest is only known to be
// unaltered since its signer, whoever that was, wrote it. Errors: integrity, with what is
// wrong; the message does not name the file.
Expected<SignedManifest> decode(std::string_view text,
                                const std::optional<PublicKey>& expected = {});

// The manifest is whole on disk under `path` when this returns; a file of that name is
// replaced. Mode and owner as of an archive. Throws Failure: configuration, unavailable,
// conflict (another process is writing it), internal (as encode).
void write_manifest(const std::string& path, const Manifest& manifest, const Secret& seed);

// Errors, which name the file: not_found, configuration (no permission), integrity.
Expected<SignedManifest> read_manifest(const std::string& path,
                                       const std::optional<PublicKey>& expected = {});

}  // namespace cred::backup
