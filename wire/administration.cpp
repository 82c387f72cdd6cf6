#include "wire/administration.hpp"

#include "base/language.hpp"
#include "wire/framing.hpp"

namespace cred::wire {
namespace {

constexpr std::uint8_t order_kind = 8;
constexpr std::uint8_t part_kind = 0x81;
constexpr std::uint8_t result_kind = 0x82;

bool bounded(const Order& o) noexcept {
  if (!bounded_text(o.realm) || !bounded_text(o.command, max_command_bytes) ||
      !bounded_text(o.tty) || !is_language(o.language) || o.arguments > max_arguments ||
      o.password.size() > max_password_bytes)
    return false;
  for (std::size_t i = 0; i < o.arguments; ++i)
    if (!bounded_text(o.argument[i], max_argument_bytes)) return false;
  return true;
}

}  // namespace

Secret encode(const Order& order) noexcept {
  if (!bounded(order)) return Secret();
  return framed([&](Writer& w) {
    w.u8(order_kind);
    w.u32(order.real_uid);
    w.text(order.realm);
    w.text(order.command);
    w.text(order.tty);
    w.text(order.language);
    w.u16(static_cast<std::uint16_t>(order.arguments));
    for (std::size_t i = 0; i < order.arguments; ++i) w.text(order.argument[i]);
    w.field(order.password);
  });
}

Secret encode(const Part& part) noexcept {
  return framed([&](Writer& w) {
    w.u8(part_kind);
    w.field(part.text);
  });
}

Secret encode(const Result& result) noexcept {
  if (result.password.size() > max_password_bytes) return Secret();
  return framed([&](Writer& w) {
    w.u8(result_kind);
    w.u8(static_cast<std::uint8_t>(result.code));
    w.field(result.password);
  });
}

bool decode(std::span<const std::byte> body, Order& order) noexcept {
  Reader r(body);
  if (r.u8() != version || r.u8() != order_kind) return false;
  order.real_uid = r.u32();
  order.realm = r.text();
  order.command = r.text();
  order.tty = r.text();
  order.language = r.text();
  order.arguments = r.u16();
  if (!r.ok() || order.arguments > max_arguments) return false;
  for (std::size_t i = 0; i < order.arguments; ++i) order.argument[i] = r.text();
  order.password = r.field();
  return r.finished() && bounded(order);
}

bool decode(std::span<const std::byte> body, Part& part) noexcept {
  Reader r(body);
  if (r.u8() != version || r.u8() != part_kind) return false;
  part.text = r.field();
  return r.finished() && part.text.size() <= max_part_bytes;
}

bool decode(std::span<const std::byte> body, Result& result) noexcept {
  Reader r(body);
  if (r.u8() != version || r.u8() != result_kind) return false;
  const std::uint8_t code = r.u8();
  result.password = r.field();
  if (!r.finished() || !known(code) || result.password.size() > max_password_bytes) return false;
  result.code = static_cast<Code>(code);
  return true;
}

bool is_order(std::span<const std::byte> body) noexcept {
  return body.size() >= 2 && body[1] == std::byte{order_kind};
}

}  // namespace cred::wire
