#include "api/queue.hpp"

#include "base/signals_blocked.hpp"

#include <cerrno>
#include <sys/eventfd.h>
#include <system_error>
#include <unistd.h>

namespace cred::api {
namespace {

using Clock = std::chrono::steady_clock;

Answer too_much() {
  return failed(Error{Code::unavailable, "too much is waiting to be computed; try again later"});
}

}  // namespace

Queue::Queue(const Limits& limits)
    : limits_(limits), descriptor_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)), line_(limits.waiting) {
  if (descriptor_ < 0) throw Failure(Code::unavailable, "no descriptor is left for a queue");
  const SignalsBlocked during_start;
  try {
    while (workers_.size() < limits_.workers) workers_.emplace_back([this] { work(); });
  } catch (const std::system_error&) {
    // With fewer it goes slower.
  }
  if (!workers_.empty()) return;
  (void)close(descriptor_);
  throw Failure(Code::unavailable, "no thread can be started for a queue");
}

Queue::~Queue() {
  closed_ = true;
  (void)line_.late(Clock::time_point::max());
  line_.close();
  for (auto& worker : workers_) worker.join();
  (void)close(descriptor_);
}

void Queue::submit(const std::string& source, std::string account, std::uint64_t ticket,
                   std::function<Answer()> work) {
  const auto now = Clock::now();
  answer_late(now);
  if (account.empty()) account = "/" + std::to_string(unnamed_++);
  Job job{std::move(work), {}};
  job.entry.push_back({ticket, std::make_unique<cred_answer>(Answer{})});
  {
    // What nobody takes must not grow either; but a line that is full is seen to by turns.
    const std::lock_guard lock(mutex_);
    if (expected_ >= 2 * std::size_t{limits_.waiting} + limits_.workers)
      throw Failure(Code::unavailable, too_much().message);
    ++expected_;
  }
  const auto deadline = now + limits_.patience;
  bool added = false;
  try {
    added = line_.add(source, account, deadline, job);
    // Whoever fills the line does not keep the others out of it.
    if (auto displaced = added ? std::nullopt : line_.make_room(source)) {
      finish(std::move(*displaced), too_much());
      added = line_.add(source, std::move(account), deadline, job);
    }
  } catch (const std::bad_alloc&) {
    // There is no room for it either.
  }
  if (added) return;
  const std::lock_guard lock(mutex_);
  --expected_;
  throw Failure(Code::unavailable, too_much().message);
}

std::optional<std::pair<std::uint64_t, std::unique_ptr<cred_answer>>> Queue::take() {
  answer_late(Clock::now());
  const std::lock_guard lock(mutex_);
  if (finished_.empty()) return std::nullopt;
  std::pair taken(finished_.front().ticket, std::move(finished_.front().answer));
  finished_.pop_front();
  --expected_;
  std::uint64_t count = 0;
  if (finished_.empty()) (void)!read(descriptor_, &count, sizeof count);
  return taken;
}

void Queue::work() {
  while (auto next = line_.next()) {
    auto& [account, job] = *next;
    Answer answer = closed_ ? too_much() : answer_of_work(job.work);
    line_.done(account);
    finish(std::move(job), std::move(answer));
    answer_late(Clock::now());
  }
}

void Queue::finish(Job job, Answer answer) noexcept {
  job.work = nullptr;  // wipes the passwords
  static_cast<Answer&>(*job.entry.front().answer) = std::move(answer);
  const std::lock_guard lock(mutex_);
  const bool first = finished_.empty();
  finished_.splice(finished_.end(), job.entry);
  const std::uint64_t one = 1;
  if (first) (void)!write(descriptor_, &one, sizeof one);
}

void Queue::answer_late(Clock::time_point now) {
  for (auto& job : line_.late(now)) finish(std::move(job), too_much());
}

}  // namespace cred::api
