#include "audit/body.hpp"

#include "base/bytes.hpp"

#include <sodium.h>
#include <string_view>

namespace cred::audit {
namespace {

constexpr std::uint8_t format = 1;
constexpr std::size_t salt_bytes = 16;
constexpr std::size_t length_bytes = 4;
constexpr std::size_t texts = 5;

// The first `limit` bytes, without the beginning of a character that does not fit.
std::string_view cut(std::string_view text, std::size_t limit) {
  if (text.size() <= limit) return text;
  std::size_t end = limit;
  const auto continues = [&] { return (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U; };
  // No character has more than three such bytes: more of them are no UTF-8 anyway.
  while (limit - end < 3 && continues()) --end;
  return text.substr(0, continues() ? limit : end);
}

}  // namespace

std::vector<std::byte> encode(const Body& body) {
  const auto actor = cut(body.actor, max_text_bytes);
  const auto source = cut(body.source, max_text_bytes);
  const auto service = cut(body.service, max_text_bytes);
  const auto tty = cut(body.tty, max_text_bytes);
  const auto detail = cut(body.detail, max_detail_bytes);
  std::array<std::byte, salt_bytes> salt{};
  randombytes_buf(salt.data(), salt.size());
  std::vector<std::byte> bytes(1 + salt_bytes + texts * length_bytes + actor.size() +
                               source.size() + service.size() + tty.size() + detail.size());
  Writer w(bytes);
  w.u8(format);
  w.put(salt);
  for (const auto& text : {actor, source, service, tty, detail}) w.text(text);
  return bytes;
}

Expected<Body> decode_body(std::span<const std::byte> bytes) {
  Reader r(bytes);
  const bool known = r.u8() == format;
  (void)r.take(salt_bytes);
  const auto actor = r.text();
  const auto source = r.text();
  const auto service = r.text();
  const auto tty = r.text();
  const auto detail = r.text();
  bool bounded = detail.size() <= max_detail_bytes;
  for (const auto& text : {actor, source, service, tty})
    bounded = bounded && text.size() <= max_text_bytes;
  if (!r.finished() || !known || !bounded)
    return fail(Code::integrity, "the body of a record of the trail is malformed");
  return Body{std::string(actor), std::string(source), std::string(service), std::string(tty),
              std::string(detail)};
}

Digest digest(std::span<const std::byte> encoded_body) noexcept {
  Digest hash{};
  crypto_generichash(reinterpret_cast<unsigned char*>(hash.data()), hash.size(),
                     reinterpret_cast<const unsigned char*>(encoded_body.data()),
                     encoded_body.size(), nullptr, 0);
  return hash;
}

}  // namespace cred::audit
