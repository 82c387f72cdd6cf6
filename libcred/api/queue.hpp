// Submissions of one event loop: a bounded line, a bounded number of threads, and a
// descriptor that is readable while an answer waits to be taken.
#pragma once

#include "api/handles.hpp"
#include "base/waiting_line.hpp"

#include <atomic>
#include <chrono>
#include <functional>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace cred::api {

class Queue {
 public:
  struct Limits {
    std::uint32_t workers;
    std::uint32_t waiting;
    std::chrono::seconds patience;
  };
  // Throws Failure (unavailable).
  explicit Queue(const Limits& limits);
  Queue(const Queue&) = delete;
  Queue& operator=(const Queue&) = delete;
  // Forgets what waits, and waits for what runs.
  ~Queue();

  int descriptor() const { return descriptor_; }
  // `source` takes turns with others; attempts on one `account` go one after another, where it
  // is not empty. Throws Failure (unavailable).
  void submit(const std::string& source, std::string account, std::uint64_t ticket,
              std::function<Answer()> work);
  // Unset: none is finished.
  std::optional<std::pair<std::uint64_t, std::unique_ptr<cred_answer>>> take();

 private:
  // All that an answer needs is there before its work begins, so that none is lost.
  struct Entry {
    std::uint64_t ticket;
    std::unique_ptr<cred_answer> answer;
  };
  struct Job {
    std::function<Answer()> work;
    std::list<Entry> entry;  // one
  };
  void work();
  void finish(Job job, Answer answer) noexcept;
  void answer_late(std::chrono::steady_clock::time_point now);

  const Limits limits_;
  int descriptor_ = -1;
  WaitingLine<Job> line_;
  std::atomic<bool> closed_{false};
  std::atomic<std::uint64_t> unnamed_{0};
  std::mutex mutex_;
  std::list<Entry> finished_;  // the descriptor is readable while it is not empty
  std::size_t expected_ = 0;   // submitted and not taken
  std::vector<std::thread> workers_;
};

}  // namespace cred::api
