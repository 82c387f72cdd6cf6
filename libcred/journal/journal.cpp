#include "journal/journal.hpp"

#include "journal/shared.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <fcntl.h>
#include <thread>

namespace cred::journal {

void make_directory(const std::string& path) { (void)Directory::made(path); }

std::vector<std::uint64_t> segments_in(const std::vector<std::string>& names) {
  std::vector<std::uint64_t> segments;
  for (const auto& name : names)
    if (const auto number = segment_number(name)) segments.push_back(*number);
  std::sort(segments.begin(), segments.end());
  return segments;
}

SegmentReader reader_of(const Directory& directory, const Descriptor& file, std::uint64_t segment,
                        const Uuid& realm) {
  std::string path = directory.path_of(segment_name(segment));
  auto source = [&file, path](std::uint64_t at, std::span<std::byte> into) {
    return read_at(file, at, into, path);
  };
  return {std::move(source), path, segment, realm};
}

namespace {

using Visit = std::function<bool(const Entry&)>;

// Reads without the lock. A writer may meanwhile replace, remove, shorten or zero what is
// being read, so a fault is believed only if it is still there after several looks.
class Sweep {
 public:
  Sweep(const std::string& directory, const Uuid& realm, std::uint64_t after, const Visit& visit)
      : path_(directory), realm_(realm), after_(after), from_(after), visit_(visit) {}

  void run() {
    std::size_t looks = 0;
    for (;;) {
      const std::uint64_t before = after_;
      fault_.reset();
      if (pass() == Pass::finished) return;
      if (after_ != before) looks = 0;
      if (!fault_) continue;
      if (looks == pauses.size()) throw Failure(*fault_);
      std::this_thread::sleep_for(std::chrono::milliseconds(pauses[looks++]));
    }
  }

 private:
  enum class Pass { finished, again };
  static constexpr std::array<int, 4> pauses{0, 1, 1, 2};  // milliseconds

  Pass pass();
  std::optional<Pass> segment(const Directory& directory, std::uint64_t number, bool newest);
  Pass look_again(Error fault) {
    fault_ = std::move(fault);
    return Pass::again;
  }

  const std::string& path_;
  const Uuid& realm_;
  std::uint64_t after_;
  std::uint64_t from_;  // a pass begins with the segment of the next one, to find a fault again
  const Visit& visit_;
  std::optional<std::uint64_t> previous_;  // last number of the segment before, in this pass
  std::optional<Error> fault_;
};

Sweep::Pass Sweep::pass() {
  const auto directory = Directory::existing(path_);
  if (!directory) return Pass::finished;
  const auto segments = segments_in(directory->names());
  if (segments.empty()) return Pass::finished;
  previous_.reset();
  const auto beyond = std::find_if(segments.begin() + 1, segments.end(),
                                   [&](std::uint64_t first) { return first - 1 > from_; });
  auto before = beyond - 1;
  for (auto it = before; it != segments.end(); before = it++) {
    if (it != before) from_ = std::max(from_, *before - 1);
    if (const auto done = segment(*directory, *it, it + 1 == segments.end())) return *done;
  }
  from_ = std::max(from_, segments.back() - 1);
  // A listing may miss what is renamed meanwhile; and more may have been written.
  const auto now = segments_in(directory->names());
  return now.empty() || now.back() == segments.back() ? Pass::finished : Pass::again;
}

// Nothing: the next one.
std::optional<Sweep::Pass> Sweep::segment(const Directory& directory, std::uint64_t number,
                                          bool newest) {
  const std::string name = segment_name(number);
  const auto file = directory.open(name, O_RDONLY);
  if (!file)
    return look_again(
        {Code::integrity, "the journal's " + directory.path_of(name) + " is missing"});
  auto reader = reader_of(directory, file, number, realm_);
  Entry entry;
  Step step = reader.begin();
  if (step == Step::entry && previous_ && reader.header().previous != *previous_)
    return look_again(reader.fault("entries between " + std::to_string(*previous_) + " and " +
                                   std::to_string(number) + " are missing"));
  while (step == Step::entry) {
    step = reader.next(entry);
    if (step != Step::entry || entry.number <= after_) continue;
    after_ = entry.number;
    if (!visit_(entry)) return Pass::finished;
  }
  previous_ = reader.last();
  if (step == Step::damaged || (step == Step::torn && !newest)) return look_again(reader.fault());
  if (reader.last() == 0 && !newest) return look_again(reader.fault("the segment is empty"));
  // What was replaced is zeroed, which looks torn.
  if (step == Step::torn && !directory.names_file(name, file)) return Pass::again;
  return std::nullopt;
}

}  // namespace

Journal::Journal(std::string directory, const Uuid& realm, std::uint64_t segment_bytes)
    : shared_(std::make_unique<Shared>()) {
  shared_->directory = std::move(directory);
  shared_->realm = realm;
  shared_->segment_bytes = segment_bytes;
}

Journal::~Journal() = default;

void Journal::read(std::uint64_t after, const Visit& visit) const {
  Sweep(shared_->directory, shared_->realm, after, visit).run();
}

}  // namespace cred::journal
