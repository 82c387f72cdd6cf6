#include "store/postgres/schema.hpp"

#include <array>

namespace cred::store::postgres {
namespace {

// Entry N brings version N to N+1. Landed entries never change.
// What many changes a second rewrite has room in its pages, and no foreign keys, which would
// lock the realm's row each time. Sealed values do not compress.
constexpr std::array migrations{
    R"sql(
CREATE SCHEMA IF NOT EXISTS cred;

CREATE TABLE cred.schema_version (
  version int8 PRIMARY KEY,
  applied timestamptz NOT NULL DEFAULT now()
);

CREATE TABLE cred.settings (
  only_one             boolean PRIMARY KEY DEFAULT true CHECK (only_one),
  least_audit_retention interval NOT NULL DEFAULT '30 days'
);
INSERT INTO cred.settings DEFAULT VALUES;

CREATE TABLE cred.realm (
  id   bytea PRIMARY KEY CHECK (length(id) = 16),
  name bytea NOT NULL UNIQUE
);

CREATE TABLE cred.erased_realm (
  id     bytea PRIMARY KEY CHECK (length(id) = 16),
  erased int8 NOT NULL
);

CREATE TABLE cred.realm_key (
  realm   bytea NOT NULL REFERENCES cred.realm (id),
  number  int8 NOT NULL,
  wrapped bytea NOT NULL,
  made    int8 NOT NULL,
  retired int8,
  PRIMARY KEY (realm, number)
);

CREATE TABLE cred.head (
  realm  bytea PRIMARY KEY REFERENCES cred.realm (id),
  number int8 NOT NULL,
  record bytea NOT NULL
) WITH (fillfactor = 10);

CREATE TABLE cred.node (
  realm    bytea NOT NULL,
  level    int8 NOT NULL,
  position int8 NOT NULL,
  digests  bytea NOT NULL,
  PRIMARY KEY (realm, level, position)
) WITH (fillfactor = 50);
ALTER TABLE cred.node ALTER COLUMN digests SET STORAGE PLAIN;

CREATE TABLE cred.account (
  realm      bytea NOT NULL REFERENCES cred.realm (id),
  id         bytea NOT NULL CHECK (length(id) = 16),
  name       bytea NOT NULL,
  generation int8 NOT NULL CHECK (generation > 0),
  credential bytea NOT NULL,
  profile    bytea NOT NULL,
  history    bytea NOT NULL,
  bucket     int8 NOT NULL,
  PRIMARY KEY (realm, id),
  UNIQUE (realm, name)
);
ALTER TABLE cred.account ALTER COLUMN credential SET STORAGE EXTERNAL,
  ALTER COLUMN profile SET STORAGE EXTERNAL, ALTER COLUMN history SET STORAGE EXTERNAL;
CREATE INDEX account_by_bucket ON cred.account (realm, bucket, id, generation);

CREATE TABLE cred.attempts (
  realm         bytea NOT NULL,
  subject       bytea NOT NULL CHECK (length(subject) = 32),
  failures      int8 NOT NULL,
  last_failure  int8 NOT NULL,
  blocked_until int8 NOT NULL,
  last_success  int8 NOT NULL,
  name          bytea CHECK (length(name) = 32),
  label         bytea NOT NULL,
  since_login   int8 NOT NULL,
  last_login    bytea NOT NULL,
  PRIMARY KEY (realm, subject)
) WITH (fillfactor = 70);
CREATE INDEX attempts_by_age ON cred.attempts (realm, last_failure) WHERE failures > 0;
CREATE INDEX attempts_by_name ON cred.attempts (realm, name) WHERE name IS NOT NULL;
CREATE INDEX attempts_by_success ON cred.attempts (realm, last_success)
  WHERE name IS NOT NULL AND failures = 0;

CREATE TABLE cred.lease (
  id      int8 PRIMARY KEY,
  realm   bytea NOT NULL,
  subject bytea NOT NULL CHECK (length(subject) = 32),
  expires int8 NOT NULL
) WITH (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000);
CREATE INDEX lease_by_subject ON cred.lease (realm, subject);

CREATE TABLE cred.audit (
  realm   bytea NOT NULL,
  number  int8 NOT NULL,
  record  bytea NOT NULL,
  mac     bytea NOT NULL CHECK (length(mac) = 32),
  written timestamptz NOT NULL DEFAULT now(),
  PRIMARY KEY (realm, number)
);

CREATE TABLE cred.audit_body (
  realm   bytea NOT NULL,
  number  int8 NOT NULL,
  account bytea NOT NULL CHECK (length(account) = 16),
  body    bytea NOT NULL,
  PRIMARY KEY (realm, number)
);

ALTER TABLE cred.audit_body ALTER COLUMN body SET STORAGE EXTERNAL;

CREATE TABLE cred.checkpoint (
  realm  bytea NOT NULL,
  number int8 NOT NULL,
  record bytea NOT NULL,
  PRIMARY KEY (realm, number)
);

CREATE TABLE cred.outbox (
  realm  bytea NOT NULL,
  number int8 NOT NULL,
  time   int8 NOT NULL,
  entry  bytea NOT NULL,
  PRIMARY KEY (realm, number)
);

CREATE TABLE cred.tombstone (
  realm   bytea NOT NULL REFERENCES cred.realm (id),
  account bytea NOT NULL CHECK (length(account) = 16),
  erased  int8 NOT NULL,
  mac     bytea NOT NULL,
  PRIMARY KEY (realm, account)
);

CREATE TABLE cred.document (
  realm      bytea NOT NULL REFERENCES cred.realm (id),
  name       text COLLATE "C" NOT NULL,
  generation int8 NOT NULL,
  sealed     bytea NOT NULL,
  PRIMARY KEY (realm, name)
);

-- The realm that a transaction says it is about; none: no row is seen.
CREATE FUNCTION cred.this_realm() RETURNS bytea
  LANGUAGE sql STABLE PARALLEL SAFE
  AS $$ SELECT decode(nullif(current_setting('cred.realm', true), '*'), 'hex') $$;

DO $$
DECLARE relation text;
BEGIN
  FOREACH relation IN ARRAY ARRAY['realm_key', 'head', 'node', 'account', 'attempts', 'lease',
                                  'audit', 'audit_body', 'checkpoint', 'outbox', 'tombstone',
                                  'document'] LOOP
    EXECUTE format('ALTER TABLE cred.%I ENABLE ROW LEVEL SECURITY', relation);
    EXECUTE format('ALTER TABLE cred.%I FORCE ROW LEVEL SECURITY', relation);
    EXECUTE format('CREATE POLICY this_realm ON cred.%I '
                   'USING (realm = (SELECT cred.this_realm())) '
                   'WITH CHECK (realm = (SELECT cred.this_realm()))', relation);
  END LOOP;
END $$;
-- The root key is exchanged for all realms at once.
CREATE POLICY all_realms ON cred.realm_key
  USING (current_setting('cred.realm', true) = '*');

-- The service cannot delete records of the trail; old ones may be forgotten.
CREATE FUNCTION cred.prune_audit(the_realm bytea, up_to int8) RETURNS void
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
BEGIN
  IF EXISTS (SELECT FROM cred.audit, cred.settings WHERE realm = the_realm AND number <= up_to
             AND written > now() - least_audit_retention) THEN
    RAISE insufficient_privilege USING MESSAGE =
      'records of the trail are younger than cred.settings.least_audit_retention';
  END IF;
  DELETE FROM cred.audit WHERE realm = the_realm AND number <= up_to;
END $$;
REVOKE ALL ON FUNCTION cred.prune_audit(bytea, int8) FROM PUBLIC;

-- The owner's alone: with a realm its trail goes.
CREATE FUNCTION cred.erase_realm(the_realm bytea, at int8) RETURNS boolean
  LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
  AS $$
DECLARE relation text;
BEGIN
  PERFORM set_config('cred.realm', encode(the_realm, 'hex'), true);
  FOREACH relation IN ARRAY ARRAY['account', 'attempts', 'lease', 'audit', 'audit_body',
                                  'checkpoint', 'head', 'node', 'outbox', 'tombstone',
                                  'document', 'realm_key'] LOOP
    EXECUTE format('DELETE FROM cred.%I WHERE realm = $1', relation) USING the_realm;
  END LOOP;
  DELETE FROM cred.realm WHERE id = the_realm;
  IF NOT FOUND THEN RETURN false; END IF;
  INSERT INTO cred.erased_realm (id, erased) VALUES (the_realm, at);
  RETURN true;
END $$;
REVOKE ALL ON FUNCTION cred.erase_realm(bytea, int8) FROM PUBLIC;
)sql",
};

// Roles without a login, for the accounts of people and machines to be members of.
constexpr const char* roles = R"sql(
DO $$
DECLARE role text;
BEGIN
  FOREACH role IN ARRAY ARRAY['cred_owner', 'cred_service', 'cred_auditor', 'cred_backup'] LOOP
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = role) THEN
      EXECUTE format('CREATE ROLE %I NOLOGIN', role);
    END IF;
  END LOOP;
