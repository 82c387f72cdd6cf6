#include "store/store.hpp"

#include "store/driver.hpp"
#include "store/sqlite/sqlite_store.hpp"

namespace cred::store {
namespace {

std::string sqlite_path(const std::string& url) {
  constexpr std::string_view scheme = "sqlite:";
  if (!url.starts_with(scheme) || url.size() == scheme.size() || url[scheme.size()] != '/')
    throw Failure(Code::configuration,
                  "store.url is '" + url +
                      "'; it must be sqlite: and an absolute path, or postgresql://");
  return url.substr(scheme.size());
}

[[noreturn]] void only_for_files(const std::string& what) {
  throw Failure(Code::configuration,
                what +
                    " in place is for a store in a file: restore into one (sqlite:) and "
                    "bring it to the server with credctl store copy");
}

}  // namespace

bool is_shared(const std::string& url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

std::unique_ptr<Store> open(const std::string& url) {
  return is_shared(url) ? postgres_driver().open(url) : sqlite::open(sqlite_path(url));
}

bool create(const std::string& url, const RealmRow& first_realm, const std::vector<KeyRow>& keys,
            const HeadRow& head) {
  return is_shared(url) ? postgres_driver().create(url, first_realm, keys, head)
                        : sqlite::create(sqlite_path(url), first_realm, keys, head);
}

std::unique_ptr<Store> create_scratch(const std::string& path) {
  return sqlite::create_scratch(path);
}

std::unique_ptr<Exchange> begin_exchange(const std::string& url, const std::string& path) {
  if (is_shared(url)) only_for_files("restoring");
  return sqlite::begin_exchange(sqlite_path(url), path);
}

void move_into_place(const std::string& url, const std::string& path, const std::string& suffix) {
  if (is_shared(url)) only_for_files("restoring");
  sqlite::move_into_place(sqlite_path(url), path, suffix);
}

bool exists(const std::string& url) {
  return is_shared(url) ? postgres_driver().exists(url) : sqlite::exists(sqlite_path(url));
}

std::unique_ptr<Lock> lock(const std::string& url, Purpose purpose, Holding holding,
                           Waiting waiting) {
  return is_shared(url) ? postgres_driver().lock(url, purpose, holding, waiting)
                        : sqlite::lock(sqlite_path(url), purpose, holding, waiting);
}

}  // namespace cred::store
