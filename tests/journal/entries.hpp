// Entries whose bytes follow from their number, and processes to write them.
#pragma once

#include "journal/journal.hpp"

#include "support/temporary.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <exception>
#include <fstream>
#include <sys/wait.h>
#include <unistd.h>

namespace cred::test {

inline constexpr Uuid journal_realm{std::byte{7}, std::byte{1}};
inline constexpr Time morning{std::chrono::milliseconds(1'800'000'000'000)};

// Of 8 to 71 bytes, all of them `version` but the number.
inline journal::Entry entry(std::uint64_t number, unsigned char version = 1, Time time = morning) {
  journal::Entry entry{number, time, std::vector<std::byte>(8 + number * 13 % 64)};
  std::fill(entry.bytes.begin(), entry.bytes.end(), static_cast<std::byte>(version));
  for (std::size_t i = 0; i < 8; ++i) entry.bytes[i] = static_cast<std::byte>(number >> (8 * i));
  return entry;
}

inline bool same(const journal::Entry& a, const journal::Entry& b) {
  return a.number == b.number && a.time == b.time && a.bytes == b.bytes;
}

inline std::vector<journal::Entry> entries(std::uint64_t first, std::uint64_t last) {
  std::vector<journal::Entry> all;
  for (; first <= last; ++first) all.push_back(entry(first));
  return all;
}

inline void append(journal::Journal& journal, std::uint64_t first, std::uint64_t last) {
  auto locked = journal.lock();
  for (; first <= last; ++first) locked.append({{entry(first)}});
}

inline std::vector<journal::Entry> read_all(const journal::Journal& journal,
                                            std::uint64_t after = 0) {
  std::vector<journal::Entry> all;
  journal.read(after, [&](const journal::Entry& entry) {
    all.push_back(entry);
    return true;
  });
  return all;
}

// Exactly the entries from `first` to `last`, as `entry` makes them.
inline bool holds(const std::vector<journal::Entry>& read, std::uint64_t first,
                  std::uint64_t last) {
  const auto expected = entries(first, last);
  return std::equal(read.begin(), read.end(), expected.begin(), expected.end(), same);
}

template <typename Work>
std::optional<Error> error_of(const Work& work) {
  try {
    work();
  } catch (const Failure& failure) {
    return failure.error();
  }
  return std::nullopt;
}

template <typename Work>
bool fails_with(Code code, const Work& work) {
  const auto error = error_of(work);
  return error && error->code == code;
}

inline std::string bytes_of(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

inline void put_bytes(const std::string& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

// A child that runs `work`, and ends with 0 unless it throws.
class Child {
 public:
  template <typename Work>
  explicit Child(const Work& work) : pid_(fork()) {
    if (pid_ != 0) return;
    int status = 0;
    try {
      work();
    } catch (const std::exception& failure) {
      (void)!write(STDERR_FILENO, failure.what(), std::string_view(failure.what()).size());
      status = 1;
    }
    _exit(status);
  }
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child() {
    if (pid_ > 0) kill();
  }
  void kill() {
    (void)::kill(pid_, SIGKILL);
    (void)wait();
  }
  // Whether it ended by itself and well.
  bool wait() {
    int status = 0;
    while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {}
    pid_ = -1;
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
  }

 private:
  pid_t pid_;
};

}  // namespace cred::test
