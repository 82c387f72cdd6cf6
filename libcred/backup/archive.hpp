// The archive of a backup: a sequence of items, sealed as one stream, in one file.
// What the items mean is the caller's. docs/formats/backup.md.
#pragma once

#include "base/error.hpp"
#include "base/secret.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

namespace cred::backup {

inline constexpr std::size_t archive_key_bytes = 32;
inline constexpr std::size_t max_item_bytes = 32U * 1024 * 1024;
inline constexpr std::size_t max_wrapped_key_bytes = 4096;

// Of a whole file: its size, and BLAKE2b-256 as 64 lower-case hexadecimal digits, the
// same as `b2sum -l 256` prints.
struct ArchiveSum {
  std::uint64_t bytes = 0;
  std::string digest;
};

// Reads the file `path` to its end; needs no key. Throws Failure: not_found,
// configuration (no permission), unavailable.
ArchiveSum sum_of(const std::string& path);

// Writes `<path>.part`, which becomes `path` when it is finished and whole on disk; until
// then there is no `path`. Mode 0600; made by root, the file belongs to the owner of its
// directory. A `.part` that a killed writer left is replaced.
//
// Throws Failure, and after one is good for nothing but being destroyed: conflict (`path`
// exists, or another process is writing it), configuration (no permission, no such
// directory), unavailable (disk full).
class ArchiveWriter {
 public:
  // `wrapped_key` (at most max_wrapped_key_bytes) stands in clear at the beginning of the
  // file and is bound to what follows. `key` has 32 bytes, seals this one archive alone,
  // and is not kept.
  ArchiveWriter(std::string path, std::span<const std::byte> wrapped_key, const Secret& key);
  // Without finish(), removes what was written.
  ~ArchiveWriter();
  ArchiveWriter(const ArchiveWriter&) = delete;
  ArchiveWriter& operator=(const ArchiveWriter&) = delete;

  // May be empty; at most max_item_bytes, else Failure: usage.
  void add(std::span<const std::byte> item);
  // When this returns, `path` is on disk. Once, as the last call.
  ArchiveSum finish();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

// Reads an archive from its beginning to its end, once.
//
// Throws Failure: not_found, configuration (no permission), unavailable (cannot be read),
// and integrity for a file that was cut, extended, reordered or altered, or another key;
// the message names the file and what is wrong.
class ArchiveReader {
 public:
  explicit ArchiveReader(std::string path);
  ~ArchiveReader();
  ArchiveReader(const ArchiveReader&) = delete;
  ArchiveReader& operator=(const ArchiveReader&) = delete;

  // As it stands in the file; authentic when begin() has returned. Valid while *this lives.
  std::span<const std::byte> wrapped_key() const noexcept;
  // Opens the first part, so that a wrong key shows here. `key` is not kept.
  void begin(const Secret& key);
  // The next item, valid until the next call; nothing after the last. An item that was
  // given is authentic and in its place; that the archive is whole is known only when
  // this gave nothing.
  std::optional<std::span<const std::byte>> next();
  // Of the file as it was read; after next() gave nothing.
  ArchiveSum sum() const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace cred::backup
