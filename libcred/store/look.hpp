// A look at a store that leaves it as it is, of whatever version: nothing is brought up to
// date.
#pragma once

#include "store/store.hpp"

namespace cred::store {

struct Look {
  int version = 0;               // of what is stored
  int newest = 0;                // that this program knows
  std::vector<RealmRow> realms;  // with equal versions alone
};

// Throws Failure as `open` does, but for a version that is too new.
Look look(const std::string& url);

}  // namespace cred::store
