#include "journal/journal.hpp"

#include "journal/shared.hpp"

#include "base/file.hpp"

#include <algorithm>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

namespace cred::journal {
namespace {

constexpr const char* lock_name = "lock";
constexpr std::string_view unfinished = ".new";
constexpr std::size_t chunk_bytes = std::size_t{1024} * 1024;

auto day(Time time) { return std::chrono::floor<std::chrono::days>(time); }

Descriptor take_lock(const Directory& directory) {
  for (;;) {
    auto file = directory.open(lock_name, O_RDWR);
    if (!file) file = directory.create(lock_name);
    if (!file) continue;  // made by another just now
    lock_file(file, directory.path_of(lock_name));
    // Not one that was removed while we waited.
    if (directory.names_file(lock_name, file)) return file;
  }
}

// A new segment in the making, under a name that readers do not see.
class Replacement {
 public:
  Replacement(const Directory& directory, const Descriptor& old, std::uint64_t segment)
      : directory_(directory),
        old_(old),
        name_(segment_name(segment)),
        temporary_(name_ + std::string(unfinished)) {}
  Replacement(const Replacement&) = delete;
  Replacement& operator=(const Replacement&) = delete;
  ~Replacement() {
    if (!file_) return;
    (void)unlinkat(directory_.descriptor().get(), temporary_.c_str(), 0);
  }

  bool begun() const { return static_cast<bool>(file_); }

  // With the old one's first `same` bytes.
  void begin(std::uint64_t same) {
    directory_.remove(temporary_);
    file_ = directory_.create(temporary_);
    if (!file_) throw Failure(Code::unavailable, path() + " cannot be created: it exists");
    std::vector<std::byte> chunk(chunk_bytes);
    while (size_ < same) {
      const auto part = std::span(chunk).first(
          static_cast<std::size_t>(std::min<std::uint64_t>(chunk.size(), same - size_)));
      if (read_at(old_, size_, part, path()) < part.size())
        throw Failure(Code::unavailable, path() + " became shorter");
      write_at(file_, size_, part, path());
      size_ += part.size();
    }
  }

  void add(const Entry& entry) {
    append_frame(pending_, entry);
    if (pending_.size() >= chunk_bytes) flush();
  }

  // Where the old one was.
  void place() {
    flush();
    if (fsync(file_.get()) != 0) fail_by_errno("cannot sync " + path());
    directory_.rename(temporary_, name_);
    file_ = Descriptor();
    directory_.sync();
    zero_old();
  }

 private:
  std::string path() const { return directory_.path_of(temporary_); }

  void flush() {
    write_at(file_, size_, pending_, path());
    size_ += pending_.size();
    pending_.clear();
  }

  // As far as it works: a file system need not write in place.
  void zero_old() const {
    struct stat status {};
    if (fstat(old_.get(), &status) != 0) return;
    const std::vector<std::byte> zeros(chunk_bytes);
    const auto size = static_cast<std::uint64_t>(status.st_size);
    for (std::uint64_t at = 0; at < size;) {
      const auto count = static_cast<std::size_t>(std::min<std::uint64_t>(chunk_bytes, size - at));
      const ssize_t put = pwrite(old_.get(), zeros.data(), count, static_cast<off_t>(at));
      if (put <= 0) return;
      at += static_cast<std::uint64_t>(put);
    }
    (void)fdatasync(old_.get());
  }

  const Directory& directory_;
  const Descriptor& old_;
  std::string name_;
  std::string temporary_;
  Descriptor file_;
  std::vector<std::byte> pending_;
  std::uint64_t size_ = 0;
};

}  // namespace

struct Locked::State {
  State(Journal::Shared& journal, Directory where, Descriptor locked)
      : shared(journal), directory(std::move(where)), lock(std::move(locked)) {}
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ~State() {
    // A child that was forked meanwhile may hold the file open.
    (void)flock(lock.get(), LOCK_UN);
  }

  std::string path(std::uint64_t segment) const { return directory.path_of(segment_name(segment)); }
  Descriptor open(std::uint64_t segment, int flags) const {
    auto file = directory.open(segment_name(segment), flags);
    if (!file) throw Failure(Code::integrity, "the journal's " + path(segment) + " is missing");
    return file;
  }
  std::optional<Tail> cached(std::uint64_t newest);
  void remember();
  void load();
  bool scan(std::uint64_t segment, bool newest);
  void cut();
  bool begins_segment(std::span<const Entry> entries, std::uint64_t size) const;
  void extend(std::span<const Entry> entries);
  void begin_segment(std::span<const Entry> entries);
  void rewrite(std::uint64_t segment,
               const std::function<std::optional<std::vector<std::byte>>(const Entry&)>& new_bytes);

