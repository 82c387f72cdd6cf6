#include "engine/items.hpp"

#include "base/bytes.hpp"

#include <cstring>

namespace cred::engine {
namespace {

// The place of a kind in the variant is its number in the bytes; new kinds come last.
constexpr std::uint8_t format = 1;

// As base's Writer, with a buffer that grows.
class Growing {
 public:
  explicit Growing(std::vector<std::byte>& bytes) : bytes_(bytes) {}
  void integer(std::uint64_t value, std::size_t width) {
    for (std::size_t i = width; i-- > 0;)
      bytes_.push_back(static_cast<std::byte>(value >> (8 * i) & 0xff));
  }
  void u8(std::uint8_t value) { integer(value, 1); }
  void u32(std::uint32_t value) { integer(value, 4); }
  void u64(std::uint64_t value) { integer(value, 8); }
  void time(Time time) { u64(static_cast<std::uint64_t>(time.time_since_epoch().count())); }
  void put(std::span<const std::byte> bytes) {
    bytes_.insert(bytes_.end(), bytes.begin(), bytes.end());
  }
  void field(std::span<const std::byte> bytes) {
    u32(static_cast<std::uint32_t>(bytes.size()));
    put(bytes);
  }
  void text(const std::string& text) { field(std::as_bytes(std::span(text))); }

  void write(const store::RealmRow& row) {
    put(row.id);
    text(row.name);
  }
  void write(const HeadCopy& copy) { field(copy.record); }
  void write(const store::KeyRow& key) {
    u32(key.number);
    field(key.wrapped);
    time(key.made);
    u8(key.retired ? 1 : 0);
    time(key.retired.value_or(Time{}));
  }
  void write(const RemovedKey& key) { u32(key.number); }
  void write(const store::AccountRow& row) {
    put(row.id);
    text(row.name);
    u64(row.generation);
    field(row.credential);
    field(row.profile);
    field(row.history);
    u32(row.bucket);
  }
  void write(const ErasedRow& row) {
    u32(row.member.bucket);
    put(row.member.account);
    u64(row.member.generation);
  }
  void write(const RemovedAccount& removed) { put(removed.account); }
  void write(const store::AuditRow& row) {
    u64(row.number);
    field(row.record);
    field(row.mac);
    put(row.account);
    field(row.body);
  }
  void write(const RemovedBodies& removed) {
    u32(static_cast<std::uint32_t>(removed.numbers.size()));
    for (const std::uint64_t number : removed.numbers) u64(number);
  }
  void write(const PrunedTrail& pruned) { u64(pruned.up_to); }
  void write(const store::CheckpointRow& row) {
    u64(row.number);
    field(row.record);
  }
  void write(const NamedDocument& named) {
    text(named.name);
    u64(named.document.generation);
    field(named.document.sealed);
  }
  void write(const store::Tombstone& tombstone) {
    put(tombstone.account);
    time(tombstone.erased);
    field(tombstone.mac);
  }
  void write(const store::Counter& counter) {
    const store::Attempts& a = counter.attempts;
    put(counter.subject);
    u32(a.failures);
    time(a.last_failure);
    time(a.blocked_until);
    time(a.last_success);
    u8(a.name ? 1 : 0);
    if (a.name) put(*a.name);
    field(a.label);
    u32(a.since_login);
    field(a.last_login);
  }
  void write(const RunBegins& run) { u64(run.after); }
  void write(const AddedRealm& added) {
    write(added.row);
    u32(static_cast<std::uint32_t>(added.keys.size()));
    for (const auto& key : added.keys) write(key);
    write(added.head);
  }
  void write(const ErasedRealm& erased) {
    put(erased.realm);
    time(erased.erased);
  }

 private:
  std::vector<std::byte>& bytes_;
};

class Reading {
 public:
  explicit Reading(std::span<const std::byte> bytes) : r(bytes) {}
  store::Blob blob() {
    const auto bytes = r.field();
    return {bytes.begin(), bytes.end()};
  }
  Time time() { return Time(Duration(r.i64())); }
  // One byte string for each row: nothing but 0 and 1.
  bool flag() {
    const std::uint8_t value = r.u8();
    if (value > 1) fail();
    return value == 1;
  }
  void fail() { (void)r.take(r.left() + 1); }
  template <std::size_t N>
  void array(std::array<std::byte, N>& bytes) {
    const auto taken = r.take(N);
    if (r.ok()) std::memcpy(bytes.data(), taken.data(), N);
  }

