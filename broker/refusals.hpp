// What is written down once a minute, so that nobody fills the trail: refused requests of
// each uid, and looks of administrators at the same thing.
#pragma once

#include <chrono>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <sys/types.h>
#include <utility>

namespace cred::broker {

// Safe to use from several threads.
template <typename Key>
class OnceAMinute {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // How many of `key` a record made now stands for; unset: none is made now.
  std::optional<unsigned> note(const Key& key, TimePoint now) {
    const std::lock_guard lock(mutex_);
    if (last_.size() >= most && last_.count(key) == 0) last_.clear();
    auto& last = last_[key];
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
  std::map<Key, Last> last_;
};

using Refusals = OnceAMinute<uid_t>;
using Looks = OnceAMinute<std::string>;

}  // namespace cred::broker
