#include "audit/body.hpp"

#include <algorithm>
#include <catch2/catch.hpp>

using namespace cred;
using namespace cred::audit;

namespace {

Body full_body() {
  return {"alice by credctl", "host 192.0.2.7", "sshd", "ssh", "because \xc3\xa9"};
}

}  // namespace

TEST_CASE("a body comes back as it was written") {
  const auto body = value_or_throw(decode_body(encode(full_body())));
  CHECK(body.actor == "alice by credctl");
  CHECK(body.source == "host 192.0.2.7");
  CHECK(body.service == "sshd");
  CHECK(body.tty == "ssh");
  CHECK(body.detail == "because \xc3\xa9");
  CHECK(value_or_throw(decode_body(encode(Body{}))).actor.empty());
}

TEST_CASE("the same body has another digest each time, so that none can be guessed") {
  const auto once = encode(full_body());
  const auto again = encode(full_body());
  CHECK(once.size() == again.size());
  CHECK(digest(once) != digest(again));
}

TEST_CASE("every byte of a body is in its digest") {
  const auto bytes = encode(full_body());
  CHECK(digest(bytes) == digest(bytes));
  CHECK(digest(bytes) != Digest{});
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    auto other = bytes;
    other[i] ^= std::byte{1};
    REQUIRE(digest(other) != digest(bytes));
  }
}

TEST_CASE("the digest is BLAKE2b of 32 bytes without a key") {
  // b2sum -l 256 of "abc".
  constexpr std::array<unsigned char, 32> known = {0xbd, 0xdd, 0x81, 0x3c, 0x63, 0x42, 0x39, 0x72,
                                                   0x31, 0x71, 0xef, 0x3f, 0xee, 0x98, 0x57, 0x9b,
                                                   0x94, 0x96, 0x4e, 0x3b, 0xb1, 0xcb, 0x3e, 0x42,
                                                   0x72, 0x62, 0xc8, 0xc0, 0x68, 0xd5, 0x23, 0x19};
  const auto hash = digest(std::as_bytes(std::span("abc", 3)));
  CHECK(std::equal(hash.begin(), hash.end(), std::as_bytes(std::span(known)).begin()));
}

TEST_CASE("a long text is cut between two characters") {
  Body body;
  body.actor = std::string(max_text_bytes + 1, 'a');
  body.source = std::string(max_text_bytes - 1, 'a') + "\xc3\xa9";         // 2 bytes, 1 fits
  body.service = std::string(max_text_bytes - 2, 'a') + "\xc3\xa9" + "b";  // fits but for b
  body.tty = std::string(max_text_bytes - 3, 'a') + "\xf0\x9f\x94\x91";    // 4 bytes, 3 fit
  body.detail = std::string(max_detail_bytes + 5000, '\x80');              // no UTF-8
  const auto read = value_or_throw(decode_body(encode(body)));
  CHECK(read.actor == std::string(max_text_bytes, 'a'));
  CHECK(read.source == std::string(max_text_bytes - 1, 'a'));
  CHECK(read.service == std::string(max_text_bytes - 2, 'a') + "\xc3\xa9");
  CHECK(read.tty == std::string(max_text_bytes - 3, 'a'));
  CHECK(read.detail == std::string(max_detail_bytes, '\x80'));
}

TEST_CASE("a body that is cut short, too long or of an unknown format is refused") {
  const auto bytes = encode(full_body());
  for (std::size_t size = 0; size < bytes.size(); ++size)
    REQUIRE_FALSE(decode_body(std::span(bytes).first(size)));
  auto longer = bytes;
  longer.push_back(std::byte{0});
  CHECK_FALSE(decode_body(longer));
  for (const int format : {0, 2}) {
    auto other = bytes;
    other[0] = static_cast<std::byte>(format);
    CHECK_FALSE(decode_body(other));
  }
}

TEST_CASE("a body with a text beyond its bound is refused") {
  constexpr std::size_t before_texts = 17;
  for (std::size_t text = 0; text < 5; ++text) {
    const std::size_t limit = text == 4 ? max_detail_bytes : max_text_bytes;
    for (const std::size_t length : {limit, limit + 1}) {
      std::vector<std::byte> bytes(before_texts + 5 * 4 + length);
      bytes[0] = std::byte{1};
      const std::size_t at = before_texts + 4 * text;  // the texts before it are empty
      bytes[at + 2] = static_cast<std::byte>(length >> 8U);
      bytes[at + 3] = static_cast<std::byte>(length & 0xffU);
      CHECK(decode_body(bytes).has_value() == (length == limit));
    }
  }
}
