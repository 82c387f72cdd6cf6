#include "base/secret.hpp"

#include <catch2/catch.hpp>
#include <csignal>
#include <cstring>
#include <fstream>
#include <string>
#include <sys/wait.h>
#include <unistd.h>
#include <utility>

using cred::Secret;

namespace {

// What `from_line` makes of `text` in a pipe.
struct Piped {
  explicit Piped(const std::string& text) {
    int ends[2];
    REQUIRE(pipe(ends) == 0);
    REQUIRE(write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()));
    close(ends[1]);
    fd = ends[0];
  }
  ~Piped() { close(fd); }
  int fd;
};

std::string text_of(const Secret& secret) { return {secret.chars(), secret.size()}; }

// Whether the mapping that holds `address` has `flag` among its VmFlags.
bool has_flag(const void* address, const std::string& flag) {
  std::ifstream maps("/proc/self/smaps");
  std::string line;
  bool inside = false;
  while (std::getline(maps, line)) {
    unsigned long from = 0;
    unsigned long to = 0;
    if (std::sscanf(line.c_str(), "%lx-%lx ", &from, &to) == 2)
      inside = reinterpret_cast<unsigned long>(address) >= from &&
               reinterpret_cast<unsigned long>(address) < to;
    if (inside && line.rfind("VmFlags:", 0) == 0)
      return (line + " ").find(" " + flag + " ") != std::string::npos;
  }
  return false;
}

}  // namespace

TEST_CASE("a line is read without its newline and leaves the next one") {
  Piped pipe("first\nsecond\n");
  Secret line;
  REQUIRE(Secret::from_line(pipe.fd, line) == Secret::Line::read);
  CHECK(text_of(line) == "first");
  REQUIRE(Secret::from_line(pipe.fd, line) == Secret::Line::read);
  CHECK(text_of(line) == "second");
  CHECK(Secret::from_line(pipe.fd, line) == Secret::Line::end);
}

TEST_CASE("an empty line is not the end of input") {
  Piped pipe("\n");
  Secret line;
  CHECK(Secret::from_line(pipe.fd, line) == Secret::Line::read);
  CHECK(line.empty());
}

TEST_CASE("a line of 1,024 bytes is taken and one of 1,025 is refused") {
  Secret line;
  Piped longest(std::string(1024, 'x'));
  CHECK(Secret::from_line(longest.fd, line) == Secret::Line::read);
  CHECK(line.size() == 1024);
  Piped longer(std::string(1025, 'x'));
  CHECK(Secret::from_line(longer.fd, line) == Secret::Line::too_long);
}

TEST_CASE("a closed descriptor is an error, not an empty line") {
  Secret line;
  CHECK(Secret::from_line(-1, line) == Secret::Line::failed);
}

TEST_CASE("moving a secret leaves nothing behind") {
  Secret from = Secret::copy_of("hidden", 6);
  const Secret to = std::move(from);
  CHECK(text_of(to) == "hidden");
  CHECK(from.empty());
}

TEST_CASE("shrinking wipes what is cut off") {
  Secret secret = Secret::copy_of("abcdef", 6);
  const char* data = secret.chars();
  secret.shrink(2);
  CHECK(text_of(secret) == "ab");
  CHECK(std::memcmp(data + 2, "\0\0\0\0", 4) == 0);
}

TEST_CASE("secrets are equal by length and bytes") {
  const Secret a = Secret::copy_of("same", 4);
  CHECK(a.equals(Secret::copy_of("same", 4)));
  CHECK_FALSE(a.equals(Secret::copy_of("sama", 4)));
  CHECK_FALSE(a.equals(Secret::copy_of("sam", 3)));
}

TEST_CASE("secret memory stays out of core dumps and is wiped in a forked child") {
  const Secret secret = Secret::copy_of("hidden", 6);
  CHECK(has_flag(secret.chars(), "dd"));  // do not dump
  const pid_t child = fork();
  if (child == 0) _exit(secret.chars()[0] == '\0' ? 0 : 1);
  int status = 0;
  REQUIRE(waitpid(child, &status, 0) == child);
  CHECK(WIFEXITED(status));
  CHECK(WEXITSTATUS(status) == 0);
}
