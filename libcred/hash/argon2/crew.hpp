// The cores of this process's hashes: who computes on them, and who helps whom.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <sys/types.h>
#include <thread>
#include <vector>

namespace cred::hash::argon2 {

// There are as many hashes at once as cores: more would only push one another out of the
// caches. While there are fewer, cores without a hash help those that there are; they are
// asked anew at each slice, so that whoever comes finds a core within a millisecond or two.
// Helpers are threads that sleep until they are asked. They start when the first is wanted,
// take no signals, and end with the process. Safe to use from several threads.
class Crew {
 public:
  explicit Crew(unsigned cores);
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;
  // Waits for its helpers. No hash may be under way.
  ~Crew();

  // That of the cores of this process; a forked child has another.
  static Crew& of_process();

  // Sends the helpers home, after what they do, and lets none come any more.
  void close() noexcept;

 private:
  struct Task;
  struct Helper {
    // Nothing, at work, to go home, or the address of a task that waits.
    std::atomic<std::uintptr_t> errand{0};
    bool lent = false;  // guarded by mutex_
    std::thread thread;
  };

 public:
  // A hash under way, while it lives. Waits for a core.
  class Place {
   public:
    explicit Place(Crew& crew);
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

    // How many threads may share what comes next, this one included: at most `most`, and
    // no more than the cores that are this hash's at this moment.
    unsigned threads(unsigned most);

    // Calls work(0) to work(parts - 1), each once, in those threads, and returns when all
    // are done. A helper that does not come in time is not waited for.
    template <class Work>
    void share(unsigned parts, Work& work) {
      run(
          parts, [](void* context, unsigned part) { (*static_cast<Work*>(context))(part); }, &work);
    }

   private:
    using Call = void (*)(void* context, unsigned part);
    void run(unsigned parts, Call call, void* context);
    Crew& crew_;
    std::vector<Helper*> helpers_;
  };

 private:
  static void help(Helper& helper);
  Helper* borrow();  // with mutex_; null where none can be had

  const unsigned cores_;
  const pid_t process_;
  std::mutex mutex_;
  std::condition_variable free_;
  unsigned hashes_ = 0;
  bool closed_ = false;
  std::vector<std::unique_ptr<Helper>> helpers_;
};

}  // namespace cred::hash::argon2
