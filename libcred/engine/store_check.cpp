#include "engine/store_check.hpp"

#include "engine/account_tree.hpp"

namespace cred::engine {
namespace {

constexpr std::size_t page = 256;

void check_records(RealmState& state) {
  for (std::string after;;) {
    const auto rows = state.transaction().list(after, page);
    if (rows.empty()) return;
    after = rows.back().name;
    for (const auto& row : rows) {
      try {
        state.must_be_named_rightly(row);
        const Account account = state.opened(row);
        (void)state.profile(account);
        (void)state.history(account);
      } catch (const Failure& failure) {
        throw Failure(failure.error().code,
                      "account " + to_string(row.id) + ": " + failure.error().message);
      }
    }
  }
}

void check_erasures(RealmState& state) {
  vault::Mac sum{};
  std::uint64_t count = 0;
  for (const auto& tombstone : state.transaction().tombstones()) {
    const auto mac = mac_of(state.vault(), tombstone);
    for (std::size_t i = 0; i < mac.size(); ++i) sum[i] ^= mac[i];
    ++count;
  }
  if (count != state.head().tombstones || sum != state.head().tombstones_digest)
    throw Failure(Code::integrity,
                  "the erasures are not those that the realm's head tells of: " +
                      std::to_string(count) + " are there of " +
                      std::to_string(state.head().tombstones) + ", or one was altered");
}

}  // namespace

std::uint64_t check_store(RealmState& state) {
  const auto accounts =
      AccountTree(state.vault(), state.transaction()).check_all(state.head().tree);
  if (accounts != state.head().accounts)
    throw Failure(Code::integrity, "there are " + std::to_string(accounts) + " accounts, not " +
                                       std::to_string(state.head().accounts));
  check_records(state);
  check_erasures(state);
  (void)state.document(erased_bodies_document, state.head().erased_bodies);
  (void)state.document("grants", state.head().grants);
  return accounts;
}

}  // namespace cred::engine
