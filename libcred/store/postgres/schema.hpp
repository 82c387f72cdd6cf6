// The tables on a server, who may do what to them, and how an older store becomes a newer
// one. Described in docs/formats/store.md.
#pragma once

#include "store/postgres/connection.hpp"

#include <cstdint>
#include <string>

namespace cred::store::postgres {

std::int64_t newest_version();
// 0: there is none.
std::int64_t version_of(Connection& connection);
// Makes or brings up to date, in one transaction; roles are granted what is theirs if they
// are there. Two at once do it one after the other. Throws Failure.
void bring_up_to_date(Connection& connection);
// From now on whoever alters tables knows that this connection's process knows no later
// version. Throws Failure (unavailable): the store was made by a newer libcred.
void use_known(Connection& connection, const std::string& url);
// Throws Failure (unavailable): made by a newer libcred.
void must_be_known(std::int64_t version, const std::string& url);

// All of it as a script, roles included.
std::string ddl();

}  // namespace cred::store::postgres
