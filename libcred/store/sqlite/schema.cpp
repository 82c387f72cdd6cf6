#include "store/sqlite/schema.hpp"

#include <array>
#include <string>

namespace cred::store::sqlite {
namespace {

// Entry N brings version N to N+1. Landed entries never change.
constexpr std::array migrations{
    R"sql(
CREATE TABLE realm (
  id          BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  name        TEXT NOT NULL UNIQUE,
  wrapped_key BLOB NOT NULL
) STRICT;

CREATE TABLE account (
  number     INTEGER PRIMARY KEY,
  realm      BLOB NOT NULL REFERENCES realm (id),
  id         BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  name       TEXT NOT NULL,
  generation INTEGER NOT NULL CHECK (generation > 0),
  credential BLOB NOT NULL,
  profile    BLOB NOT NULL,
  history    BLOB NOT NULL,
  UNIQUE (realm, name)
) STRICT;

CREATE TABLE attempts (
  realm         BLOB NOT NULL REFERENCES realm (id),
  subject       BLOB NOT NULL CHECK (length(subject) = 32),
  failures      INTEGER NOT NULL,
  last_failure  INTEGER NOT NULL,
  blocked_until INTEGER NOT NULL,
  PRIMARY KEY (realm, subject)
) STRICT, WITHOUT ROWID;
CREATE INDEX attempts_by_age ON attempts (realm, last_failure);

CREATE TABLE lease (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  realm   BLOB NOT NULL REFERENCES realm (id),
  subject BLOB NOT NULL CHECK (length(subject) = 32),
  expires INTEGER NOT NULL
) STRICT;
CREATE INDEX lease_by_subject ON lease (realm, subject);

CREATE TABLE audit (
  realm  BLOB NOT NULL REFERENCES realm (id),
  number INTEGER NOT NULL,
  record BLOB NOT NULL,
  mac    BLOB NOT NULL CHECK (length(mac) = 32),
  PRIMARY KEY (realm, number)
) STRICT, WITHOUT ROWID;
)sql",
    // Accounts have a row each now, so the index leaves out those without failures.
    R"sql(
ALTER TABLE attempts ADD COLUMN last_success INTEGER NOT NULL DEFAULT 0;
DROP INDEX attempts_by_age;
CREATE INDEX attempts_by_age ON attempts (realm, last_failure) WHERE failures > 0;
)sql",
    // Attempts are counted by source, too, and can be shown.
    R"sql(
ALTER TABLE attempts ADD COLUMN name BLOB CHECK (length(name) = 32);
ALTER TABLE attempts ADD COLUMN label BLOB NOT NULL DEFAULT x'';
CREATE INDEX attempts_by_name ON attempts (realm, name) WHERE name IS NOT NULL;
CREATE INDEX attempts_by_success ON attempts (realm, last_success) WHERE name IS NOT NULL;
)sql",
    // A login tells of the one before and of the failures since. Forgetting old sources
    // reads those that are forgotten, not every source that ever failed.
    R"sql(
DROP INDEX attempts_by_success;
CREATE INDEX attempts_by_success ON attempts (realm, last_success)
  WHERE name IS NOT NULL AND failures = 0;
ALTER TABLE attempts ADD COLUMN since_login INTEGER NOT NULL DEFAULT 0;
ALTER TABLE attempts ADD COLUMN last_login BLOB NOT NULL DEFAULT x'';
)sql",
    // Keys that rotate, a head and a tree by which old rows show, bodies of audit records
    // that can be erased, and what waits for the journal.
    R"sql(
CREATE TABLE realm_key (
  realm   BLOB NOT NULL REFERENCES realm (id),
  number  INTEGER NOT NULL,
  wrapped BLOB NOT NULL,
  made    INTEGER NOT NULL,
  retired INTEGER,
  PRIMARY KEY (realm, number)
) STRICT, WITHOUT ROWID;
INSERT INTO realm_key SELECT id, 1, wrapped_key, 0, NULL FROM realm;
ALTER TABLE realm DROP COLUMN wrapped_key;

CREATE TABLE erased_realm (
  id     BLOB NOT NULL PRIMARY KEY CHECK (length(id) = 16),
  erased INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

ALTER TABLE account ADD COLUMN bucket INTEGER NOT NULL DEFAULT -1;
CREATE INDEX account_by_bucket ON account (realm, bucket, id, generation);

CREATE TABLE head (
  realm  BLOB NOT NULL PRIMARY KEY REFERENCES realm (id),
  number INTEGER NOT NULL,
  record BLOB NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE node (
  realm    BLOB NOT NULL REFERENCES realm (id),
  level    INTEGER NOT NULL,
  position INTEGER NOT NULL,
  digests  BLOB NOT NULL,
  PRIMARY KEY (realm, level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_body (
  realm   BLOB NOT NULL REFERENCES realm (id),
  number  INTEGER NOT NULL,
  account BLOB NOT NULL CHECK (length(account) = 16),
  body    BLOB NOT NULL,
  PRIMARY KEY (realm, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE checkpoint (
  realm  BLOB NOT NULL REFERENCES realm (id),
  number INTEGER NOT NULL,
  record BLOB NOT NULL,
  PRIMARY KEY (realm, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE outbox (
  realm  BLOB NOT NULL REFERENCES realm (id),
  number INTEGER NOT NULL,
  time   INTEGER NOT NULL,
  entry  BLOB NOT NULL,
  PRIMARY KEY (realm, number)
) STRICT, WITHOUT ROWID;

CREATE TABLE tombstone (
  realm   BLOB NOT NULL REFERENCES realm (id),
  account BLOB NOT NULL CHECK (length(account) = 16),
  erased  INTEGER NOT NULL,
  mac     BLOB NOT NULL,
  PRIMARY KEY (realm, account)
) STRICT, WITHOUT ROWID;

CREATE TABLE document (
  realm      BLOB NOT NULL REFERENCES realm (id),
  name       TEXT NOT NULL,
  generation INTEGER NOT NULL,
  sealed     BLOB NOT NULL,
  PRIMARY KEY (realm, name)
) STRICT, WITHOUT ROWID;
)sql",
};

}  // namespace

int newest_version() { return static_cast<int>(migrations.size()); }

int version_of(SQLite::Database& database) {
  return database.execAndGet("PRAGMA user_version").getInt();
}

void migrate(SQLite::Database& database, int from) {
  for (int version = from; version < newest_version(); ++version)
    database.exec(migrations[static_cast<std::size_t>(version)]);
  database.exec("PRAGMA application_id = " + std::to_string(application_id));
  database.exec("PRAGMA user_version = " + std::to_string(newest_version()));
}

}  // namespace cred::store::sqlite
