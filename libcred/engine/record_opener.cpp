#include "engine/record_opener.hpp"

#include "base/error.hpp"
#include "engine/records.hpp"

namespace cred::engine {
namespace {

constexpr std::size_t batch_rows = 512;
constexpr std::size_t most_batches = 8;

void open_all(const vault::Vault& vault, const store::AccountRow& row, Secret& buffer) {
  const auto field = [&](vault::Field which, const store::Blob& sealed) {
    return value_or_throw(
        vault.open_kept({row.id, row.name, which, row.generation}, sealed, buffer));
  };
  try {
    (void)value_or_throw(decode_credential(field(vault::Field::credential, row.credential)));
    (void)value_or_throw(decode_profile(field(vault::Field::profile, row.profile)));
    (void)value_or_throw(decode_history(field(vault::Field::history, row.history)));
  } catch (const Failure& failure) {
    throw Failure(failure.error().code,
                  "account " + to_string(row.id) + ": " + failure.error().message);
  }
}

}  // namespace

RecordOpener::RecordOpener() : thread_([this] { run(); }) {}

RecordOpener::~RecordOpener() {
  {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    waiting_.clear();
  }
  changed_.notify_all();
  thread_.join();
}

void RecordOpener::run() {
  Secret buffer;
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ended_ || !waiting_.empty(); });
    if (ended_) return;
    const Batch batch = std::move(waiting_.front());
    waiting_.pop_front();
    busy_ = true;
    lock.unlock();
    std::exception_ptr failure;
    try {
      for (const auto& row : batch.rows) open_all(*batch.vault, row, buffer);
    } catch (...) {
      failure = std::current_exception();
    }
    lock.lock();
    busy_ = false;
    if (failure && !failure_) failure_ = failure;
    changed_.notify_all();
  }
}

void RecordOpener::hand_over() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return waiting_.size() < most_batches || failure_; });
  if (failure_) std::rethrow_exception(failure_);
  if (!next_.rows.empty()) waiting_.push_back(std::exchange(next_, {}));
  changed_.notify_all();
}

void RecordOpener::open(std::shared_ptr<const vault::Vault> vault, store::AccountRow row) {
  if (next_.vault != vault && !next_.rows.empty()) hand_over();
  next_.vault = std::move(vault);
  next_.rows.push_back(std::move(row));
  if (next_.rows.size() >= batch_rows) hand_over();
}

void RecordOpener::finish() {
  hand_over();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return (waiting_.empty() && !busy_) || failure_; });
  if (failure_) std::rethrow_exception(failure_);
}

}  // namespace cred::engine