  void read(store::RealmRow& row) {
    array(row.id);
    row.name = r.text();
  }
  void read(HeadCopy& copy) { copy.record = blob(); }
  void read(store::KeyRow& key) {
    key.number = r.u32();
    key.wrapped = blob();
    key.made = time();
    const bool retired = flag();
    const Time since = time();
    if (retired) key.retired = since;
    if (!retired && since != Time{}) fail();
  }
  void read(RemovedKey& key) { key.number = r.u32(); }
  void read(store::AccountRow& row) {
    array(row.id);
    row.name = r.text();
    row.generation = r.u64();
    row.credential = blob();
    row.profile = blob();
    row.history = blob();
    row.bucket = r.u32();
  }
  void read(ErasedRow& row) {
    row.member.bucket = r.u32();
    array(row.member.account);
    row.member.generation = r.u64();
  }
  void read(RemovedAccount& removed) { array(removed.account); }
  void read(store::AuditRow& row) {
    row.number = r.u64();
    row.record = blob();
    row.mac = blob();
    array(row.account);
    row.body = blob();
  }
  void read(RemovedBodies& removed) {
    const std::uint32_t count = r.u32();
    if (count > r.left() / sizeof(std::uint64_t)) {
      fail();
      return;
    }
    removed.numbers.resize(count);
    for (std::uint64_t& number : removed.numbers) number = r.u64();
  }
  void read(PrunedTrail& pruned) { pruned.up_to = r.u64(); }
  void read(store::CheckpointRow& row) {
    row.number = r.u64();
    row.record = blob();
  }
  void read(NamedDocument& named) {
    named.name = r.text();
    named.document.generation = r.u64();
    named.document.sealed = blob();
  }
  void read(store::Tombstone& tombstone) {
    array(tombstone.account);
    tombstone.erased = time();
    tombstone.mac = blob();
  }
  void read(store::Counter& counter) {
    store::Attempts& a = counter.attempts;
    array(counter.subject);
    a.failures = r.u32();
    a.last_failure = time();
    a.blocked_until = time();
    a.last_success = time();
    if (flag()) array(a.name.emplace());
    a.label = blob();
    a.since_login = r.u32();
    a.last_login = blob();
  }
  void read(RunBegins& run) { run.after = r.u64(); }
  void read(AddedRealm& added) {
    read(added.row);
    const std::uint32_t count = r.u32();
    for (std::uint32_t i = 0; i < count && r.ok(); ++i) read(added.keys.emplace_back());
    read(added.head);
  }
  void read(ErasedRealm& erased) {
    array(erased.realm);
    erased.erased = time();
  }

  Reader r;
};

template <std::size_t Kind = 0>
bool read_kind(std::size_t kind, Reading& reading, Item& item) {
  if constexpr (Kind < std::variant_size_v<Item>) {
    if (kind != Kind) return read_kind<Kind + 1>(kind, reading, item);
    reading.read(item.emplace<Kind>());
    return true;
  } else {
    return false;
  }
}

}  // namespace

void encode(const Item& item, std::vector<std::byte>& bytes) {
  Growing growing(bytes);
  growing.u8(format);
  growing.u8(static_cast<std::uint8_t>(item.index()));
  std::visit([&](const auto& row) { growing.write(row); }, item);
}

Expected<Item> decode_item(std::span<const std::byte> bytes) {
  Reading reading(bytes);
  const std::uint8_t written_as = reading.r.u8();
  const std::uint8_t kind = reading.r.u8();
  Item item;
  if (written_as != format || !read_kind(kind, reading, item) || !reading.r.finished())
    return fail(Code::integrity, "a row of the journal or a backup is malformed");
  return item;
}

std::vector<std::byte> encode(const std::vector<Item>& items) {
  std::vector<std::byte> bytes;
  for (const Item& item : items) {
    std::vector<std::byte> one;
    encode(item, one);
    Growing(bytes).field(one);
  }
  return bytes;
}

Expected<std::vector<Item>> decode_items(std::span<const std::byte> bytes) {
  Reader r(bytes);
  std::vector<Item> items;
  while (r.ok() && r.left() > 0) {
    auto item = decode_item(r.field());
    if (!item) return tl::make_unexpected(item.error());
    items.push_back(std::move(*item));
  }
  if (!r.finished()) return fail(Code::integrity, "an entry of the journal is malformed");
  return items;
}

}  // namespace cred::engine
