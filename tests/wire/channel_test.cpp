#include "wire/channel.hpp"

#include "wire/message.hpp"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <string>
#include <sys/socket.h>
#include <thread>
#include <unistd.h>

using namespace cred;
using namespace cred::wire;

namespace {

struct Pair {
  Pair() { REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, ends) == 0); }
  ~Pair() {
    if (ends[1] >= 0) close(ends[1]);
  }
  void write_raw(std::string_view text) const {
    // Also called beside the test's own thread, where Catch2 must not be used.
    if (write(ends[1], text.data(), text.size()) != static_cast<ssize_t>(text.size())) std::abort();
  }
  void hang_up() {
    close(ends[1]);
    ends[1] = -1;
  }
  int ends[2];
  Channel channel() { return Channel(ends[0]); }
};

}  // namespace

TEST_CASE("a frame arrives whole, also in small pieces") {
  Pair pair;
  Channel channel = pair.channel();
  std::thread sender([&] {
    for (const char c : std::string("\0\0\0\3abc", 7)) {
      pair.write_raw({&c, 1});
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
    }
  });
  Secret body;
  CHECK(channel.receive(body, 5000) == Io::done);
  CHECK(body.equals(Secret::copy_of("abc", 3)));
  sender.join();
}

TEST_CASE("a hang-up between frames is closed, inside one it is broken") {
  Secret body;
  Pair between;
  between.hang_up();
  CHECK(between.channel().receive(body, 1000) == Io::closed);
  Pair in_header;
  in_header.write_raw(std::string_view("\0\0", 2));
  in_header.hang_up();
  CHECK(in_header.channel().receive(body, 1000) == Io::broken);
  Pair in_body;
  in_body.write_raw(std::string_view("\0\0\0\5ab", 6));
  in_body.hang_up();
  CHECK(in_body.channel().receive(body, 1000) == Io::broken);
}

TEST_CASE("a frame of no length or past the bound is malformed") {
  Secret body;
  Pair empty;
  empty.write_raw(std::string_view("\0\0\0\0", 4));
  CHECK(empty.channel().receive(body, 1000) == Io::malformed);
  Pair huge;
  huge.write_raw("\xff\xff\xff\xff");
  CHECK(huge.channel().receive(body, 1000) == Io::malformed);
}

TEST_CASE("a peer that says nothing is given up at the deadline") {
  Pair pair;
  Secret body;
  CHECK(pair.channel().receive(body, 20) == Io::late);
}

TEST_CASE("sending to a peer that is gone raises no signal") {
  Pair pair;
  pair.hang_up();
  CHECK(pair.channel().send(encode(Reply{}), 1000) == Io::broken);
}
