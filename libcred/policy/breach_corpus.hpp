// The corpus of passwords that leaks have made public, as `credctl breach build`
// writes it. One file, mapped into memory and shared by all processes that look
// into it.
#pragma once

#include "base/clock.hpp"
#include "base/error.hpp"
#include "base/secret.hpp"
#include "policy/breach_layout.hpp"

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <sys/stat.h>

namespace cred::policy {

// The first 64 bits of the SHA-1 of a password (normalised, UTF-8): its place in a
// corpus. Errors: unavailable (no SHA-1 in this OpenSSL).
Expected<std::uint64_t> breach_prefix(const Secret& password);

// Safe to use from several threads. Errors name the file: integrity (damaged, cut
// short, or no corpus), unavailable (of a newer version).
class BreachCorpus {
 public:
  // Reads the header alone; each look-up checks the segments that it reads.
  // Errors: also configuration (cannot be opened).
  static Expected<BreachCorpus> open(const std::string& path);
  // Of bytes that the caller keeps; `name` stands for the file in errors.
  static Expected<BreachCorpus> over(std::span<const std::byte> bytes, const std::string& name);
  BreachCorpus(BreachCorpus&& other) noexcept;
  BreachCorpus& operator=(BreachCorpus&&) = delete;
  ~BreachCorpus();

  Expected<bool> contains(std::uint64_t prefix) const;

  std::uint64_t entries() const { return header_.entries; }
  Time created() const { return Time(Duration(header_.created)); }
  std::uint64_t bytes() const { return header_.file_bytes; }
  // For a password that is not in the corpus.
  double false_positive_rate() const;

  // Checks every segment; `progress` learns how many of how many bytes are done.
  Expected<void> verify(
      const std::function<void(std::uint64_t, std::uint64_t)>& progress = {}) const;

 private:
  BreachCorpus() = default;
  tl::unexpected<Error> damaged(const std::string& what) const;
  // The segments that hold so many bytes from `offset` on, counted from the index.
  bool intact(std::uint64_t offset, std::uint64_t length) const;

  std::string name_;
  std::span<const std::byte> bytes_;
  int fd_ = -1;  // of a mapped file
  breach::Header header_;
};

// The corpus at a path, mapped anew when another file has taken its place.
class BreachFile {
 public:
  explicit BreachFile(std::string path) : path_(std::move(path)) {}
  // Errors: as BreachCorpus::open.
  Expected<std::shared_ptr<const BreachCorpus>> current();

 private:
  const std::string path_;
  std::mutex mutex_;
  std::shared_ptr<const BreachCorpus> corpus_;
  struct stat seen_ {};
};

}  // namespace cred::policy
