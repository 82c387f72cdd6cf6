#include "store/postgres/schema.hpp"

#include <condition_variable>
#include <mutex>
#include <unistd.h>

namespace cred::store::postgres {
namespace {

// Of one process. A server has room for some hundreds of all.
constexpr std::size_t most = 24;

}  // namespace

struct Pool::Shared {
  std::mutex mutex;
  std::condition_variable freed;
  std::vector<std::unique_ptr<Connection>> idle;
  std::size_t lent = 0;
};

Pool::Pool(const std::string& url) : target_(url), shared_(std::make_unique<Shared>()) {}
Pool::~Pool() = default;

std::unique_ptr<Connection> Pool::take(Deadline give_up) {
  {
    std::unique_lock lock(shared_->mutex);
    if (!shared_->freed.wait_until(lock, give_up, [&] { return shared_->lent < most; }))
      throw Failure(Code::unavailable,
                    "all connections to the store " + target_.url() + " are in use; try again");
    ++shared_->lent;
    while (!shared_->idle.empty()) {
      auto connection = std::move(shared_->idle.back());
      shared_->idle.pop_back();
      if (connection->usable()) return connection;
    }
  }
  try {
    auto connection = std::make_unique<Connection>(target_, give_up);
    use_known(*connection, target_.url());
    return connection;
  } catch (...) {
    put_back(nullptr);
    throw;
  }
}

void Pool::put_back(std::unique_ptr<Connection> connection) {
  const bool keep = connection && connection->usable();
  const std::lock_guard lock(shared_->mutex);
  --shared_->lent;
  if (keep) shared_->idle.push_back(std::move(connection));
  shared_->freed.notify_one();
}

}  // namespace cred::store::postgres
