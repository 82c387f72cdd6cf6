#include "hash/argon2/crew.hpp"

#include "base/signals_blocked.hpp"

#include <algorithm>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace cred::hash::argon2 {
namespace {

// Errands that are no task's address.
constexpr std::uintptr_t nothing = 0;
constexpr std::uintptr_t at_work = 1;
constexpr std::uintptr_t go_home = 2;

// About as long as waking a thread takes: a slice is followed by the next one.
constexpr int patience = 4000;

void breathe() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waits until it is another value than `value`.
std::uintptr_t after(const std::atomic<std::uintptr_t>& errand, std::uintptr_t value) {
  for (int i = 0; i < patience; ++i) {
    const auto now = errand.load(std::memory_order_acquire);
    if (now != value) return now;
    breathe();
  }
  errand.wait(value, std::memory_order_acquire);
  return errand.load(std::memory_order_acquire);
}

}  // namespace

// Lives on the stack of the thread that shares it.
struct Crew::Task {
  std::atomic<unsigned> next{0};
  unsigned parts;
  void (*call)(void*, unsigned);
  void* context;
  void work() {
    for (unsigned part = next++; part < parts; part = next++) call(context, part);
  }
};

Crew::Crew(unsigned cores) : cores_(std::max(1U, cores)), process_(getpid()) {}

Crew::~Crew() { close(); }

Crew& Crew::of_process() {
  // Never destroyed: a hash may be under way in another thread when the process ends.
  static std::atomic<Crew*> current{nullptr};
  static const struct AtExit {
    ~AtExit() {
      Crew* crew = current.load();
      if (crew != nullptr && crew->process_ == getpid()) crew->close();
    }
  } at_exit;
  Crew* crew = current.load(std::memory_order_acquire);
  // The threads of a parent are not in its child, and its locks may be held for ever.
  if (crew != nullptr && crew->process_ == getpid()) return *crew;
  auto fresh = std::make_unique<Crew>(std::thread::hardware_concurrency());
  if (current.compare_exchange_strong(crew, fresh.get(), std::memory_order_acq_rel))
    return *fresh.release();
  return *crew;
}

void Crew::close() noexcept {
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(closed_, true)) return;
  }
  // None is added any more.
  for (const auto& helper : helpers_) {
    auto before = nothing;
    while (!helper->errand.compare_exchange_strong(before, go_home)) {
      (void)after(helper->errand, before);
      before = nothing;
    }
    helper->errand.notify_all();
    helper->thread.join();
  }
}

void Crew::help(Helper& helper) {
  for (;;) {
    auto errand = after(helper.errand, nothing);
    if (errand == go_home) return;
    // Whoever left it may have taken it back.
    if (errand == nothing || !helper.errand.compare_exchange_strong(errand, at_work)) continue;
    reinterpret_cast<Task*>(errand)->work();
    helper.errand.store(nothing, std::memory_order_release);
    helper.errand.notify_all();
  }
}

Crew::Helper* Crew::borrow() {
  if (closed_) return nullptr;
  for (const auto& helper : helpers_)
    if (!helper->lent) {
      helper->lent = true;
      return helper.get();
    }
  if (helpers_.size() + 1 >= cores_) return nullptr;
  auto helper = std::make_unique<Helper>();
  try {
    const SignalsBlocked during_start;
    helper->thread = std::thread(help, std::ref(*helper));
  } catch (const std::system_error&) {
    return nullptr;  // it goes without
  }
  helper->lent = true;
  helpers_.push_back(std::move(helper));
  return helpers_.back().get();
}

Crew::Place::Place(Crew& crew) : crew_(crew) {
  std::unique_lock lock(crew_.mutex_);
  crew_.free_.wait(lock, [&] { return crew_.hashes_ < crew_.cores_; });
  ++crew_.hashes_;
}

Crew::Place::~Place() {
  {
    const std::lock_guard lock(crew_.mutex_);
    for (Helper* helper : helpers_) helper->lent = false;
    --crew_.hashes_;
  }
  crew_.free_.notify_one();
}

unsigned Crew::Place::threads(unsigned most) {
  const std::lock_guard lock(crew_.mutex_);
  const unsigned mine = std::min(most, crew_.cores_ / crew_.hashes_);
  while (helpers_.size() >= std::max(1U, mine)) {
    helpers_.back()->lent = false;
    helpers_.pop_back();
  }
  while (helpers_.size() + 1 < mine) {
    Helper* helper = crew_.borrow();
    if (helper == nullptr) break;
    helpers_.push_back(helper);
  }
  return static_cast<unsigned>(helpers_.size()) + 1;
}

void Crew::Place::run(unsigned parts, Call call, void* context) {
  Task task{.parts = parts, .call = call, .context = context};
  const auto errand = reinterpret_cast<std::uintptr_t>(&task);
  std::size_t asked = 0;
  for (; asked < helpers_.size() && asked + 1 < parts; ++asked) {
    auto before = nothing;  // one that goes home is not asked
    if (helpers_[asked]->errand.compare_exchange_strong(before, errand))
      helpers_[asked]->errand.notify_all();
  }
  task.work();
  for (std::size_t i = 0; i < asked; ++i) {
    auto& left = helpers_[i]->errand;
    auto before = errand;
    if (left.compare_exchange_strong(before, nothing)) continue;  // it did not come
    while (left.load(std::memory_order_acquire) == at_work) (void)after(left, at_work);
  }
}

}  // namespace cred::hash::argon2