END $$;
)sql";

constexpr const char* hand_over = R"sql(
DO $$
DECLARE thing record;
BEGIN
  ALTER SCHEMA cred OWNER TO cred_owner;
  FOR thing IN SELECT relname FROM pg_class WHERE relnamespace = 'cred'::regnamespace
               AND relkind = 'r' LOOP
    EXECUTE format('ALTER TABLE cred.%I OWNER TO cred_owner', thing.relname);
  END LOOP;
  FOR thing IN SELECT oid::regprocedure AS name FROM pg_proc
               WHERE pronamespace = 'cred'::regnamespace LOOP
    EXECUTE format('ALTER FUNCTION %s OWNER TO cred_owner', thing.name);
  END LOOP;
END $$;
)sql";

// After every version, where the roles are.
constexpr const char* grants = R"sql(
DO $$
DECLARE relation text;
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cred_service') THEN
    GRANT USAGE ON SCHEMA cred TO cred_service;
    GRANT SELECT ON cred.schema_version, cred.settings TO cred_service;
    GRANT SELECT, INSERT ON cred.realm, cred.erased_realm, cred.tombstone, cred.audit,
      cred.checkpoint TO cred_service;
    GRANT SELECT, INSERT, UPDATE ON cred.head, cred.node, cred.document TO cred_service;
    GRANT SELECT, INSERT, UPDATE, DELETE ON cred.realm_key, cred.account, cred.attempts,
      cred.lease, cred.audit_body, cred.outbox TO cred_service;
    GRANT EXECUTE ON FUNCTION cred.prune_audit(bytea, int8) TO cred_service;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cred_auditor') THEN
    GRANT USAGE ON SCHEMA cred TO cred_auditor;
    GRANT SELECT ON cred.schema_version, cred.settings, cred.realm, cred.erased_realm, cred.audit,
      cred.audit_body, cred.checkpoint TO cred_auditor;
    FOREACH relation IN ARRAY ARRAY['audit', 'audit_body', 'checkpoint'] LOOP
      EXECUTE format('DROP POLICY IF EXISTS auditor ON cred.%I', relation);
      EXECUTE format('CREATE POLICY auditor ON cred.%I FOR SELECT TO cred_auditor USING (true)',
                     relation);
    END LOOP;
  END IF;
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'cred_backup') THEN
    GRANT USAGE ON SCHEMA cred TO cred_backup;
    GRANT SELECT ON ALL TABLES IN SCHEMA cred TO cred_backup;
    GRANT SELECT ON ALL SEQUENCES IN SCHEMA cred TO cred_backup;
    FOR relation IN SELECT relname FROM pg_class
                    WHERE relnamespace = 'cred'::regnamespace AND relrowsecurity LOOP
      EXECUTE format('DROP POLICY IF EXISTS backup ON cred.%I', relation);
      EXECUTE format('CREATE POLICY backup ON cred.%I FOR SELECT TO cred_backup USING (true)',
                     relation);
    END LOOP;
  END IF;
