// cred.h: the calls whose answers are taken later.

#include "api/queue.hpp"

#include <algorithm>
#include <thread>

using namespace cred;
using namespace cred::api;

struct cred_queue : Queue {
  using Queue::Queue;
};

namespace {

constexpr std::uint32_t most_workers = 64;
constexpr std::uint32_t most_waiting = 16'384;
constexpr std::uint32_t usual_waiting = 1024;
constexpr std::chrono::seconds usual_patience{60};

Queue::Limits limits_of(const cred_queue_options& options, const cred_library& library) {
  if (options.workers > most_workers || options.waiting > most_waiting || options.reserved != 0)
    throw Failure(Code::usage, "a queue has at most 64 workers and 16,384 waiting submissions");
  // More than fit into the budget would wait for one another's memory.
  const std::uint32_t cores = std::max(1U, std::thread::hardware_concurrency());
  const std::uint32_t usual = std::min({cores, library.hashes, most_workers});
  return {options.workers != 0 ? options.workers : usual,
          options.waiting != 0 ? options.waiting : usual_waiting,
          options.patience != 0 ? std::chrono::seconds(options.patience) : usual_patience};
}

// A std::function has to be copyable.
std::shared_ptr<const Secret> shared(const void* password, std::size_t length) {
  return std::make_shared<const Secret>(secret_of(password, length));
}

// Submits `work`, which gets the accounts, the name and the origin. It is bound to what it
// needs by value: nothing of the caller's is read later.
template <typename Work>
cred_code submit(cred_queue* queue, cred_realm* realm, const char* name, const cred_origin* origin,
                 std::uint64_t ticket, Work&& make) noexcept {
  return at_the_boundary(nullptr, [&] {
    auto& line = required(queue);
    auto& in = required(realm);
    const std::string who = required(name, "name");
    const Origin from = origin_of(origin);
    line.submit(
        from.host, in.name + '/' + who, ticket,
        [accounts = in.accounts, who, from, work = make()] { return work(*accounts, who, from); });
    return accepted();
  });
}

}  // namespace

extern "C" {

cred_code cred_queue_open(cred_library* library, const cred_queue_options* options,
                          cred_queue** queue, cred_answer** answer) {
  return at_the_boundary(answer, [&] {
    required(queue) = nullptr;
    const auto given = known(options, sizeof(cred_queue_options));
    *queue = std::make_unique<cred_queue>(limits_of(given, required(library))).release();
    return accepted();
  });
}

void cred_queue_close(cred_queue* queue) { delete queue; }

int cred_queue_descriptor(const cred_queue* queue) {
  return queue != nullptr ? queue->descriptor() : -1;
}

int cred_take(cred_queue* queue, uint64_t* ticket, cred_answer** answer) {
  if (queue == nullptr) return 0;
  auto taken = queue->take();
  if (!taken) return 0;
  if (ticket != nullptr) *ticket = taken->first;
  if (answer != nullptr) *answer = taken->second.release();
  return 1;
}

cred_code cred_submit_authenticate(cred_queue* queue, cred_realm* realm, const char* name,
                                   const void* password, size_t length, const cred_origin* origin,
                                   uint64_t ticket) {
  return submit(queue, realm, name, origin, ticket, [&] {
    return
        [secret = shared(password, length)](Accounts& accounts, const auto& who, const auto& from) {
          return accounts.authenticate(who, *secret, from);
        };
  });
}

cred_code cred_submit_check(cred_queue* queue, cred_realm* realm, const char* name,
                            const void* password, size_t length, const cred_origin* origin,
                            uint64_t ticket) {
  return at_the_boundary(nullptr, [&] {
    std::optional<std::string> who;
    if (name != nullptr) who = name;
    const Origin from = origin_of(origin);
    required(queue).submit(
        from.host, {}, ticket,
        [accounts = required(realm).accounts, who, from, secret = shared(password, length)] {
          return accounts->check(who, *secret, from);
        });
    return accepted();
  });
}

cred_code cred_submit_enrol(cred_queue* queue, cred_realm* realm, const char* name,
                            const cred_person* person, const void* password, size_t length,
                            int must_change, const cred_origin* origin, uint64_t ticket) {
  return submit(queue, realm, name, origin, ticket, [&] {
    return [secret = shared(password, length), whom = person_of(person),
            must_change](Accounts& accounts, const auto& who, const auto& from) {
      return accounts.enrol(who, whom, *secret, must_change != 0, from);
    };
  });
}

cred_code cred_submit_change(cred_queue* queue, cred_realm* realm, const char* name,
                             const void* old_password, size_t old_length, const void* new_password,
                             size_t new_length, const cred_origin* origin, uint64_t ticket) {
  return submit(queue, realm, name, origin, ticket, [&] {
    return [old = shared(old_password, old_length), next = shared(new_password, new_length)](
               Accounts& accounts, const auto& who, const auto& from) {
      return accounts.change(who, *old, *next, from);
    };
  });
}

cred_code cred_submit_reset(cred_queue* queue, cred_realm* realm, const char* name,
                            const void* password, size_t length, int must_change,
                            const cred_origin* origin, uint64_t ticket) {
  return submit(queue, realm, name, origin, ticket, [&] {
    return [secret = shared(password, length), must_change](Accounts& accounts, const auto& who,
                                                            const auto& from) {
      return accounts.reset(who, *secret, must_change != 0, from);
    };
  });
}

}  // extern "C"
