// The anchor: how far a journal has come, in a small file that lies apart from it, so that
// a journal that was set back shows. Format: docs/formats/journal.md.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace cred::journal {

struct Mark {
  std::uint64_t number = 0;
  std::array<std::byte, 32> digest{};  // keyed, by the engine

  bool operator==(const Mark&) const = default;
};

// Safe to use from several threads and processes at a time. Everything throws Failure:
// integrity (a file without a whole slot), unavailable (disk full, I/O), configuration (no
// permission; no regular file).
class Anchor {
 public:
  explicit Anchor(std::string path);

  // None where there is no file. Takes no lock and three system calls.
  std::optional<Mark> read() const;

  // Survives the process, not always the machine: nothing waits for the disk but the first
  // call, which makes the file, and its directory with mode 0700, and gives them to the
  // parent's owner where root makes them. A number that is not above the file's is ignored.
  void advance(const Mark& mark);

  // Whatever the file says, damaged or not. On disk when it returns.
  void force(const Mark& mark);

 private:
  std::string path_;
};

}  // namespace cred::journal
