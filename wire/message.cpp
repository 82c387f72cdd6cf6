#include "wire/message.hpp"

#include "base/language.hpp"
#include "wire/framing.hpp"

namespace cred::wire {
namespace {

constexpr std::uint8_t reply_kind = 0x80;
constexpr std::uint8_t passwordless_flag = 1;
constexpr std::uint8_t must_change_flag = 2;
constexpr std::uint8_t all_flags = passwordless_flag | must_change_flag;
constexpr std::uint8_t most_strength = 4;
constexpr std::uint8_t last_reason = static_cast<std::uint8_t>(Reason::idle);

bool is_kind(std::uint8_t kind) noexcept {
  return (kind >= static_cast<std::uint8_t>(Kind::authenticate) &&
          kind <= static_cast<std::uint8_t>(Kind::session)) ||
         kind == static_cast<std::uint8_t>(Kind::enrol);
}

bool bounded(const Request& r) noexcept {
  return bounded_text(r.realm) && bounded_text(r.account) && bounded_text(r.source.service) &&
         bounded_text(r.source.tty) && bounded_text(r.source.rhost) &&
         bounded_text(r.source.ruser) && is_language(r.source.language) &&
         r.old_password.size() <= max_password_bytes && r.password.size() <= max_password_bytes;
}

}  // namespace

Secret encode(const Request& request) noexcept {
  if (!bounded(request)) return Secret();
  return framed([&](Writer& w) {
    w.u8(static_cast<std::uint8_t>(request.kind));
    w.u32(request.real_uid);
    w.u8(static_cast<std::uint8_t>((request.passwordless ? passwordless_flag : 0) |
                                   (request.must_change ? must_change_flag : 0)));
    w.text(request.realm);
    w.text(request.account);
    w.text(request.source.service);
    w.text(request.source.tty);
    w.text(request.source.rhost);
    w.text(request.source.ruser);
    w.text(request.source.language);
    w.field(request.old_password);
    w.field(request.password);
  });
}

Secret encode(const Reply& reply) noexcept {
  return framed([&](Writer& w) {
    w.u8(reply_kind);
    w.u8(static_cast<std::uint8_t>(reply.code));
    w.u8(static_cast<std::uint8_t>(reply.reason));
    w.i64(reply.due);
    w.u8(reply.warn ? 1 : 0);
    w.u32(reply.days_left);
    w.u8(reply.strength);
    w.u16(reply.messages);
    for (std::size_t i = 0; i < reply.messages; ++i) w.text(reply.message[i]);
  });
}

bool decode(std::span<const std::byte> body, Request& request) noexcept {
  Reader r(body);
  if (r.u8() != version) return false;
  const std::uint8_t kind = r.u8();
  if (!is_kind(kind)) return false;
  request.kind = static_cast<Kind>(kind);
  request.real_uid = r.u32();
  const std::uint8_t flags = r.u8();
  if ((flags & ~all_flags) != 0) return false;
  request.passwordless = (flags & passwordless_flag) != 0;
  request.must_change = (flags & must_change_flag) != 0;
  request.realm = r.text();
  request.account = r.text();
  request.source.service = r.text();
  request.source.tty = r.text();
  request.source.rhost = r.text();
  request.source.ruser = r.text();
  request.source.language = r.text();
  request.old_password = r.field();
  request.password = r.field();
  return r.finished() && bounded(request);
}

bool decode(std::span<const std::byte> body, Reply& reply) noexcept {
  Reader r(body);
  if (r.u8() != version || r.u8() != reply_kind) return false;
  const std::uint8_t code = r.u8();
  const std::uint8_t reason = r.u8();
  if (!known(code) || reason > last_reason) return false;
  reply.code = static_cast<Code>(code);
  reply.reason = static_cast<Reason>(reason);
  reply.due = r.i64();
  const std::uint8_t warn = r.u8();
  reply.warn = warn == 1;
  reply.days_left = r.u32();
  reply.strength = r.u8();
  if (reply.strength > most_strength && reply.strength != unknown_strength) return false;
  reply.messages = r.u16();
  if (warn > 1 || reply.messages > max_messages) return false;
  for (std::size_t i = 0; i < reply.messages; ++i) {
    reply.message[i] = r.text();
    if (reply.message[i].size() > max_message_bytes) return false;
  }
  return r.finished();
}

}  // namespace cred::wire
