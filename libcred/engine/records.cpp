#include "engine/records.hpp"

#include "base/bytes.hpp"

#include <algorithm>
#include <cstring>

namespace cred::engine {
namespace {

constexpr std::uint8_t format = 1;

template <typename Write>
Secret written(std::size_t room, Write write) {
  Secret bytes(room);
  if (!bytes.ok()) throw Failure(Code::unavailable, "no memory for a record");
  Writer w(bytes.writable());
  w.u8(format);
  write(w);
  if (!w.ok()) throw Failure(Code::internal, "a record does not fit its buffer");
  bytes.shrink(w.used());
  return bytes;
}

tl::unexpected<Error> malformed(const char* what) {
  return fail(Code::integrity, std::string("a stored ") + what + " is malformed");
}

Time time_of(std::int64_t milliseconds) { return Time(Duration(milliseconds)); }

bool bounded_text(Reader& r, std::string& text) {
  const auto view = r.text();
  if (!r.ok() || view.size() > max_profile_text) return false;
  text = view;
  return true;
}

template <std::size_t N>
bool take(Reader& r, std::array<std::byte, N>& bytes) {
  const auto taken = r.take(N);
  if (!r.ok()) return false;
  std::memcpy(bytes.data(), taken.data(), N);
  return true;
}

bool take(Reader& r, HistoryGroup& group) {
  group.parameters = {r.u32(), r.u32(), r.u32()};
  if (!take(r, group.salt)) return false;
  const std::uint32_t count = r.u32();
  if (!r.ok() || count > r.left() / hash::tag_bytes) return false;
  if (!hash::demandable(group.parameters)) return false;
  group.tags.resize(count);
  return std::all_of(group.tags.begin(), group.tags.end(), [&](auto& tag) { return take(r, tag); });
}

}  // namespace

Secret encode(const Credential& c) {
  return written(hash::max_phc_bytes + 64, [&](Writer& w) {
    w.text(hash::encode_phc(c.verifier));
    w.i64(c.set_at.time_since_epoch().count());
    w.u8(static_cast<std::uint8_t>(c.state));
    w.u8(static_cast<std::uint8_t>(c.demand));
    w.u8(c.set_by_owner ? 1 : 0);
  });
}

Secret encode(const Profile& p) {
  std::size_t room =
      64 + p.full_name.size() + p.email.size() + p.birth_date.size() + p.phone.size();
  for (const auto& [key, value] : p.attributes) room += key.size() + value.size() + 8;
  return written(room, [&](Writer& w) {
    w.i64(p.created_at.time_since_epoch().count());
    w.text(p.full_name);
    w.text(p.email);
    w.text(p.birth_date);
    w.text(p.phone);
    w.u16(static_cast<std::uint16_t>(p.attributes.size()));
    for (const auto& [key, value] : p.attributes) {
      w.text(key);
      w.text(value);
    }
  });
}

Secret encode(const History& history) {
  std::size_t room = 16;
  for (const auto& group : history) room += 48 + group.tags.size() * hash::tag_bytes;
  return written(room, [&](Writer& w) {
    w.u16(static_cast<std::uint16_t>(history.size()));
    for (const auto& group : history) {
      w.u32(group.parameters.memory);
      w.u32(group.parameters.passes);
      w.u32(group.parameters.lanes);
      w.put(group.salt);
      w.u32(static_cast<std::uint32_t>(group.tags.size()));
      for (const auto& tag : group.tags) w.put(tag);
    }
  });
}

Expected<Credential> decode_credential(std::span<const std::byte> bytes) {
  Reader r(bytes);
  if (r.u8() != format) return malformed("credential");
  auto verifier = hash::decode_phc(r.text());
  if (!verifier) return tl::make_unexpected(verifier.error());
  Credential c;
  c.verifier = *verifier;
  c.set_at = time_of(r.i64());
  const std::uint8_t state = r.u8();
  const std::uint8_t demand = r.u8();
  const std::uint8_t by_owner = r.u8();
  if (!r.finished() || state > static_cast<std::uint8_t>(State::disabled) ||
      demand > static_cast<std::uint8_t>(Demand::compromised) || by_owner > 1)
    return malformed("credential");
  c.state = static_cast<State>(state);
  c.demand = static_cast<Demand>(demand);
  c.set_by_owner = by_owner == 1;
  return c;
}

Expected<Profile> decode_profile(std::span<const std::byte> bytes) {
  Reader r(bytes);
  if (r.u8() != format) return malformed("profile");
  Profile p;
  p.created_at = time_of(r.i64());
  if (!bounded_text(r, p.full_name) || !bounded_text(r, p.email) ||
      !bounded_text(r, p.birth_date) || !bounded_text(r, p.phone))
    return malformed("profile");
  const std::uint16_t count = r.u16();
  if (!r.ok() || count > max_attributes) return malformed("profile");
  for (std::uint16_t i = 0; i < count; ++i) {
    std::string key;
    std::string value;
    if (!bounded_text(r, key) || !bounded_text(r, value)) return malformed("profile");
    p.attributes.emplace(std::move(key), std::move(value));
  }
  if (!r.finished()) return malformed("profile");
  return p;
}

Expected<History> decode_history(std::span<const std::byte> bytes) {
  Reader r(bytes);
  if (r.u8() != format) return malformed("history");
  const std::uint16_t count = r.u16();
  constexpr std::size_t group_bytes = 32;
  if (!r.ok() || count > r.left() / group_bytes) return malformed("history");
  History history(count);
  for (auto& group : history)
    if (!take(r, group)) return malformed("history");
  if (!r.finished()) return malformed("history");
  return history;
}

}  // namespace cred::engine