END $$;
)sql";

std::string step(std::size_t from) {
  return std::string(migrations[from]) + "INSERT INTO cred.schema_version (version) VALUES (" +
         std::to_string(from + 1) + ");\n";
}

// Of the locks by which a process shows which version it knows.
constexpr std::int64_t presence = 1000;

// Nobody else makes or alters tables meanwhile.
constexpr const char* one_at_a_time = "SELECT pg_advisory_xact_lock(1129465156, 0);\n";

}  // namespace

std::int64_t newest_version() { return static_cast<std::int64_t>(migrations.size()); }

std::int64_t version_of(Connection& connection) {
  const auto there = connection.run(
      "SELECT count(*) FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace "
      "WHERE nspname = 'cred' AND relname = 'schema_version'");
  if (there.number(0, 0) == 0) return 0;
  const auto rows = connection.run("SELECT coalesce(max(version), 0) FROM cred.schema_version");
  return rows.number(0, 0);
}

void must_be_known(std::int64_t version, const std::string& url) {
  if (version > newest_version())
    throw Failure(Code::unavailable, "the store " + url + " has version " +
                                         std::to_string(version) + ", made by a newer libcred; " +
                                         "this one knows versions up to " +
                                         std::to_string(newest_version()) + ": upgrade it");
}

