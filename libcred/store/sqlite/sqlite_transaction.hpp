// One transaction on one realm's rows.
#pragma once

#include "store/sqlite/connection.hpp"
#include "store/store.hpp"

#include <span>

namespace cred::store::sqlite {

std::unique_ptr<Transaction> begin_transaction(std::shared_ptr<Pool> pool, const Uuid& realm,
                                               Access access);

// Blobs in and out. A row of the wrong length is damage.
void bind_bytes(SQLite::Statement& statement, int index, std::span<const std::byte> bytes);
Blob blob(const SQLite::Column& column);
void read(const SQLite::Column& column, std::span<std::byte> bytes);

}  // namespace cred::store::sqlite
