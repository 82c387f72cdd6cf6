// The embedded store: one SQLite file in WAL mode, every commit synced.
#pragma once

#include "store/store.hpp"

namespace cred::store::sqlite {

std::unique_ptr<Store> open(const std::string& path);
bool create(const std::string& path, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
            const HeadRow& head);
std::unique_ptr<Store> create_scratch(const std::string& path);
std::unique_ptr<Exchange> begin_exchange(const std::string& path, const std::string& scratch);
void move_into_place(const std::string& path, const std::string& scratch,
                     const std::string& suffix);
bool exists(const std::string& path);
std::unique_ptr<Lock> lock(const std::string& path, Purpose purpose, Holding holding,
                           Waiting waiting);

}  // namespace cred::store::sqlite
