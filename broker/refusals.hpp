// Which refused requests are written down: one a minute for each uid, so that nobody
// fills the trail.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <sys/types.h>
#include <utility>

namespace cred::broker {

// Safe to use from several threads.
class Refusals {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // How many refusals of `uid` a record made now stands for; unset: none is made now.
  std::optional<unsigned> note(uid_t uid, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (last_.size() >= most && last_.count(uid) == 0) last_.clear();
    auto& last = last_[uid];
    ++last.unwritten;
    if (last.written && now < *last.written + interval) return std::nullopt;
    last.written = now;
    return std::exchange(last.unwritten, 0U);
  }

 private:
  static constexpr std::chrono::minutes interval{1};
  static constexpr std::size_t most = 1024;
  struct Last {
    std::optional<TimePoint> written;
    unsigned unwritten = 0;
  };
  std::mutex mutex_;
  std::map<uid_t, Last> last_;
};

}  // namespace cred::broker
