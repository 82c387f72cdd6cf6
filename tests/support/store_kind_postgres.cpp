#include "support/postgres_server.hpp"
#include "support/store_kind.hpp"

#include <atomic>
#include <regex>

namespace cred::test {
namespace {

std::string name_in(const std::string& url) {
  const auto begin = url.find("@/") + 2;
  return url.substr(begin, url.find('?') - begin);
}

}  // namespace

std::string new_store_url(const std::string&) {
  static std::atomic<int> made{0};
  const std::string name = "cred_" + std::to_string(++made);
  shared_server().create(name);
  return shared_server().url(name);
}

void keep_in(const std::string& directory, engine::Configuration& configuration) {
  configuration.anchor_directory = directory + "/anchor";
  configuration.backup_directory = directory + "/backup";
  configuration.journal_directory = directory + "/journal";
}

void attack(const std::string& url, const std::string& statements) {
  // What SQLite's tongue has and this one has not.
  const std::string tongue =
      "SET search_path = cred; SET client_min_messages = warning;\n"
      "CREATE OR REPLACE FUNCTION zeroblob(n int) RETURNS bytea LANGUAGE sql AS "
      "$$ SELECT decode(repeat('00', n), 'hex') $$;\n";
  const std::regex literal("\\bx'([0-9a-f]*)'");
  (void)shared_server().sql(name_in(url),
                            tongue + std::regex_replace(statements, literal, "'\\x$1'"));
}

}  // namespace cred::test
