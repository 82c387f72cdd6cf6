// The continuous journal of a realm's changes: numbered entries in files of their own,
// appended by any number of processes, read without a lock. What an entry's bytes mean,
// and that they are sealed, is the engine's affair. Format: docs/formats/journal.md.
#pragma once

#include "base/clock.hpp"
#include "base/uuid.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace cred::journal {

struct Entry {
  std::uint64_t number = 0;  // from 1
  Time time{};
  std::vector<std::byte> bytes;  // at most largest_entry
};

inline constexpr std::size_t largest_entry = std::size_t{32} * 1024 * 1024;
// A segment that would become larger is closed, and the next one begun.
inline constexpr std::uint64_t usual_segment_bytes = std::uint64_t{16} * 1024 * 1024;

class Locked;

// Makes a directory with mode 0700 where there is none, for the owner of its parent.
// Throws Failure.
void make_directory(const std::string& path);

// The journal in one directory. Safe to use from several threads and processes at a time;
// outlives what `lock` returns. Everything throws Failure: integrity (damage, with file
// and offset; what belongs to another realm), unavailable (disk full, I/O),
// configuration (no permission; no directory or regular file where one should be).
class Journal {
 public:
  // Touches nothing. `directory` is made by the first `lock`, its parent is there.
  Journal(std::string directory, const Uuid& realm,
          std::uint64_t segment_bytes = usual_segment_bytes);
  Journal(const Journal&) = delete;
  Journal& operator=(const Journal&) = delete;
  ~Journal();

  // Waits until no other thread or process holds the lock. Makes the directory, mode 0700,
  // and gives it and new files to the parent's owner where root makes them.
  Locked lock();

  // Visits the entries with numbers above `after` in order, one in memory at a time, until
  // `visit` returns false: at least those whose append had returned, perhaps one that is being
  // written. Begins with the oldest
  // that is kept where older ones were pruned. A torn last entry, which a killed writer
  // leaves, ends it; anything else that is wrong is integrity. Segments that hold nothing
  // above `after` are not looked into. No directory is an empty journal. May be called
  // under the lock.
  void read(std::uint64_t after, const std::function<bool(const Entry&)>& visit) const;

 private:
  friend class Locked;
  struct Shared;
  std::unique_ptr<Shared> shared_;
};

// The right to write. One thread uses it; the lock is released at the end of its life.
class Locked {
 public:
  Locked(Locked&&) noexcept;
  Locked& operator=(Locked&&) noexcept;
  ~Locked();

  // The number of the last whole entry; none in an empty journal.
  std::optional<std::uint64_t> last();

  // Writes the entries behind each other and returns when they are on disk, all of them
  // in one segment. The first number is last() + 1 (1 in an empty journal) or the one that
  // begin_run named; the others follow without a gap. Cuts off a torn last entry before.
  // After a failure none of the entries is there, as far as the disk still obeys.
  // Failure: internal (numbers), usage (an entry is too large); as above.
  void append(std::span<const Entry> entries);

  // The next append through this object begins a segment, with `number`, which is above
  // last(); readers see no gap there. Without an append nothing has happened.
  // Failure: internal (number).
  void begin_run(std::uint64_t number);

  // Asks for new bytes of every entry in order; `nullopt` leaves it as it is. A segment in
  // which one changes is written anew, synced and renamed over the old one, whose blocks
  // are then zeroed as far as that works. Killed at any point, each segment is wholly old
  // or wholly new. Numbers and times stay.
  void rewrite(const std::function<std::optional<std::vector<std::byte>>(const Entry&)>& new_bytes);

  // Removes the segments that hold only numbers below `keep_from`, never the newest.
  void prune(std::uint64_t keep_from);

 private:
  friend class Journal;
  struct State;
  explicit Locked(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace cred::journal
