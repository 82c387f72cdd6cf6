#include "wire/administration.hpp"

#include <catch2/catch.hpp>
#include <string>

using namespace cred;
using namespace cred::wire;

namespace {

std::span<const std::byte> body(const Secret& frame) { return frame.bytes().subspan(header_bytes); }
std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span(text)); }

Order full_order() {
  Order o;
  o.real_uid = 7;
  o.realm = "shop";
  o.command = "user add";
  o.tty = "/dev/pts/3";
  o.language = "de";
  o.arguments = 2;
  o.argument[0] = "account=alice";
  o.argument[1] = "attribute=team=blue";
  o.password = bytes("new");
  return o;
}

}  // namespace

TEST_CASE("an order comes back as it was given") {
  const Secret frame = encode(full_order());
  CHECK(is_order(body(frame)));
  Order o;
  REQUIRE(decode(body(frame), o));
  CHECK(o.real_uid == 7);
  CHECK(o.realm == "shop");
  CHECK(o.command == "user add");
  CHECK(o.tty == "/dev/pts/3");
  CHECK(o.language == "de");
  REQUIRE(o.arguments == 2);
  CHECK(o.argument[1] == "attribute=team=blue");
  CHECK(o.password.size() == 3);
}

TEST_CASE("an order is no request, and a request no order") {
  Request request;
  Order order;
  CHECK_FALSE(decode(body(encode(full_order())), request));
  const Secret frame = encode(Request{});
  CHECK_FALSE(is_order(body(frame)));
  CHECK_FALSE(decode(body(frame), order));
}

TEST_CASE("an answer's parts and its end come back, and are nothing else") {
  const std::string most(max_part_bytes, 'x');
  const Secret part = encode(Part{bytes(most)});
  REQUIRE_FALSE(part.empty());
  Part p;
  REQUIRE(decode(body(part), p));
  CHECK(p.text.size() == most.size());
  const Secret result = encode(Result{Code::refused, bytes("Tricky")});
  Result r;
  REQUIRE(decode(body(result), r));
  CHECK(r.code == Code::refused);
  CHECK(r.password.size() == 6);
  Reply reply;
  CHECK_FALSE(decode(body(part), r));
  CHECK_FALSE(decode(body(result), p));
  CHECK_FALSE(decode(body(result), reply));
  CHECK(encode(Part{bytes(most + "x")}).empty());
}

TEST_CASE("an order or an answer that is cut short or too long is refused") {
  Order o;
  Part p;
  Result r;
  const auto refused_but_whole = [](const Secret& frame, auto& message) {
    for (std::size_t size = 0; size < body(frame).size(); ++size)
      if (decode(body(frame).first(size), message)) return false;
    Secret longer(body(frame).size() + 1);
    std::copy(body(frame).begin(), body(frame).end(), longer.writable().begin());
    return !decode(longer.bytes(), message) && decode(body(frame), message);
  };
  CHECK(refused_but_whole(encode(full_order()), o));
  CHECK(refused_but_whole(encode(Part{bytes("some")}), p));
  CHECK(refused_but_whole(encode(Result{Code::accepted, bytes("new")}), r));
  CHECK_FALSE(is_order({}));
}

TEST_CASE("an order past its bounds is neither sent nor taken") {
  Order o = full_order();
  const std::string long_argument(max_argument_bytes + 1, 'x');
  o.argument[0] = long_argument;
  CHECK(encode(o).empty());
  o = full_order();
  o.arguments = max_arguments + 1;
  CHECK(encode(o).empty());
  o = full_order();
  o.command = std::string_view("a\0b", 3);
  CHECK(encode(o).empty());
  o = full_order();
  o.language = "../../tmp";
  CHECK(encode(o).empty());

  // More arguments announced than there are places for.
  Secret frame = encode(full_order());
  const std::size_t count_at = header_bytes + 6 + (4 + 4) + (4 + 8) + (4 + 10) + (4 + 2);
  frame.writable()[count_at] = std::byte{0xff};
  CHECK_FALSE(decode(body(frame), o));
}
