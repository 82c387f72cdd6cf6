#include "policy/breach_builder.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <queue>
#include <sodium.h>
#include <sys/stat.h>
#include <unistd.h>

namespace cred::policy {

using namespace breach;

namespace {

[[noreturn]] void failed(const std::string& what, const std::string& path) {
  throw Failure(Code::unavailable, what + " " + path + ": " + std::strerror(errno));
}

std::string directory_of(const std::string& path) {
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "." : path.substr(0, slash + 1);
}

void write_at(int fd, const void* data, std::size_t size, std::uint64_t offset,
              const std::string& path) {
  const auto* bytes = static_cast<const std::byte*>(data);
  while (size > 0) {
    const ssize_t n = pwrite(fd, bytes, size, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) failed("cannot write", path);
    bytes += n;
    offset += static_cast<std::uint64_t>(n);
    size -= static_cast<std::size_t>(n);
  }
}

// One part of the file, written segment by segment with a checksum for each.
class Part {
 public:
  Part(int fd, const std::string& path, const Id& id, std::uint64_t offset)
      : fd_(fd), path_(path), id_(id), offset_(offset) {}
  void put(std::uint32_t value) {
    store32(segment_.data() + used_, value);
    used_ += entry_bytes;
    if (used_ == segment_bytes) flush();
  }
  // Fills the last segment up with zeros.
  void finish() {
    if (used_ == 0) return;
    std::fill(segment_.begin() + static_cast<std::ptrdiff_t>(used_), segment_.end(), std::byte{0});
    flush();
  }
  const std::vector<std::uint64_t>& checksums() const { return checksums_; }

 private:
  void flush() {
    checksums_.push_back(checksum(id_, segment_));
    write_at(fd_, segment_.data(), segment_.size(), offset_, path_);
    offset_ += segment_.size();
    used_ = 0;
  }

  int fd_;
  const std::string& path_;
  const Id& id_;
  std::uint64_t offset_;
  std::array<std::byte, segment_bytes> segment_{};
  std::size_t used_ = 0;
  std::vector<std::uint64_t> checksums_;
};

// The file under a temporary name; gone unless it was put into its place.
class NewFile {
 public:
  explicit NewFile(const std::string& output) : output_(output), path_(output + ".new-XXXXXX") {
    fd_ = mkostemp(path_.data(), O_CLOEXEC);
    if (fd_ < 0) failed("cannot create a file beside", output_);
  }
  NewFile(const NewFile&) = delete;
  NewFile& operator=(const NewFile&) = delete;
  ~NewFile() {
    (void)close(fd_);
    if (!in_place_) (void)unlink(path_.c_str());
  }
  int fd() const { return fd_; }
  const std::string& path() const { return path_; }
  void put_in_place() {
    // What leaks have made public is no secret, and credd may run as another user.
    if (fchmod(fd_, 0644) != 0 || fsync(fd_) != 0) failed("cannot write", path_);
    if (rename(path_.c_str(), output_.c_str()) != 0) failed("cannot replace", output_);
    in_place_ = true;
    const int directory = open(directory_of(output_).c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (directory < 0) failed("cannot open the directory of", output_);
    const int synced = fsync(directory);
    (void)close(directory);
    if (synced != 0) failed("cannot sync the directory of", output_);
  }

 private:
  const std::string& output_;
  std::string path_;
  int fd_ = -1;
  bool in_place_ = false;
};

// A sorted run, read in pieces.
class RunReader {
 public:
  RunReader(int fd, std::uint64_t begin, std::uint64_t count)
      : fd_(fd), next_(begin), left_(count) {}
  bool read(std::uint64_t& value) {
    if (at_ == have_) {
      if (left_ == 0) return false;
      fill();
    }
    value = piece_[at_++];
    return true;
  }

 private:
  static constexpr std::size_t piece = 8192;
  void fill() {
    const std::size_t wanted = static_cast<std::size_t>(std::min<std::uint64_t>(piece, left_));
    piece_.resize(wanted);
    auto* bytes = reinterpret_cast<std::byte*>(piece_.data());
    std::size_t done = 0;
    while (done < wanted * sizeof(std::uint64_t)) {
      const ssize_t n = pread(fd_, bytes + done, wanted * sizeof(std::uint64_t) - done,
                              static_cast<off_t>(next_ * sizeof(std::uint64_t) + done));
      if (n < 0 && errno == EINTR) continue;
      if (n <= 0) failed("cannot read", "the temporary file");
      done += static_cast<std::size_t>(n);
    }
    next_ += wanted;
    left_ -= wanted;
    have_ = wanted;
    at_ = 0;
  }

