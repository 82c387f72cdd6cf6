// Which store a test program tries: the same cases run on each. One of two files beside this
// one is linked.
#pragma once

#include "engine/configuration.hpp"

#include <string>

namespace cred::test {

// Where there is no store yet; `directory` is thrown away by the caller.
std::string new_store_url(const std::string& directory);
// Everything that a store of this kind keeps beside it goes to `directory`.
void keep_in(const std::string& directory, engine::Configuration& configuration);
// Statements in the store's own language, by somebody who writes to the database. Names of
// tables need no schema.
void attack(const std::string& url, const std::string& statements);

}  // namespace cred::test
