#include "store/store.hpp"

#include "store/sqlite/sqlite_store.hpp"

namespace cred::store {
namespace {

std::string sqlite_path(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme) || url.size() == scheme.size() || url[scheme.size()] != '/')
    throw Failure(Code::configuration,
                  "store.url is '" + url + "'; it must be sqlite: and an absolute path");
  return url.substr(scheme.size());
}

}  // namespace

std::unique_ptr<Store> open(const std::string& url) { return sqlite::open(sqlite_path(url)); }

bool create(const std::string& url, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
            const HeadRow& head) {
  return sqlite::create(sqlite_path(url), first_realm, keys, head);
}

std::unique_ptr<Store> create_scratch(const std::string& path) {
  return sqlite::create_scratch(path);
}

std::unique_ptr<Exchange> begin_exchange(const std::string& url, const std::string& path) {
  return sqlite::begin_exchange(sqlite_path(url), path);
}

void move_into_place(const std::string& url, const std::string& path, const std::string& suffix) {
  sqlite::move_into_place(sqlite_path(url), path, suffix);
}

bool exists(const std::string& url) { return sqlite::exists(sqlite_path(url)); }

}  // namespace cred::store
