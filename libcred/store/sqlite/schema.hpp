// The tables, and how an older store becomes a newer one.
#pragma once

#include <SQLiteCpp/SQLiteCpp.h>

namespace cred::store::sqlite {

// "CRED" in the database's header, so that another program's file is told apart.
inline constexpr int application_id = 0x43524544;

int newest_version();
// 0: an empty database.
int version_of(SQLite::Database& database);
// Applies what is missing. The caller holds a write transaction.
void migrate(SQLite::Database& database, int from);

}  // namespace cred::store::sqlite
