#include "engine/head.hpp"

#include "base/bytes.hpp"

#include <cstring>

namespace cred::engine {
namespace {

// The first one does not say which keys are retired.
constexpr std::uint8_t first_format = 1;
constexpr std::uint8_t format = 2;
constexpr std::size_t seed_bytes = 32;
constexpr std::size_t fixed_bytes = 512;
constexpr std::size_t wave_bytes = 17;
constexpr std::size_t longest_name = 64;

void put(Writer& w, Time time) { w.i64(time.time_since_epoch().count()); }
void put(Writer& w, const std::optional<Time>& time) {
  w.u8(time ? 1 : 0);
  put(w, time.value_or(Time{}));
}

Time time_of(Reader& r) { return Time(Duration(r.i64())); }
std::optional<Time> maybe_time_of(Reader& r) {
  const bool there = r.u8() != 0;
  const Time time = time_of(r);
  return there ? std::optional(time) : std::nullopt;
}

template <std::size_t N>
void take(Reader& r, std::array<std::byte, N>& bytes) {
  const auto taken = r.take(N);
  if (r.ok()) std::memcpy(bytes.data(), taken.data(), N);
}

}  // namespace

Secret encode(const Head& head, Seed seed) {
  Secret bytes(fixed_bytes + head.realm.size() + head.waves.size() * wave_bytes);
  if (!bytes.ok()) throw Failure(Code::unavailable, "no memory for a record");
  Writer w(bytes.writable());
  // As it was read, so that the digest stays the same until the next change.
  w.u8(head.oldest_key == 0 ? first_format : format);
  w.u64(head.number);
  put(w, head.time);
  w.text(head.realm);
  w.put(head.tree);
  w.u64(head.accounts);
  w.u64(head.audit_number);
  w.put(head.audit_mac);
  w.u64(head.audit_pruned);
  w.u64(head.checkpoint_epoch);
  w.u64(head.checkpoint_number);
  put(w, head.checkpoint_time);
  w.put(head.genesis);
  w.put(head.public_key);
  w.u32(head.data_key);
  w.u32(head.keys_version);
  if (head.oldest_key != 0) w.u32(head.oldest_key);
  w.u64(head.tombstones);
  w.put(head.tombstones_digest);
  w.u64(head.grants);
  w.u64(head.erased_bodies);
  w.u8(head.trial ? 1 : 0);
  put(w, head.expires);
  put(w, head.suspended);
  w.u8(static_cast<std::uint8_t>(head.waves.size()));
  for (const Wave& wave : head.waves) {
    put(w, wave.before);
    put(w, wave.at);
    w.u8(wave.lock ? 1 : 0);
  }
  w.u32(head.session_epoch);
  if (seed == Seed::with)
    w.field(head.seed.bytes());
  else
    w.field({});
  if (!w.ok()) throw Failure(Code::internal, "a head does not fit its buffer");
  bytes.shrink(w.used());
  return bytes;
}

Expected<Head> decode_head(std::span<const std::byte> bytes) {
  Reader r(bytes);
  Head head;
  const std::uint8_t written_as = r.u8();
  head.number = r.u64();
  head.time = time_of(r);
  head.realm = r.text();
  take(r, head.tree);
  head.accounts = r.u64();
  head.audit_number = r.u64();
  take(r, head.audit_mac);
  head.audit_pruned = r.u64();
  head.checkpoint_epoch = r.u64();
  head.checkpoint_number = r.u64();
  head.checkpoint_time = time_of(r);
  take(r, head.genesis);
  take(r, head.public_key);
  head.data_key = r.u32();
  head.keys_version = r.u32();
  head.oldest_key = written_as == first_format ? 0 : r.u32();
  head.tombstones = r.u64();
  take(r, head.tombstones_digest);
  head.grants = r.u64();
  head.erased_bodies = r.u64();
  head.trial = r.u8() != 0;
  head.expires = maybe_time_of(r);
  head.suspended = maybe_time_of(r);
  const std::uint8_t waves = r.u8();
  if (waves > most_waves) return fail(Code::integrity, "the head of a realm is malformed");
  head.waves.resize(waves);
  for (Wave& wave : head.waves) {
    wave.before = time_of(r);
    wave.at = time_of(r);
    wave.lock = r.u8() != 0;
  }
  head.session_epoch = r.u32();
  const auto seed = r.field();
  const bool known = written_as == first_format || (written_as == format && head.oldest_key != 0);
  if (!r.finished() || !known || head.realm.size() > longest_name ||
      (!seed.empty() && seed.size() != seed_bytes))
    return fail(Code::integrity, "the head of a realm is malformed");
  if (!seed.empty()) {
    head.seed = Secret::copy_of(seed);
    if (!head.seed.ok()) return fail(Code::unavailable, "no memory for a key");
  }
  return head;
}

}  // namespace cred::engine
