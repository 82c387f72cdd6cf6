#include "base/bytes.hpp"

#include <array>
#include <catch2/catch.hpp>

using cred::Reader;
using cred::Writer;

TEST_CASE("what is written is read back, big-endian") {
  std::array<std::byte, 64> buffer{};
  Writer w(buffer);
  w.u8(1);
  w.u16(0x0203);
  w.u32(0x04050607);
  w.i64(-2);
  w.text("text");
  REQUIRE(w.ok());
  CHECK(buffer[1] == std::byte{2});
  Reader r(w.written());
  CHECK(r.u8() == 1);
  CHECK(r.u16() == 0x0203);
  CHECK(r.u32() == 0x04050607);
  CHECK(r.i64() == -2);
  CHECK(r.text() == "text");
  CHECK(r.finished());
}

TEST_CASE("a reader that ran out stays failed and yields zeros") {
  const std::array<std::byte, 2> bytes{std::byte{9}, std::byte{9}};
  Reader r(bytes);
  CHECK(r.u32() == 0);
  CHECK_FALSE(r.ok());
  CHECK(r.u8() == 0);
  CHECK_FALSE(r.finished());
}

TEST_CASE("a field longer than what is left is refused") {
  const std::array<std::byte, 5> bytes{std::byte{0xff}, std::byte{0xff}, std::byte{0xff},
                                       std::byte{0xff}, std::byte{1}};
  Reader r(bytes);
  CHECK(r.field().empty());
  CHECK_FALSE(r.ok());
}

TEST_CASE("a writer never writes past its buffer") {
  std::array<std::byte, 3> buffer{};
  Writer w{std::span(buffer).first(2)};
  w.u8(1);
  w.u16(0xffff);
  CHECK_FALSE(w.ok());
  CHECK(buffer[2] == std::byte{0});
}
