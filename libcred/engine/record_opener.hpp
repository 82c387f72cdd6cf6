// Opens every record of accounts beside other work, on a thread of its own.
#pragma once

#include "store/store.hpp"
#include "vault/vault.hpp"

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace cred::engine {

class RecordOpener {
 public:
  RecordOpener();
  RecordOpener(const RecordOpener&) = delete;
  RecordOpener& operator=(const RecordOpener&) = delete;
  ~RecordOpener();

  // Waits while much is to be done already. Throws the Failure (integrity) of an earlier one.
  void open(std::shared_ptr<const vault::Vault> vault, store::AccountRow row);
  // All were opened when it returns. Throws as `open`.
  void finish();

 private:
  struct Batch {
    std::shared_ptr<const vault::Vault> vault;
    std::vector<store::AccountRow> rows;
  };
  void run();
  void hand_over();

  Batch next_;
  std::mutex mutex_;  // of what follows
  std::condition_variable changed_;
  std::deque<Batch> waiting_;
  bool busy_ = false;
  bool ended_ = false;
  std::exception_ptr failure_;
  std::thread thread_;
};

}  // namespace cred::engine