void use_known(Connection& connection, const std::string& url) {
  // Before the look: whoever makes it newer waits for no lock, but finds this one.
  (void)connection.run("SELECT 1::int8 FROM pg_advisory_lock_shared(1129465156, $1::int8::int4)",
                       Parameters().number(presence + newest_version()));
  must_be_known(version_of(connection), url);
}

namespace {

// Those who would not know what they find afterwards go first.
void must_be_alone(Connection& connection, std::int64_t version) {
  for (std::int64_t older = version; older < newest_version(); ++older) {
    const auto rows =
        connection.run("SELECT pg_try_advisory_xact_lock(1129465156, $1::int8::int4)::int4::int8",
                       Parameters().number(presence + older));
    if (rows.number(0, 0) != 1)
      throw Failure(Code::unavailable,
                    "machines with an older libcred use the store: upgrade or stop them first");
  }
}

}  // namespace

void bring_up_to_date(Connection& connection) {
  if (version_of(connection) >= newest_version()) return;
  try {
    connection.script("BEGIN");
    connection.script("SET LOCAL statement_timeout = 0");
    connection.script(one_at_a_time);
    // Somebody may have been faster.
    const auto version = static_cast<std::size_t>(version_of(connection));
    must_be_alone(connection, static_cast<std::int64_t>(version));
    std::string all;
    for (std::size_t from = version; from < migrations.size(); ++from) all += step(from);
    if (!all.empty()) connection.script(all + grants);
    connection.script("COMMIT");
  } catch (const ServerFailure& failure) {
    if (failure.sqlstate() != "42501") throw;
    throw Failure(Code::configuration,
                  failure.error().message +
                      ": let the owner of the database run what credctl init --print-ddl prints");
  }
}

std::string ddl() {
  std::string all =
      "-- The tables of libcred, version " + std::to_string(newest_version()) +
      ", and four roles without a login:\n"
      "--   cred_owner    owns them; for upgrades, erasing realms, and nothing else\n"
      "--   cred_service  what credd and credctl need every day\n"
      "--   cred_auditor  reads the trail\n"
      "--   cred_backup   reads everything, sealed as it is\n"
      "-- Run it in an empty database as a superuser, for instance\n"
      "--   credctl init --print-ddl | psql --single-transaction --set ON_ERROR_STOP=1 cred\n"
      "-- then make accounts that are members: CREATE ROLE credd LOGIN IN ROLE cred_service;\n";
  all += roles;
  for (std::size_t from = 0; from < migrations.size(); ++from) all += step(from);
  return all + hand_over + grants;
}

}  // namespace cred::store::postgres
