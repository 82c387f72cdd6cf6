// Requests that wait for a worker: in order, fair between sources, each with a
// deadline, and no two for one account at a time.
#pragma once

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace cred {

// `Job` is movable. Safe to use from several threads.
template <typename Job>
class WaitingLine {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // At most `most` jobs wait.
  explicit WaitingLine(std::size_t most) : most_(most) {}

  // Takes `job`, or leaves it and answers false: the line is full. Sources take turns;
  // jobs of one source go in order, as far as their accounts are free. Attempts on one account wait
  // for one another in the store; here they wait without holding a worker.
  bool add(const std::string& source, std::string account, TimePoint deadline, Job& job) {
    {
      const std::lock_guard lock(mutex_);
      if (closed_ || size_ >= most_) return false;
      auto& line = lines_[source];
      if (line.empty()) turns_.push_back(source);
      line.push_back({std::move(account), deadline, std::move(job)});
      ++size_;
    }
    wake_.notify_one();
    return true;
  }

  // Takes out the last job of the source that has most, so that `source`, which has fewer
  // by two at least, may add one. Unset: no source has so many more.
  std::optional<Job> make_room(const std::string& source) {
    const std::lock_guard lock(mutex_);
    const auto own = lines_.find(source);
    const std::size_t waiting = own == lines_.end() ? 0 : own->second.size();
    const auto most = std::max_element(lines_.begin(), lines_.end(), [](auto& a, auto& b) {
      return a.second.size() < b.second.size();
    });
    if (most == lines_.end() || most->second.size() < waiting + 2) return std::nullopt;
    Job job = std::move(most->second.back().job);
    most->second.pop_back();
    --size_;
    return job;
  }

  // The next job and its account; waits for one. Unset: closed, and nothing waits.
  // `done` has to be called with the account afterwards.
  std::optional<std::pair<std::string, Job>> next() {
    std::unique_lock lock(mutex_);
    for (;;) {
      for (std::size_t i = 0; i < turns_.size(); ++i) {
        const auto line = lines_.find(turns_[i]);
        // Many people share an address: those of one account hold up no other.
        const auto free =
            std::find_if(line->second.begin(), line->second.end(), [this](const Waiting& waiting) {
              return busy_.count(waiting.account) == 0;
            });
        if (free == line->second.end()) continue;
        std::pair<std::string, Job> taken(std::move(free->account), std::move(free->job));
        busy_.insert(taken.first);
        line->second.erase(free);
        --size_;
        // To the end of the turns, or out of them.
        std::string source = std::move(turns_[i]);
        turns_.erase(turns_.begin() + static_cast<std::ptrdiff_t>(i));
        if (line->second.empty())
          lines_.erase(line);
        else
          turns_.push_back(std::move(source));
        return taken;
      }
      if (closed_ && size_ == 0) return std::nullopt;
      wake_.wait(lock);
    }
  }

  void done(const std::string& account) {
    {
      const std::lock_guard lock(mutex_);
      busy_.erase(account);
    }
    wake_.notify_all();
  }

  // Takes out what waited past its deadline.
  std::vector<Job> late(TimePoint now) {
    std::vector<Job> jobs;
    const std::lock_guard lock(mutex_);
    for (auto turn = turns_.begin(); turn != turns_.end();) {
      const auto line = lines_.find(*turn);
      while (!line->second.empty() && line->second.front().deadline <= now) {
        jobs.push_back(std::move(line->second.front().job));
        line->second.pop_front();
        --size_;
      }
      if (line->second.empty()) {
        lines_.erase(line);
        turn = turns_.erase(turn);
      } else {
        ++turn;
      }
    }
    return jobs;
  }

  // Nothing is taken any more; what waits is still given out.
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    wake_.notify_all();
  }

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return size_;
  }

 private:
  struct Waiting {
    std::string account;
    TimePoint deadline;
    Job job;
  };

  const std::size_t most_;
  mutable std::mutex mutex_;
  std::condition_variable wake_;
  std::map<std::string, std::deque<Waiting>> lines_;  // none is empty
  std::deque<std::string> turns_;                     // the sources of `lines_`
  std::set<std::string> busy_;
  std::size_t size_ = 0;
  bool closed_ = false;
};

}  // namespace cred
