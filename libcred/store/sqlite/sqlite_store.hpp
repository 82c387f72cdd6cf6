// The embedded store: one SQLite file in WAL mode, every commit synced.
#pragma once

#include "store/store.hpp"

namespace cred::store::sqlite {

std::unique_ptr<Store> open(const std::string& path);
bool create(const std::string& path, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
            const HeadRow& head);
bool exists(const std::string& path);

}  // namespace cred::store::sqlite
