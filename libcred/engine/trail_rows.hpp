// Going through the rows of the trail, a page at a time: a trail may be longer than memory.
#pragma once

#include "store/store.hpp"

namespace cred::engine {

// Every row after `after` in its order. `visit` answers false to stop.
template <typename Visit>
void each_row(store::Transaction& transaction, std::uint64_t after, Visit visit) {
  constexpr std::size_t page = 1024;
  for (;;) {
    const auto rows = transaction.audit(after, page);
    for (const auto& row : rows)
      if (!visit(row)) return;
    if (rows.size() < page) return;
    after = rows.back().number;
  }
}

}  // namespace cred::engine
