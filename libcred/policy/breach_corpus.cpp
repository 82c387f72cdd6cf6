#include "policy/breach_corpus.hpp"

#include "base/file.hpp"

#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <fcntl.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <sys/mman.h>
#include <unistd.h>
#include <utility>

namespace cred::policy {

using namespace breach;

namespace {

tl::unexpected<Error> unreadable(const std::string& path) {
  return fail(Code::configuration,
              "breach corpus " + path + ": cannot be read: " + std::strerror(errno));
}

}  // namespace

Expected<std::uint64_t> breach_prefix(const Secret& password) {
  // A context of its own: no openssl.cnf is read, and a host that set its own up is
  // left alone. It lives as long as the process.
  static const EVP_MD* const sha1 = [] {
    OSSL_LIB_CTX* context = OSSL_LIB_CTX_new();
    return context != nullptr ? EVP_MD_fetch(context, "SHA1", nullptr) : nullptr;
  }();
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  if (sha1 == nullptr ||
      EVP_Digest(password.uchars(), password.size(), digest.data(), nullptr, sha1, nullptr) != 1)
    return fail(Code::unavailable,
                "libcrypto computes no SHA-1 here, which the breach corpus is made of");
  std::uint64_t prefix = 0;
  for (std::size_t i = 0; i < sizeof prefix; ++i) prefix = prefix << 8U | digest[i];
  sodium_memzero(digest.data(), digest.size());
  return prefix;
}

Expected<BreachCorpus> BreachCorpus::over(std::span<const std::byte> bytes,
                                          const std::string& name) {
  BreachCorpus corpus;
  corpus.name_ = name;
  corpus.bytes_ = bytes;
  switch (decode(bytes, corpus.header_)) {
    case Kind::foreign:
      return fail(Code::integrity,
                  "breach corpus " + name + ": is no corpus; credctl breach build makes one");
    case Kind::newer:
      return fail(Code::unavailable, "breach corpus " + name +
                                         ": was made by a newer version; build it anew with this "
                                         "one, or bring libcred up to date");
    case Kind::damaged: return corpus.damaged("its header is damaged");
    case Kind::corpus: break;
  }
  if (bytes.size() != corpus.header_.file_bytes)
    return corpus.damaged("it has " + std::to_string(bytes.size()) + " bytes instead of " +
                          std::to_string(corpus.header_.file_bytes));
  return corpus;
}

Expected<BreachCorpus> BreachCorpus::open(const std::string& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  if (fd < 0) return unreadable(path);
  struct stat info {};
  const bool known = fstat(fd, &info) == 0;
  if (!known || !S_ISREG(info.st_mode)) {
    const int reason = known ? (S_ISDIR(info.st_mode) ? EISDIR : EINVAL) : errno;
    (void)close(fd);
    errno = reason;
    return unreadable(path);
  }
  std::span<const std::byte> bytes;
  void* memory = nullptr;
  if (info.st_size > 0) {
    const auto size = static_cast<std::size_t>(info.st_size);
    memory = mmap(nullptr, size, PROT_READ, MAP_SHARED, fd, 0);
    if (memory == MAP_FAILED) {
      const int reason = errno;
      (void)close(fd);
      errno = reason;
      return unreadable(path);
    }
    // Look-ups jump: reading ahead would bring in what nobody asks for.
    (void)madvise(memory, size, MADV_RANDOM);
    bytes = {static_cast<const std::byte*>(memory), size};
  }
  auto corpus = over(bytes, path);
  if (!corpus) {
    if (!bytes.empty()) (void)munmap(memory, bytes.size());
    (void)close(fd);
    return corpus;
  }
  corpus->fd_ = fd;
  return corpus;
}

BreachCorpus::BreachCorpus(BreachCorpus&& other) noexcept
    : name_(std::move(other.name_)),
      bytes_(std::exchange(other.bytes_, {})),
      fd_(std::exchange(other.fd_, -1)),
      header_(other.header_) {}

BreachCorpus::~BreachCorpus() {
  if (fd_ < 0) return;
  (void)munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size());
  (void)close(fd_);
}