  int fd_;
  std::uint64_t next_;
  std::uint64_t left_;
  std::vector<std::uint64_t> piece_;
  std::size_t at_ = 0;
  std::size_t have_ = 0;
};

}  // namespace

// Not zeroed: pages that a small corpus does not reach are never used.
BreachBuilder::BreachBuilder(std::string output, std::size_t run)
    : output_(std::move(output)),
      capacity_(run),
      buffer_(std::make_unique_for_overwrite<std::uint64_t[]>(run)) {}

BreachBuilder::~BreachBuilder() {
  if (spill_fd_ >= 0) (void)close(spill_fd_);
}

void BreachBuilder::add(std::uint64_t prefix) {
  if (used_ == capacity_) spill();
  buffer_[used_++] = prefix;
}

void BreachBuilder::sort_buffer() {
  auto* end = buffer_.get() + used_;
  if (!std::is_sorted(buffer_.get(), end)) std::sort(buffer_.get(), end);
  used_ = static_cast<std::size_t>(std::unique(buffer_.get(), end) - buffer_.get());
}

void BreachBuilder::spill() {
  sort_buffer();
  if (spill_fd_ < 0) {
    std::string path = output_ + ".runs-XXXXXX";
    spill_fd_ = mkostemp(path.data(), O_CLOEXEC);
    if (spill_fd_ < 0) failed("cannot create a file beside", output_);
    (void)unlink(path.c_str());
  }
  write_at(spill_fd_, buffer_.get(), used_ * sizeof(std::uint64_t),
           spilled_ * sizeof(std::uint64_t), "a temporary file beside " + output_);
  runs_.push_back({spilled_, used_});
  spilled_ += used_;
  used_ = 0;
}

void BreachBuilder::each(const std::function<void(std::uint64_t)>& take) const {
  if (runs_.empty()) {
    std::for_each(buffer_.get(), buffer_.get() + used_, take);
    return;
  }
  std::vector<RunReader> readers;
  using Next = std::pair<std::uint64_t, std::size_t>;
  std::priority_queue<Next, std::vector<Next>, std::greater<>> heap;
  std::uint64_t value = 0;
  for (const Run& run : runs_) {
    readers.emplace_back(spill_fd_, run.begin, run.count);
    if (readers.back().read(value)) heap.emplace(value, readers.size() - 1);
  }
  bool first = true;
  std::uint64_t last = 0;
  while (!heap.empty()) {
    const auto [smallest, from] = heap.top();
    heap.pop();
    if (readers[from].read(value)) heap.emplace(value, from);
    if (!first && smallest == last) continue;
    first = false;
    last = smallest;
    take(smallest);
  }
}

std::uint64_t BreachBuilder::finish(
    Time created, const std::function<void(std::uint64_t, std::uint64_t)>& progress) {
  sort_buffer();
  if (!runs_.empty() && used_ > 0) spill();
  // Entries that are in several runs are counted in each, so this is an upper bound.
  const std::uint64_t most = runs_.empty() ? used_ : spilled_;
  if (most == 0) throw Failure(Code::usage, "there is no hash in the input; nothing was written");
  if (most > most_entries)
    throw Failure(Code::usage, "a corpus holds at most 4,294,967,295 hashes; nothing was written");

  Header header;
  randombytes_buf(header.id.data(), header.id.size());
  header.bucket_bits = bucket_bits_for(most);
  header.created = created.time_since_epoch().count();
  NewFile file(output_);
  const std::uint64_t data_at = segment_bytes + index_bytes(header.bucket_bits);
  Part index(file.fd(), file.path(), header.id, segment_bytes);
  Part data(file.fd(), file.path(), header.id, data_at);
  constexpr std::uint64_t tell_every = 1024 * 1024;
  const std::uint64_t buckets = std::uint64_t{1} << header.bucket_bits;
  std::uint64_t begun = 0;  // buckets whose first entry is known
  each([&](std::uint64_t prefix) {
    const std::uint64_t bucket = bucket_of(prefix, header.bucket_bits);
    for (; begun <= bucket; ++begun) index.put(static_cast<std::uint32_t>(header.entries));
    data.put(rest_of(prefix, header.bucket_bits));
    if (++header.entries % tell_every == 0 && progress) progress(header.entries, most);
  });
  for (; begun <= buckets; ++begun) index.put(static_cast<std::uint32_t>(header.entries));
  index.finish();
  data.finish();

  header.file_bytes = file_bytes(header.bucket_bits, header.entries);
  std::uint64_t at = data_at + data_bytes(header.entries);
  for (const auto* part : {&index, &data}) {
    std::vector<std::byte> sums(part->checksums().size() * checksum_bytes);
    for (std::size_t i = 0; i < part->checksums().size(); ++i)
      store64(sums.data() + i * checksum_bytes, part->checksums()[i]);
    write_at(file.fd(), sums.data(), sums.size(), at, file.path());
    at += sums.size();
  }
  const auto bytes = encode(header);
  write_at(file.fd(), bytes.data(), bytes.size(), 0, file.path());
  file.put_in_place();
  return header.entries;
}

}  // namespace cred::policy
