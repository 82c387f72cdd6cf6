// What stays in the memory of a process that used libcred: no password.
#include "api/site.hpp"
#include "cred/cred.h"

#include <array>
#include <catch2/catch.hpp>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <poll.h>
#include <sstream>
#include <sys/mman.h>
#include <unistd.h>

using cred::test::Site;

namespace {

// A password in memory of its own that is never anywhere else as it is: it is put together
// there, and its bytes are compared without a copy.
class Password {
 public:
  explicit Password(char mark) {
    void* page = mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    REQUIRE(page != MAP_FAILED);
    text_ = static_cast<char*>(page);
    for (std::size_t i = 0; i < length; ++i) text_[i] = at(i, mark);
    mark_ = mark;
  }
  Password(const Password&) = delete;
  Password& operator=(const Password&) = delete;
  ~Password() { (void)munmap(text_, 4096); }

  static constexpr std::size_t length = 18;
  const char* text() const { return text_; }
  void wipe() { explicit_bzero(text_, length); }
  // Whether it begins here, in bytes or in code points of four bytes each.
  bool begins_at(const char* bytes, std::size_t step) const {
    for (std::size_t i = 0; i < length; ++i)
      if (bytes[i * step] != at(i, mark_)) return false;
    return true;
  }

 private:
  // Letters and digits that nothing else has in this order: "Q" "9" and what a walk gives.
  static char at(std::size_t i, char mark) {
    constexpr std::array<char, 3> head = {'Q', '9', 'z'};
    if (i < head.size()) return head[i];
    if (i == head.size()) return mark;
    return static_cast<char>('a' + (i * i * static_cast<std::size_t>(mark) + i * 3) % 26);
  }
  char* text_ = nullptr;
  char mark_ = 0;
};

// How often it is in memory that this process may write to.
std::size_t copies_of(const Password& password) {
  std::size_t found = 0;
  const int memory = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
  REQUIRE(memory >= 0);
  std::ifstream maps("/proc/self/maps");
  std::vector<char> chunk;
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0;
    unsigned long end = 0;
    char dash = 0;
    std::string rights;
    std::istringstream(line) >> std::hex >> begin >> dash >> end >> rights;
    if (rights.find('w') == std::string::npos) continue;
    constexpr std::size_t most = std::size_t{1} << 22;
    constexpr std::size_t overlap = 4 * Password::length;
    for (unsigned long at = begin; at < end; at += most) {
      chunk.assign(std::min<std::size_t>(most + overlap, end - at), 0);
      const ssize_t got = pread(memory, chunk.data(), chunk.size(), static_cast<off_t>(at));
      for (ssize_t i = 0; i + static_cast<ssize_t>(overlap) <= got; ++i)
        if (chunk[static_cast<std::size_t>(i)] == 'Q' &&
            (password.begins_at(chunk.data() + i, 1) || password.begins_at(chunk.data() + i, 4)))
          ++found;
      explicit_bzero(chunk.data(), chunk.size());
    }
  }
  (void)close(memory);
  return found;
}

}  // namespace

TEST_CASE("no password stays in memory after a call or a submission") {
  const Site site;
  cred_options options = CRED_INIT(cred_options);
  options.configuration = site.configuration.c_str();
  cred_library* library = nullptr;
  cred_realm* realm = nullptr;
  cred_queue* queue = nullptr;
  REQUIRE(cred_open(&options, &library, nullptr) == CRED_ACCEPTED);
  REQUIRE(cred_realm_open(library, "system", &realm, nullptr) == CRED_ACCEPTED);
  REQUIRE(cred_queue_open(library, nullptr, &queue, nullptr) == CRED_ACCEPTED);
  constexpr std::size_t n = Password::length;
  Password first('A');
  Password second('B');
  CHECK(copies_of(first) >= 1);  // the search finds what is there

  CHECK(cred_enrol(realm, "alice", nullptr, first.text(), n, 0, nullptr, nullptr) == CRED_ACCEPTED);
  CHECK(cred_authenticate(realm, "alice", first.text(), n, nullptr, nullptr) == CRED_ACCEPTED);
  CHECK(cred_authenticate(realm, "alice", second.text(), n, nullptr, nullptr) == CRED_REFUSED);
  CHECK(cred_check(realm, "alice", second.text(), n, nullptr, nullptr) == CRED_ACCEPTED);
  CHECK(cred_change(realm, "alice", first.text(), n, second.text(), n, nullptr, nullptr) ==
        CRED_ACCEPTED);
  CHECK(cred_submit_authenticate(queue, realm, "alice", second.text(), n, nullptr, 1) ==
        CRED_ACCEPTED);
  CHECK(cred_submit_authenticate(queue, realm, "nobody", first.text(), n, nullptr, 2) ==
        CRED_ACCEPTED);
  for (int taken = 0; taken < 2;) {
    pollfd ready{cred_queue_descriptor(queue), POLLIN, 0};
    REQUIRE(poll(&ready, 1, 60'000) == 1);
    while (cred_take(queue, nullptr, nullptr) == 1) ++taken;
  }
  first.wipe();
  second.wipe();
  CHECK(copies_of(first) == 0);
  CHECK(copies_of(second) == 0);
  cred_queue_close(queue);
  cred_realm_close(realm);
  cred_close(library);
}
