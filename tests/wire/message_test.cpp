#include "wire/message.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace cred;
using namespace cred::wire;

namespace {

std::span<const std::byte> body(const Secret& frame) { return frame.bytes().subspan(header_bytes); }
std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

Request full_request() {
  Request r;
  r.kind = Kind::change;
  r.realm = "system";
  r.account = "alice";
  r.source = {"sshd", "ssh", "192.0.2.1", "root", "de_DE.UTF-8"};
  r.old_password = bytes("old");
  r.password = bytes("new");
  return r;
}

}  // namespace

TEST_CASE("a request comes back as it was sent") {
  const Secret frame = encode(full_request());
  CHECK(Reader(frame.bytes()).u32() == frame.size() - header_bytes);
  Request r;
  REQUIRE(decode(body(frame), r));
  CHECK(r.kind == Kind::change);
  CHECK(r.account == "alice");
  CHECK(r.source.rhost == "192.0.2.1");
  CHECK(r.source.language == "de_DE.UTF-8");
  CHECK(r.old_password.size() == 3);
}

TEST_CASE("a reply comes back with its messages") {
  Reply reply;
  reply.code = Code::refused;
  reply.reason = Reason::policy;
  reply.due = -1;
  reply.messages = 2;
  reply.message[0] = "one";
  reply.message[1] = "two";
  const Secret frame = encode(reply);
  Reply r;
  REQUIRE(decode(body(frame), r));
  CHECK(r.code == Code::refused);
  CHECK(r.due == -1);
  CHECK(r.message[1] == "two");
}

TEST_CASE("a message that is cut short or too long is refused") {
  const Secret frame = encode(full_request());
  Request r;
  for (std::size_t size = 0; size < body(frame).size(); ++size)
    REQUIRE_FALSE(decode(body(frame).first(size), r));
  Secret longer(body(frame).size() + 1);
  std::copy(body(frame).begin(), body(frame).end(), longer.writable().begin());
  CHECK_FALSE(decode(longer.bytes(), r));
}

TEST_CASE("another version, an unknown kind, code or reason is refused") {
  Secret request = encode(full_request());
  Request r;
  const auto at = [](Secret& frame, std::size_t i) -> std::byte& {
    return frame.writable()[header_bytes + i];
  };
  at(request, 0) = std::byte{version - 1};
  CHECK_FALSE(decode(body(request), r));
  at(request, 0) = std::byte{version};
  for (const int kind : {0, 8, 10, 0x80}) {
    at(request, 1) = static_cast<std::byte>(kind);
    CHECK_FALSE(decode(body(request), r));
  }
  Secret reply = encode(Reply{});
  Reply answer;
  at(reply, 2) = std::byte{10};
  CHECK_FALSE(decode(body(reply), answer));
  at(reply, 2) = std::byte{0};
  at(reply, 3) = std::byte{11};
  CHECK_FALSE(decode(body(reply), answer));
}

TEST_CASE("flags and strength come back, and unknown ones are refused") {
  Request request = full_request();
  request.passwordless = true;
  Secret frame = encode(request);
  Request r;
  REQUIRE(decode(body(frame), r));
  CHECK(r.passwordless);
  CHECK_FALSE(r.must_change);
  frame.writable()[header_bytes + 6] = std::byte{2};
  REQUIRE(decode(body(frame), r));
  CHECK(r.must_change);
  CHECK_FALSE(r.passwordless);
  frame.writable()[header_bytes + 6] = std::byte{4};
  CHECK_FALSE(decode(body(frame), r));

  Reply reply;
  reply.strength = 4;
  Secret answer = encode(reply);
  Reply a;
  REQUIRE(decode(body(answer), a));
  CHECK(a.strength == 4);
  answer.writable()[header_bytes + 17] = std::byte{5};
  CHECK_FALSE(decode(body(answer), a));
  answer.writable()[header_bytes + 17] = std::byte{unknown_strength};
  CHECK(decode(body(answer), a));
}

TEST_CASE("a language that could name another directory is neither sent nor taken") {
  Request r = full_request();
  for (const char* language : {"../../tmp", "de/DE", "de DE", "%n"}) {
    r.source.language = language;
    CHECK(encode(r).empty());
  }
}

TEST_CASE("names with NUL, long names and long passwords are not sent") {
  Request r = full_request();
  r.account = std::string_view("a\0b", 3);
  CHECK(encode(r).empty());
  r = full_request();
  const std::string long_name(max_text_bytes + 1, 'x');
  r.account = long_name;
  CHECK(encode(r).empty());
  r = full_request();
  const std::string long_password(max_password_bytes + 1, 'x');
  r.password = bytes(long_password);
  CHECK(encode(r).empty());
}
