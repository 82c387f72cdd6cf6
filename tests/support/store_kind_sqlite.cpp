#include "support/store_kind.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

namespace cred::test {

std::string new_store_url(const std::string& directory) {
  return "sqlite:" + directory + "/cred.db";
}

void keep_in(const std::string&, engine::Configuration&) {}  // beside it already

void attack(const std::string& url, const std::string& statements) {
  SQLite::Database(url.substr(url.find(':') + 1), SQLite::OPEN_READWRITE).exec(statements);
}

}  // namespace cred::test