  Journal::Shared& shared;
  Directory directory;
  Descriptor lock;
  bool loaded = false;
  std::optional<Tail> tail;
  std::optional<std::uint64_t> torn;  // the newest segment, if it holds no whole entry
  std::optional<std::uint64_t> run;
};

std::optional<Tail> Locked::State::cached(std::uint64_t newest) {
  const std::lock_guard guard(shared.mutex);
  struct stat status {};
  if (!shared.tail || shared.tail->segment != newest ||
      fstatat(directory.descriptor().get(), segment_name(newest).c_str(), &status,
              AT_SYMLINK_NOFOLLOW) != 0 ||
      !same_file(status, shared.tail->status))
    return std::nullopt;
  return shared.tail;
}

void Locked::State::remember() {
  const std::lock_guard guard(shared.mutex);
  shared.tail = tail;
}

// Finds the end. What a killed writer left is found, too, and stays.
void Locked::State::load() {
  if (loaded) return;
  tail.reset();
  torn.reset();
  const auto names = directory.names();
  for (const auto& name : names)
    if (name.ends_with(unfinished)) directory.remove(name);
  const auto segments = segments_in(names);
  if (!segments.empty()) tail = cached(segments.back());
  if (!tail && !segments.empty() && !scan(segments.back(), true)) {
    torn = segments.back();
    if (segments.size() > 1) (void)scan(segments[segments.size() - 2], false);
  }
  loaded = true;
  remember();
}

// Whether it holds a whole entry. Then the tail is known.
bool Locked::State::scan(std::uint64_t segment, bool newest) {
  const auto file = open(segment, O_RDONLY);
  auto reader = reader_of(directory, file, segment, shared.realm);
  Entry entry;
  Tail found;
  found.segment = segment;
  found.status = status_of(file, path(segment));
  Step step = reader.begin();
  while (step == Step::entry) {
    step = reader.next(entry);
    if (step == Step::entry && entry.number == segment) found.begun = entry.time;
  }
  if (step == Step::damaged || (step == Step::torn && !newest)) throw Failure(reader.fault());
  if (reader.last() == 0 && !newest) throw Failure(reader.fault("the segment is empty"));
  if (reader.last() == 0) return false;
  found.whole = reader.offset();
  found.last = reader.last();
  tail = found;
  return true;
}

// Removes what a killed writer left, so that what follows is not written behind it.
void Locked::State::cut() {
  load();
  if (torn) {
    directory.remove(segment_name(*torn));
    directory.sync();
    torn.reset();
  }
  if (!tail || static_cast<std::uint64_t>(tail->status.st_size) == tail->whole) return;
  const auto file = open(tail->segment, O_RDWR);
  if (ftruncate(file.get(), static_cast<off_t>(tail->whole)) != 0 || fdatasync(file.get()) != 0)
    fail_by_errno("cannot shorten " + path(tail->segment));
  tail->status = status_of(file, path(tail->segment));
  remember();
}

bool Locked::State::begins_segment(std::span<const Entry> entries, std::uint64_t size) const {
  return !tail || run || tail->whole + size > shared.segment_bytes ||
         day(entries.front().time) > day(tail->begun);
}

void Locked::State::extend(std::span<const Entry> entries) {
  std::vector<std::byte> bytes;
  for (const auto& entry : entries) append_frame(bytes, entry);
  const auto file = open(tail->segment, O_RDWR);
  try {
    write_at(file, tail->whole, bytes, path(tail->segment));
    if (fdatasync(file.get()) != 0) fail_by_errno("cannot sync " + path(tail->segment));
  } catch (const Failure&) {
    (void)!ftruncate(file.get(), static_cast<off_t>(tail->whole));
    loaded = false;
    throw;
  }
  tail->status = status_of(file, path(tail->segment));
  tail->whole += bytes.size();
  tail->last = entries.back().number;
  remember();
}

void Locked::State::begin_segment(std::span<const Entry> entries) {
  Tail next;
  next.segment = entries.front().number;
  next.begun = entries.front().time;
  next.last = entries.back().number;
  std::vector<std::byte> bytes;
  append_header(bytes, {next.segment, tail ? tail->last : 0, run.has_value()}, shared.realm);
  for (const auto& entry : entries) append_frame(bytes, entry);
  next.whole = bytes.size();
  const std::string name = segment_name(next.segment);
  const auto file = directory.create(name);
  if (!file) throw Failure(Code::integrity, "the journal's " + directory.path_of(name) + " exists");
  try {
    write_at(file, 0, bytes, directory.path_of(name));
    if (fdatasync(file.get()) != 0) fail_by_errno("cannot sync " + directory.path_of(name));
    directory.sync();
  } catch (const Failure&) {
    (void)unlinkat(directory.descriptor().get(), name.c_str(), 0);
    loaded = false;
    throw;
  }
  next.status = status_of(file, directory.path_of(name));
  tail = next;
  run.reset();
  remember();
}

void Locked::State::rewrite(
    std::uint64_t segment,
    const std::function<std::optional<std::vector<std::byte>>(const Entry&)>& new_bytes) {
  const auto file = open(segment, O_RDWR);
  auto reader = reader_of(directory, file, segment, shared.realm);
  Replacement replacement(directory, file, segment);
  Entry entry;
  Step step = reader.begin();
  while (step == Step::entry) {
    const std::uint64_t before = reader.offset();
    step = reader.next(entry);
    if (step != Step::entry) break;
    auto bytes = new_bytes(entry);
    if (bytes && bytes->size() > largest_entry)
      throw Failure(Code::usage, "an entry of the journal has at most 32 MiB");
    if (bytes && !replacement.begun()) replacement.begin(before);
    if (bytes) entry.bytes = std::move(*bytes);
    if (replacement.begun()) replacement.add(entry);
  }
  if (step != Step::end) throw Failure(reader.fault());
  if (replacement.begun()) replacement.place();
}

Locked Journal::lock() {
  auto directory = Directory::made(shared_->directory);
  auto lock = take_lock(directory);
  return Locked(std::make_unique<Locked::State>(*shared_, std::move(directory), std::move(lock)));
}

Locked::Locked(std::unique_ptr<State> state) : state_(std::move(state)) {}
Locked::Locked(Locked&&) noexcept = default;
Locked& Locked::operator=(Locked&&) noexcept = default;
Locked::~Locked() = default;

std::optional<std::uint64_t> Locked::last() {
  state_->load();
  if (!state_->tail) return std::nullopt;
  return state_->tail->last;
}

void Locked::append(std::span<const Entry> entries) {
  if (entries.empty()) return;
  std::uint64_t expected = state_->run ? *state_->run : last().value_or(0) + 1;
  std::uint64_t size = 0;
  for (const auto& entry : entries) {
    if (entry.number != expected++)
      throw Failure(Code::internal, "entry " + std::to_string(entry.number) +
                                        " of the journal does not follow; " +
                                        std::to_string(expected - 1) + " would");
    if (entry.bytes.size() > largest_entry)
      throw Failure(Code::usage, "an entry of the journal has at most 32 MiB");
    size += frame_bytes(entry);
  }
  state_->cut();
  if (state_->begins_segment(entries, size))
    state_->begin_segment(entries);
  else
    state_->extend(entries);
}

void Locked::begin_run(std::uint64_t number) {
  if (number <= last().value_or(0))
    throw Failure(Code::internal, "a run of the journal cannot begin with " +
                                      std::to_string(number) +
                                      ", which is not above its last entry");
  state_->run = number;
}

void Locked::rewrite(
    const std::function<std::optional<std::vector<std::byte>>(const Entry&)>& new_bytes) {
  state_->cut();
  state_->loaded = false;  // the end may move
  for (const std::uint64_t segment : segments_in(state_->directory.names()))
    state_->rewrite(segment, new_bytes);
}

void Locked::prune(std::uint64_t keep_from) {
  state_->cut();
  const auto segments = segments_in(state_->directory.names());
  bool removed = false;
  // The oldest first: killed in between, what is left has no gap.
  for (std::size_t i = 0; i + 1 < segments.size(); ++i) {
    const auto file = state_->open(segments[i + 1], O_RDONLY);
    auto next = reader_of(state_->directory, file, segments[i + 1], state_->shared.realm);
    if (next.begin() != Step::entry) throw Failure(next.fault());
    if (next.header().previous >= keep_from) break;
    state_->directory.remove(segment_name(segments[i]));
    removed = true;
  }
  if (removed) state_->directory.sync();
}

}  // namespace cred::journal
