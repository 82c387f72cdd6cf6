#include "journal/anchor.hpp"

#include "base/bytes.hpp"
#include "base/error.hpp"
#include "journal/directory.hpp"
#include "journal/segment.hpp"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <string_view>
#include <unistd.h>

namespace cred::journal {
namespace {

constexpr std::string_view magic = "CREDANCH";
constexpr std::uint32_t version = 1;
constexpr std::size_t slot_bytes = 64;
// Each in a block of its own, so that a torn one leaves the other.
constexpr std::size_t slot_distance = 4096;
constexpr std::size_t file_bytes = slot_distance + slot_bytes;

struct Slot {
  std::uint64_t counter = 0;  // the higher one counts
  Mark mark;
};
using Slots = std::array<std::optional<Slot>, 2>;
using SlotBytes = std::array<std::byte, slot_bytes>;

std::optional<Slot> decode(std::span<const std::byte> bytes) {
  Reader reader(bytes);
  const auto beginning = reader.take(magic.size());
  const std::uint32_t format = reader.u32();
  Slot slot;
  slot.counter = reader.u64();
  slot.mark.number = reader.u64();
  const auto digest = reader.take(slot.mark.digest.size());
  const std::uint32_t sum = reader.u32();
  if (!reader.finished() || format != version ||
      !std::equal(beginning.begin(), beginning.end(), std::as_bytes(std::span(magic)).begin()) ||
      sum != checksum(bytes.first(slot_bytes - checksum_bytes)))
    return std::nullopt;
  std::copy(digest.begin(), digest.end(), slot.mark.digest.begin());
  return slot;
}

SlotBytes encode(const Slot& slot) {
  SlotBytes bytes{};
  Writer writer(bytes);
  writer.put(std::as_bytes(std::span(magic)));
  writer.u32(version);
  writer.u64(slot.counter);
  writer.u64(slot.mark.number);
  writer.put(slot.mark.digest);
  writer.u32(checksum(writer.written()));
  return bytes;
}

Slots read_slots(const Descriptor& file, const std::string& path) {
  std::array<std::byte, file_bytes> bytes{};
  const std::size_t size = read_at(file, 0, bytes, path);
  const auto whole = std::span<const std::byte>(bytes).first(size);
  Slots slots;
  if (size >= slot_bytes) slots[0] = decode(whole.first(slot_bytes));
  if (size == file_bytes) slots[1] = decode(whole.last(slot_bytes));
  return slots;
}

// Which of the two counts.
std::optional<std::size_t> newer(const Slots& slots) {
  if (!slots[0] && !slots[1]) return std::nullopt;
  if (!slots[0] || !slots[1]) return slots[0] ? 0 : 1;
  return slots[1]->counter > slots[0]->counter ? 1 : 0;
}

[[noreturn]] void no_slot(const std::string& path) {
  throw Failure(Code::integrity, "the anchor " + path + " holds no whole mark");
}

void write_slot(const Descriptor& file, std::size_t which, const Slot& slot,
                const std::string& path) {
  write_at(file, which * slot_distance, encode(slot), path);
}

struct Place {
  Directory directory;
  std::string name;
};

Place place_of(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {Directory::made("."), path};
  return {Directory::made(slash == 0 ? "/" : path.substr(0, slash)), path.substr(slash + 1)};
}

// Makes the file with both slots, whole under its name from the first moment on. False
// where another was faster.
bool make(const Place& place, const Mark& mark) {
  const auto& directory = place.directory;
  lock_file(directory.descriptor(), directory.path());
  if (directory.open(place.name, O_RDONLY)) return false;
  const std::string temporary = place.name + ".new";
  const std::string path = directory.path_of(temporary);
  directory.remove(temporary);  // left by one who was killed
  const auto file = directory.create(temporary);
  if (!file) throw Failure(Code::unavailable, path + " cannot be created: it exists");
  write_slot(file, 0, {2, mark}, path);
  write_slot(file, 1, {1, mark}, path);
  if (fsync(file.get()) != 0) fail_by_errno("cannot sync " + path);
  directory.rename(temporary, place.name);
  directory.sync();
  return true;
}

// The open file under its lock, or none where `make` has just written the mark.
Descriptor locked(const Place& place, const Mark& mark) {
  for (;;) {
    auto file = place.directory.open(place.name, O_RDWR);
    if (file) {
      lock_file(file, place.directory.path_of(place.name));
      return file;
    }
    // With a description of its own, whose lock ends with it.
    if (make({Directory::made(place.directory.path()), place.name}, mark)) return file;
  }
}

}  // namespace

Anchor::Anchor(std::string path) : path_(std::move(path)) {}

std::optional<Mark> Anchor::read() const {
  const Descriptor file(open(path_.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
  if (!file && errno == ENOENT) return std::nullopt;
  if (!file) fail_by_errno("cannot open the anchor " + path_);
  auto slots = read_slots(file, path_);
  // One may be being written.
  if (!slots[0] || !slots[1]) slots = read_slots(file, path_);
  const auto which = newer(slots);
  if (!which) no_slot(path_);
  return slots[*which]->mark;
}

void Anchor::advance(const Mark& mark) {
  const auto place = place_of(path_);
  const auto file = locked(place, mark);
  if (!file) return;
  const auto slots = read_slots(file, path_);
  const auto which = newer(slots);
  if (!which) no_slot(path_);
  if (mark.number <= slots[*which]->mark.number) return;
  write_slot(file, 1 - *which, {slots[*which]->counter + 1, mark}, path_);
}

void Anchor::force(const Mark& mark) {
  const auto place = place_of(path_);
  const auto file = locked(place, mark);
  if (!file) return;
  const auto slots = read_slots(file, path_);
  const auto which = newer(slots).value_or(1);
  const std::uint64_t counter = slots[which] ? slots[which]->counter : 0;
  write_slot(file, 1 - which, {counter + 1, mark}, path_);
  // One of them is whole at any time.
  if (fdatasync(file.get()) != 0) fail_by_errno("cannot sync the anchor " + path_);
  write_slot(file, which, {counter + 2, mark}, path_);
  if (fsync(file.get()) != 0) fail_by_errno("cannot sync the anchor " + path_);
  place.directory.sync();
}

}  // namespace cred::journal
