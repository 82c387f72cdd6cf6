#include "store/look.hpp"

#include "store/driver.hpp"
#include "store/sqlite/connection.hpp"
#include "store/sqlite/schema.hpp"

#include <unistd.h>

namespace cred::store {
namespace {

// Nothing where this is no store of ours: to connect to it says what it is.
std::optional<int> version_at(const std::string& path) {
  if (access(path.c_str(), R_OK | W_OK) != 0) return std::nullopt;
  return sqlite::guarded(path, [&]() -> std::optional<int> {
    SQLite::Database database(path, SQLite::OPEN_READWRITE, 1000);
    if (database.execAndGet("PRAGMA application_id").getInt() != sqlite::application_id)
      return std::nullopt;
    return sqlite::version_of(database);
  });
}

}  // namespace

Look look(const std::string& url) {
  if (is_shared(url)) return postgres_driver().look(url);
  constexpr std::string_view scheme = "sqlite:/";
  if (!url.starts_with(scheme))
    throw Failure(Code::configuration, "store.url is '" + url + "'; it must be sqlite: and an absolute path, or postgresql://");
  const std::string path = url.substr(scheme.size() - 1);
  Look look{version_at(path).value_or(0), sqlite::newest_version(), {}};
  if (look.version > look.newest) return look;
  const auto database = sqlite::connect(path, sqlite::Mode::existing);
  return sqlite::guarded(path, [&] {
    look.version = sqlite::version_of(*database);
    if (look.version != look.newest) return look;
    SQLite::Statement query(*database, "SELECT id, name FROM realm ORDER BY name");
    while (query.executeStep()) {
      RealmRow row;
      const SQLite::Column id = query.getColumn(0);
      if (id.getBytes() != static_cast<int>(row.id.size()))
        throw Failure(Code::integrity, "the store " + path + " has a realm without an id");
      const auto* bytes = static_cast<const std::byte*>(id.getBlob());
      std::copy(bytes, bytes + row.id.size(), row.id.begin());
      row.name = query.getColumn(1).getString();
      look.realms.push_back(std::move(row));
    }
    return look;
  });
}

}  // namespace cred::store