tl::unexpected<Error> BreachCorpus::damaged(const std::string& what) const {
  return fail(Code::integrity,
              "breach corpus " + name_ + ": " + what + "; build it anew with credctl breach build");
}

double BreachCorpus::false_positive_rate() const {
  return std::ldexp(static_cast<double>(header_.entries),
                    -static_cast<int>(header_.bucket_bits) - 32);
}

bool BreachCorpus::intact(std::uint64_t offset, std::uint64_t length) const {
  const std::uint64_t covered = index_bytes(header_.bucket_bits) + data_bytes(header_.entries);
  const auto* parts = bytes_.data() + segment_bytes;
  const auto* sums = parts + covered;
  for (std::uint64_t segment = offset / segment_bytes; segment * segment_bytes < offset + length;
       ++segment)
    if (checksum(header_.id, {parts + segment * segment_bytes, segment_bytes}) !=
        load64(sums + segment * checksum_bytes))
      return false;
  return true;
}

Expected<bool> BreachCorpus::contains(std::uint64_t prefix) const {
  // A file that was cut short in place must not end this process by SIGBUS.
  struct stat info {};
  if (fd_ >= 0 &&
      (fstat(fd_, &info) != 0 || static_cast<std::uint64_t>(info.st_size) != header_.file_bytes))
    return damaged("its size has changed; replace a corpus by renaming another over it");
  const std::uint64_t bucket = bucket_of(prefix, header_.bucket_bits);
  const std::uint64_t at = bucket * entry_bytes;
  if (!intact(at, 2 * entry_bytes)) return damaged("its index is damaged");
  const auto* index = bytes_.data() + segment_bytes + at;
  const std::uint64_t from = load32(index);
  const std::uint64_t to = load32(index + entry_bytes);
  if (from > to || to > header_.entries) return damaged("its index is damaged");
  if (from == to) return false;
  const std::uint64_t data = index_bytes(header_.bucket_bits);
  if (!intact(data + from * entry_bytes, (to - from) * entry_bytes))
    return damaged("its data are damaged");
  const auto* entries = bytes_.data() + segment_bytes + data;
  const std::uint32_t wanted = rest_of(prefix, header_.bucket_bits);
  std::uint64_t low = from;
  std::uint64_t high = to;
  while (low < high) {
    const std::uint64_t middle = low + (high - low) / 2;
    if (load32(entries + middle * entry_bytes) < wanted)
      low = middle + 1;
    else
      high = middle;
  }
  return low < to && load32(entries + low * entry_bytes) == wanted;
}

Expected<void> BreachCorpus::verify(
    const std::function<void(std::uint64_t, std::uint64_t)>& progress) const {
  constexpr std::uint64_t step = 1024 * segment_bytes;
  const std::uint64_t covered = index_bytes(header_.bucket_bits) + data_bytes(header_.entries);
  for (std::uint64_t done = 0; done < covered; done += step) {
    if (!intact(done, std::min(step, covered - done)))
      return damaged("a checksum is wrong after byte " + std::to_string(segment_bytes + done));
    if (progress) progress(std::min(done + step, covered), covered);
  }
  return {};
}

Expected<std::shared_ptr<const BreachCorpus>> BreachFile::current() {
  const std::lock_guard lock(mutex_);
  struct stat now {};
  if (stat(path_.c_str(), &now) != 0) return unreadable(path_);
  if (corpus_ && same_file(now, seen_)) return corpus_;
  corpus_.reset();
  auto opened = BreachCorpus::open(path_);
  if (!opened) return tl::make_unexpected(opened.error());
  corpus_ = std::make_shared<const BreachCorpus>(std::move(*opened));
  seen_ = now;
  return corpus_;
}

}  // namespace cred::policy
