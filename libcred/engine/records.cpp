#include "engine/records.hpp"

#include "base/bytes.hpp"
#include "hash/recipe.hpp"

#include <algorithm>
#include <cstring>

namespace cred::engine {
namespace {

constexpr std::uint8_t profile_format = 1;
// Format 1 had no exemption, format 2 no session epoch and nothing after it, format 3 no
// recipe of a wrapped foreign hash.
constexpr std::uint8_t credential_format = 4;
// Format 1 had neither numbers nor canonical forms, format 2 nothing barred, format 3 no
// recipes.
constexpr std::uint8_t history_format = 4;
// In the number of a tag; an account never has so many passwords.
constexpr std::uint32_t barred_bit = 0x80000000;
constexpr std::uint8_t login_format = 1;

template <typename Write>
Secret written(std::uint8_t format, std::size_t room, Write write) {
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

bool bounded_text(Reader& r, std::string& text, std::size_t most = max_profile_text) {
  const auto view = r.text();
  if (!r.ok() || view.size() > most) return false;
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

// Tags with their numbers; without them they are counted on from `before`.
template <typename Tag>
bool take(Reader& r, std::vector<Tag>& tags, bool numbered, std::uint32_t before) {
  const std::uint32_t count = r.u32();
  const std::size_t each = sizeof(Tag::tag) + (numbered ? sizeof(std::uint32_t) : 0);
  if (!r.ok() || count > r.left() / each) return false;
  tags.resize(count);
  for (auto& tag : tags) {
    const std::uint32_t number = numbered ? r.u32() : ++before;
    tag.number = number & ~barred_bit;
    tag.barred = (number & barred_bit) != 0;
    if (!take(r, tag.tag)) return false;
  }
  return true;
}

// Empty, or a recipe.
bool take_recipe(Reader& r, std::string& recipe) {
  if (!bounded_text(r, recipe, hash::max_recipe_bytes)) return false;
  return recipe.empty() || hash::parse_recipe(recipe).has_value();
}

bool take(Reader& r, HistoryGroup& group, std::uint8_t format, std::uint32_t before) {
  group.parameters = {r.u32(), r.u32(), r.u32()};
  if (!take(r, group.salt) || !hash::demandable(group.parameters)) return false;
  if (format == 1) return take(r, group.tags, false, before);
  if (!take(r, group.tags, true, 0) || !take(r, group.similar, true, 0)) return false;
  return format < 4 || take_recipe(r, group.recipe);
}

}  // namespace

Secret encode(const Credential& c) {
  return written(credential_format,
                 hash::max_phc_bytes + 128 + c.exempt_reason.size() + c.verifier.recipe.size(),
                 [&](Writer& w) {
                   w.text(hash::encode_phc(c.verifier));
                   w.i64(c.set_at.time_since_epoch().count());
                   w.u8(static_cast<std::uint8_t>(c.state));
                   w.u8(static_cast<std::uint8_t>(c.demand));
                   w.u8(c.set_by_owner ? 1 : 0);
                   w.i64(c.exempt_until.time_since_epoch().count());
                   w.text(c.exempt_reason);
                   w.u32(c.session_epoch);
                   w.i64(c.unlocked_at.time_since_epoch().count());
                   w.i64(c.one_time_until.time_since_epoch().count());
                   w.text(c.verifier.recipe);
                 });
}

Secret encode(const Profile& p) {
  std::size_t room =
      64 + p.full_name.size() + p.email.size() + p.birth_date.size() + p.phone.size();
  for (const auto& [key, value] : p.attributes) room += key.size() + value.size() + 8;
  return written(profile_format, room, [&](Writer& w) {
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
  for (const auto& group : history)
    room += 48 + group.recipe.size() + group.tags.size() * sizeof(HistoryTag) +
            group.similar.size() * sizeof(SimilarTag);
  return written(history_format, room, [&](Writer& w) {
    w.u16(static_cast<std::uint16_t>(history.size()));
    for (const auto& group : history) {
      w.u32(group.parameters.memory);
      w.u32(group.parameters.passes);
      w.u32(group.parameters.lanes);
      w.put(group.salt);
      w.u32(static_cast<std::uint32_t>(group.tags.size()));
      for (const auto& tag : group.tags) {
        w.u32(tag.number | (tag.barred ? barred_bit : 0));
        w.put(tag.tag);
      }
      w.u32(static_cast<std::uint32_t>(group.similar.size()));
      for (const auto& tag : group.similar) {
        w.u32(tag.number | (tag.barred ? barred_bit : 0));
        w.put(tag.tag);
      }
      w.text(group.recipe);
    }
  });
}

Secret encode(const Login& login) {
  const auto cut = [](const std::string& text) {
    return std::string_view(text).substr(0, max_login_text);
  };
  return written(login_format, 32 + 3 * max_login_text, [&](Writer& w) {
    w.i64(login.at.time_since_epoch().count());
    w.text(cut(login.host));
    w.text(cut(login.tty));
    w.text(cut(login.service));
  });
}

Expected<Credential> decode_credential(std::span<const std::byte> bytes) {
  Reader r(bytes);
  const std::uint8_t format = r.u8();
  if (format < 1 || format > credential_format) return malformed("credential");
  auto verifier = hash::decode_phc(r.text());
  if (!verifier) return tl::make_unexpected(verifier.error());
  Credential c;
  c.verifier = *verifier;
  c.set_at = time_of(r.i64());
  const std::uint8_t state = r.u8();
  const std::uint8_t demand = r.u8();
  const std::uint8_t by_owner = r.u8();
  if (format > 1) {
    c.exempt_until = time_of(r.i64());
    const auto reason = r.text();
    if (!r.ok() || reason.size() > max_reason) return malformed("credential");
    c.exempt_reason = reason;
  }
  if (format > 2) {
    c.session_epoch = r.u32();
    c.unlocked_at = time_of(r.i64());
    c.one_time_until = time_of(r.i64());
  }
  if (format > 3 && !take_recipe(r, c.verifier.recipe)) return malformed("credential");
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
  if (r.u8() != profile_format) return malformed("profile");
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
  const std::uint8_t format = r.u8();
  if (format < 1 || format > history_format) return malformed("history");
  const std::uint16_t count = r.u16();
  constexpr std::size_t group_bytes = 32;
  if (!r.ok() || count > r.left() / group_bytes) return malformed("history");
  History history(count);
  std::uint32_t passwords = 0;
  for (auto& group : history) {
    if (!take(r, group, format, passwords)) return malformed("history");
    passwords += static_cast<std::uint32_t>(group.tags.size());
  }
  if (!r.finished()) return malformed("history");
  return history;
}

Expected<Login> decode_login(std::span<const std::byte> bytes) {
  Reader r(bytes);
  if (r.u8() != login_format) return malformed("login");
  Login login;
  login.at = time_of(r.i64());
  if (!bounded_text(r, login.host, max_login_text) || !bounded_text(r, login.tty, max_login_text) ||
      !bounded_text(r, login.service, max_login_text) || !r.finished())
    return malformed("login");
  return login;
}

}  // namespace cred::engine
